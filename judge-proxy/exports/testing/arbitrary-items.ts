/** Any record that the ledger can hold, for property tests: all words of the closed sets, and texts of an attacker. */

import fc from 'fast-check';
import {
  COVERAGE_REASONS,
  type ConnectionRecord,
  type ExchangeCompleted,
  type ExchangeOpened,
  JUDGE_STATES,
  MODES,
  OUTPUT_MODES,
  type Verdict,
} from '../../ledger/records.ts';
import type { Item } from '../record.ts';

/** What breaks lines, fields, terminals, pages and parsers. */
export const HOSTILE = [
  '=cmd|"/c calc"!A1',
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r\n{"injected":true}\n',
  'a","b\r\nc',
  '<script>alert(1)</script>',
  '\u001b]0;pwned\u0007\u202e',
  '\u2028\u2029\u0000',
  '\ud800 alone',
  '__proto__',
];

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE), fc.string());
const id = fc.uuid();
const ts = fc
  .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((at) => at.toISOString());
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const status = fc.integer({ min: 100, max: 999 });
const ms = fc.double({ min: 0, max: 1e9, noNaN: true });
const severity = fc.constantFrom('none', 'low', 'medium', 'high', 'critical');
const coverage = fc.record({
  level: fc.constantFrom('full', 'partial', 'none'),
  reasons: fc.uniqueArray(fc.constantFrom(...COVERAGE_REASONS), { maxLength: 4 }),
});
const llmError = fc.record({
  source: fc.constantFrom('origin', 'judge'),
  class: fc.constantFrom('transient', 'permanent', 'rate_limit', 'auth', 'quota'),
  status: maybe(status),
  code: maybe(text),
});
const port = fc.integer({ min: 1, max: 65_535 });

const opened = fc.record({
  ...{ exchange_id: id, ts, request_id: id, client: text, route: text, host: text, port },
  method: fc.oneof(fc.constantFrom('POST', 'GET', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND'), text),
  ...{ path: text, mode: fc.constantFrom(...MODES), judge: maybe(text) },
}) satisfies fc.Arbitrary<ExchangeOpened>;

const tokens = { tokens_in: maybe(count), tokens_out: maybe(count), cost_usd: maybe(ms) };
const models = { model_requested: maybe(text), model_returned: maybe(text) };
const ids = { client_request_id: maybe(text), origin_request_id: maybe(text) };
const api = fc.oneof(fc.constantFrom('openai.responses', 'anthropic.messages', 'unknown'), text);

const completed: fc.Arbitrary<ExchangeCompleted> = fc.record(
  {
    ...{ exchange_id: id, ts, status: maybe(status), api, streamed: fc.boolean(), ...ids, ...models, ...tokens },
    outcome: fc.constantFrom('complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked'),
    error_code: maybe(fc.constantFrom('origin_timeout', 'blocked_by_judge')),
    ...{ request_bytes: count, response_bytes: count, first_byte_ms: maybe(ms), duration_ms: ms },
    ...{ coverage, llm_error: maybe(llmError), content_sha256: maybe(hash) },
    ...{ response_id: text, previous_response_id: text, conversation_id: text },
  },
  {
    requiredKeys: [
      ...(['exchange_id', 'ts', 'status', 'api', 'streamed', 'client_request_id', 'origin_request_id'] as const),
      ...(['model_requested', 'model_returned', 'tokens_in', 'tokens_out', 'cost_usd', 'outcome'] as const),
      ...(['error_code', 'request_bytes', 'response_bytes', 'first_byte_ms', 'duration_ms', 'coverage'] as const),
      ...(['llm_error', 'content_sha256'] as const),
    ],
  },
) as fc.Arbitrary<ExchangeCompleted>;

const criterion = fc.record({
  ...{ id: fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/), score: fc.integer({ min: 0, max: 4 }), threshold: fc.nat(4) },
  ...{ label: fc.constantFrom('pass', 'violation'), severity, explanation: text },
  evidence: fc.array(fc.record({ place: text, quote: text }), { maxLength: 2 }),
});
const ruleHit = fc.record({
  rule: fc.constantFrom('secrets', 'personal_data'),
  version: text,
  place: text,
  preview: text,
  severity,
});
const judge = fc.record({
  ...{ name: text, hash, model: maybe(text), rubric_hash: hash, output_mode: maybe(fc.constantFrom(...OUTPUT_MODES)) },
  ...{ nonce_ok: maybe(fc.boolean()), cache_hit: fc.boolean(), escalated_from: maybe(text) },
});

const verdict = fc.record({
  ...{ verdict_id: id, exchange_id: id, ts, request_id: id, ...ids, client: text, route: text, host: text, api },
  ...{ ...models, streamed: fc.boolean(), status: maybe(status), judge: maybe(judge), input_sha256: maybe(hash) },
  sampling_probability: fc.double({ min: 0, max: 1, noNaN: true }),
  decided_by: fc.constantFrom('rule', 'model', 'fallback', 'human'),
  ...{ state: fc.constantFrom(...JUDGE_STATES), coverage, criteria: fc.array(criterion, { maxLength: 3 }) },
  rule_hits: fc.array(ruleHit, { maxLength: 2 }),
  overall: fc.record({
    label: fc.constantFrom('clean', 'violation', 'undetermined'),
    ...{ severity, score: maybe(fc.double({ min: 0, max: 1, noNaN: true })) },
  }),
  ...{ mode: fc.constantFrom(...MODES), release: maybe(fc.constantFrom('cleared', 'eager')), windows: fc.nat(99) },
  ...{ subject: fc.constantFrom('request', 'exchange') },
  action: fc.constantFrom('allowed', 'would_block', 'blocked', 'cut'),
  ...{ latency_ms: maybe(ms), judge_tokens: maybe(fc.record({ in: count, out: count })), judge_cost_usd: maybe(ms) },
  ...{ ...tokens, latest_user_message: maybe(text), latest_user_message_length: maybe(count) },
  ...{ context_tail_preview: maybe(text), llm_error: maybe(llmError), seq: fc.integer({ min: 1, max: 2 ** 40 }) },
  ...{ prev_hash: hash, hash },
}) as fc.Arbitrary<Verdict>;

const connection = fc.record({
  ...{ connection_id: id, ts, request_id: id, client: text, route: maybe(text), host: text, port },
  action: fc.constantFrom('tunnel', 'terminate', 'deny'),
  ...{ error_code: maybe(fc.constantFrom('route_denied', 'origin_timeout')), reason: maybe(text) },
  ...{ bytes_up: count, bytes_down: count, duration_ms: ms },
}) as fc.Arbitrary<ConnectionRecord>;

export const verdictItem: fc.Arbitrary<Extract<Item, { subject: 'verdicts' }>> = fc
  .record({ record: verdict, opened: maybe(opened), completed: maybe(completed) })
  .map((item) => ({ subject: 'verdicts', seq: item.record.seq, ...item }));

export const exchangeItem: fc.Arbitrary<Extract<Item, { subject: 'exchanges' }>> = fc
  .record({ opened, completed, opened_seq: fc.nat(), completed_seq: fc.nat() })
  .map((record) => ({ subject: 'exchanges', seq: record.completed_seq, record }));

const connectionItem: fc.Arbitrary<Extract<Item, { subject: 'connections' }>> = fc
  .record({ record: connection, seq: fc.nat() })
  .map(({ record, seq }) => ({ subject: 'connections', seq, record: { ...record, seq } }));

export const anyItem: fc.Arbitrary<Item> = fc.oneof(verdictItem, exchangeItem, connectionItem);
