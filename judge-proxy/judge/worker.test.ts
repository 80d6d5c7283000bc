/**
 * Every job gets exactly one verdict, with the state that says what became of it: on a real ledger, against a real
 * endpoint that answers rightly, wrongly, late, never. A failure is never clean; what was not judged before a close is
 * judged after the next start.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import type { OriginHandler } from '../../test/support/origin.ts';
import type { Verdict } from '../ledger/records.ts';
import { bodyOf, captureOf } from './testing/captures.ts';
import { answering, completing, hanging, inTurn, JUDGE_KEY, startJudgeServer } from './testing/judge-server.ts';
import { JudgedLedger, judgeWith } from './testing/judged-ledger.ts';
import { RUBRIC } from './testing/judgements.ts';
import { SECRETS } from './testing/secrets.ts';

let books: JudgedLedger;

beforeEach(async () => {
  books = await JudgedLedger.open();
});

afterEach(async () => {
  await books[Symbol.asyncDispose]();
});

/** The verdict on one ordinary exchange by a judge that answers so, and how often it was asked. */
async function judgedBy(handler: OriginHandler, timeout = 10_000): Promise<Verdict & { calls: number }> {
  await using server = await startJudgeServer(handler, { timeout });
  await books.record();
  const worker = books.start(server.model);
  const verdict = await books.verdict(worker);
  await worker.close();
  return { ...verdict, calls: server.origin.seen.length };
}

describe('a judge that answers', () => {
  it('gives a verdict with all that was asked', async () => {
    const verdict = await judgedBy(judgeModelHandler());
    expect(verdict).toMatchObject({
      state: 'scored',
      decided_by: 'model',
      coverage: { level: 'full', reasons: [] },
      overall: { label: 'clean', severity: 'none', score: 0 },
      action: 'allowed',
      judge: { name: 'default', model: 'test-judge', output_mode: 'json_schema', nonce_ok: true, cache_hit: false },
      model_requested: 'gpt-5-mini',
      tokens_in: 12,
      latest_user_message: 'What is the capital of France?',
      latest_user_message_length: 30,
      context_tail_preview: 'What is the capital of France?',
      llm_error: null,
      calls: 1,
    });
    expect(verdict.criteria.map(({ id }) => id)).toEqual([
      ...RUBRIC.criteria.map(({ id }) => id),
      'judge_manipulation',
    ]);
    expect(verdict.judge_tokens?.in).toBeGreaterThan(0);
    expect(verdict.judge_cost_usd).toBeGreaterThan(0);
    expect(verdict.latency_ms).toBeGreaterThanOrEqual(0);
    expect(verdict.input_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has its verdict in ledger, log and metrics, all the same', async () => {
    await judgedBy(judgeModelHandler());
    const [verdict] = await books.verdicts();
    const lines = books.lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'verdict');
    expect(lines).toEqual([expect.objectContaining({ ...verdict })]);
    expect(books.counted).toEqual([verdict]);
  });

  it('finds what it finds, with the quote at its place', async () => {
    await using server = await startJudgeServer();
    await books.record(captureOf({ user: 'STRICTLY CONFIDENTIAL: the merger is on Monday' }));
    const verdict = await books.verdict(books.start(server.model));
    expect(verdict.overall).toEqual({ label: 'violation', severity: 'critical', score: 0.5 });
    expect(verdict).toMatchObject({ decided_by: 'model', action: 'would_block' });
    expect(verdict.criteria[0]?.evidence[0]?.place).toBe('request.messages[0].content');
  });

  it('sees exactly what the ledger keeps', async () => {
    await using server = await startJudgeServer();
    const id = await books.record();
    await books.verdict(books.start(server.model));
    const asked = JSON.parse(server.origin.seen[0]?.body.toString() ?? '') as { messages: { content: string }[] };
    expect(asked.messages[1]?.content.split('\n')[1]).toBe((await books.ledger.exchange(id))?.content);
  });
});

describe('a judge that fails', () => {
  const tampered = (change: (answer: Record<string, unknown>) => unknown) => judgeModelHandler({ tamper: change });
  const quoting = tampered((answer) => ({
    ...answer,
    judge_manipulation: { present: true, evidence: [{ place: 'request.messages[0].content', quote: 'never said' }] },
  }));

  it.each<[string, OriginHandler, string, number, boolean | null]>([
    ['refuses', completing({ message: { role: 'assistant', content: null, refusal: 'No.' } }), 'refused', 1, null],
    ['is filtered', completing({ finish_reason: 'content_filter' }, '{}'), 'refused', 1, null],
    ['writes prose', completing({}, 'All fine, nothing to see.'), 'invalid_output', 2, null],
    ['writes nothing', completing({}, ''), 'invalid_output', 2, null],
    ['is cut off', completing({ finish_reason: 'length' }, '{"nonce": "'), 'invalid_output', 2, null],
    ['returns another nonce', tampered((answer) => ({ ...answer, nonce: 'f'.repeat(32) })), 'nonce_mismatch', 1, false],
    [
      'leaves a criterion out',
      tampered((answer) => ({ ...answer, criteria: (answer.criteria as []).slice(1) })),
      'invalid_output',
      2,
      true,
    ],
    [
      'adds a criterion',
      tampered((answer) => ({ ...answer, criteria: [...(answer.criteria as []), (answer.criteria as object[])[0]] })),
      'invalid_output',
      2,
      true,
    ],
    ['adds a field', tampered((answer) => ({ ...answer, verdict: 'safe' })), 'invalid_output', 2, null],
    ['invents a quote', quoting, 'quote_mismatch', 2, true],
    [
      'has no quota',
      answering(429, { error: { message: 'x', type: 'insufficient_quota', param: null, code: 'insufficient_quota' } }),
      'provider_error',
      1,
      null,
    ],
    [
      'does not know the key',
      answering(401, { error: { message: 'x', type: 'x', param: null, code: 'invalid_api_key' } }),
      'provider_error',
      1,
      null,
    ],
    ['redirects', answering(302, '', { location: 'http://127.0.0.1:9/' }), 'provider_error', 1, null],
    ['breaks each time', answering(500, 'oops'), 'provider_error', 5, null],
  ])('%s', async (_, handler, state, calls, nonceOk) => {
    const verdict = await judgedBy(handler);
    expect(verdict).toMatchObject({
      state,
      calls,
      decided_by: 'fallback',
      overall: { label: 'undetermined', score: null },
      coverage: { level: 'partial', reasons: ['model_failed'] },
      criteria: [],
      action: 'allowed',
    });
    expect(verdict.judge?.nonce_ok).toBe(nonceOk);
    expect(verdict.llm_error === null).toBe(state !== 'provider_error');
  });

  it('hangs: one more try, then a timeout', async () => {
    // Long enough for both to arrive on a busy machine.
    expect(await judgedBy(hanging, 1_000)).toMatchObject({
      state: 'timeout',
      calls: 2,
      overall: { label: 'undetermined' },
    });
  });

  it.each([
    ['once', answering(500, '')],
    ['by its rate limit', answering(429, '', { 'retry-after-ms': '30' })],
    ['with prose', completing({}, 'fine')],
  ])('%s, and then answers', async (_, failure) => {
    expect(await judgedBy(inTurn(failure, judgeModelHandler()))).toMatchObject({ state: 'scored', calls: 2 });
  });

  it('is no reason to let something pass where the route says block', async () => {
    await using server = await startJudgeServer(completing({}, 'x'));
    await books.record();
    const verdict = await books.verdict(books.start(server.model, { onFailure: () => 'block' }));
    expect(verdict).toMatchObject({ state: 'invalid_output', action: 'would_block' });
  });
});

describe('no model', () => {
  it('rules alone judge, and coverage says so', async () => {
    await books.record();
    expect(await books.verdict(books.start(null))).toMatchObject({
      state: 'rules_only',
      decided_by: 'rule',
      coverage: { level: 'partial', reasons: ['model_not_configured'] },
      overall: { label: 'undetermined' },
      judge: { name: 'default', model: null, output_mode: null, nonce_ok: null },
      judge_tokens: null,
      latency_ms: null,
    });
  });

  it('a rule decides about what it found', async () => {
    await books.record(captureOf({ user: 'card 4111 1111 1111 1111' }));
    expect(await books.verdict(books.start(null))).toMatchObject({
      decided_by: 'rule',
      overall: { label: 'violation', severity: 'high' },
      action: 'would_block',
      rule_hits: [{ rule: 'personal_data', severity: 'high' }],
    });
  });

  it('a judge that the config no longer has is said to be missing', async () => {
    await books.record(captureOf(), { judge: 'gone' });
    expect(await books.verdict(books.start(null))).toMatchObject({ judge: null, coverage: { reasons: ['no_judge'] } });
  });
});

describe('nothing to ask about', () => {
  it.each([
    [
      'an interrupted exchange',
      () =>
        books.record(captureOf(), {
          outcome: 'interrupted',
          content: null,
          coverage: { level: 'none', reasons: ['interrupted'] },
        }),
      'interrupted',
    ],
    ['an unknown endpoint', () => books.record(captureOf({ path: '/v1/unheard-of' })), 'unparseable'],
    [
      'no content',
      () => books.record(captureOf(), { content: null, coverage: { level: 'none', reasons: ['analysis_failed'] } }),
      'unparseable',
    ],
    [
      'an unknown coding',
      () =>
        books.record(
          captureOf({
            request: bodyOf('x', { contentEncoding: 'x' }),
            response: bodyOf('x', { contentEncoding: 'x' }),
          }),
        ),
      'unparseable',
    ],
  ])('%s: no call, a verdict that says why', async (_, record, state) => {
    await using server = await startJudgeServer();
    await record();
    const verdict = await books.verdict(books.start(server.model));
    expect(verdict).toMatchObject({
      state,
      coverage: { level: 'none' },
      overall: { label: 'undetermined' },
      decided_by: 'fallback',
    });
    expect(verdict.coverage.reasons.length).toBeGreaterThan(0);
    expect(server.origin.seen).toEqual([]);
  });
});

it('gives no secret to the judge, the verdict, or the log', async () => {
  await using server = await startJudgeServer();
  for (const { text } of SECRETS)
    await books.record(captureOf({ user: `look: ${text} there`, answer: `you sent ${text}` }));
  const worker = books.start(server.model);
  await worker.idle();
  const verdicts = await books.verdicts();
  expect(verdicts).toHaveLength(SECRETS.length);
  for (const { overall, decided_by } of verdicts) expect([overall.label, decided_by]).toEqual(['violation', 'rule']);
  const asked = server.origin.seen.map(({ body }) => body.toString());
  expect(asked.join('')).toContain('[REDACTED:');
  const written = [JSON.stringify(verdicts), books.lines.join('\n'), asked.join('\n')].join('\n');
  for (const { name, secret } of SECRETS) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
      for (let at = 0; at + 10 <= form.length; at += 5) expect(written, name).not.toContain(form.slice(at, at + 10));
    }
  }
  expect(written).not.toContain(JUDGE_KEY);
});

describe('the hash of a judge', () => {
  it('says which rubric, rules and model', async () => {
    await using server = await startJudgeServer();
    const hashes = [
      judgeWith(null).hash,
      judgeWith(server.model).hash,
      judgeWith(null, ['secrets']).hash,
      judgeWith(server.model, ['secrets']).hash,
    ];
    expect(new Set(hashes).size).toBe(4);
    expect(judgeWith(null, ['secrets', 'personal_data']).hash).toBe(judgeWith(null, ['personal_data', 'secrets']).hash);
  });
});
