/**
 * Contract of mode `observe`: the opening record says who asked what of whom, the completing one what was seen and read;
 * a job or a verdict goes with it; nothing that fails behind the client's back takes its answer away, and all of it leaves
 * a trace.
 */

import { expect, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import type { Content } from '../ledger/ledger.ts';
import type { ExchangeCompleted } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import type { AtOnce } from './observe.ts';
import { END, ROUTE, START, setUp } from './testing/observed.ts';

test('the opening record says who asked what of whom, without the query', async () => {
  const { recorder, kept } = setUp();
  const exchange = recorder.begin(START);
  await exchange.committed;
  expect(kept.opened).toEqual([
    {
      exchange_id: exchange.exchangeId,
      ts: '2026-02-03T04:05:06.789Z',
      request_id: 'r1',
      client: 'address:10.0.0.7',
      route: 'openai',
      host: 'api.test',
      port: 443,
      method: 'POST',
      path: '/v1/chat/completions',
      mode: 'observe',
      judge: 'default',
    },
  ]);
});

test('the completing record joins what was seen with what was read, and a job goes with it', async () => {
  const { recorder, kept } = setUp();
  const exchange = recorder.begin(START);
  await exchange.finish(END);
  expect(kept.captures[0]).toMatchObject({ exchangeId: 'id1', path: START.path, status: 200, clientAborted: false });
  expect(kept.judges).toEqual(['default']);
  expect(kept.completed).toEqual([
    [
      {
        exchange_id: 'id1',
        ts: '2026-02-03T04:05:06.789Z',
        outcome: 'complete',
        error_code: null,
        status: 200,
        api: 'openai.chat_completions',
        streamed: true,
        client_request_id: 'c1',
        origin_request_id: 'o1',
        model_requested: 'gpt-5-mini',
        model_returned: 'gpt-5-mini-2025',
        tokens_in: 10,
        tokens_out: 20,
        cost_usd: 0.5,
        request_bytes: 3,
        response_bytes: 4,
        first_byte_ms: 5,
        duration_ms: 6,
        coverage: { level: 'full', reasons: [] },
        llm_error: null,
        content_sha256: 'abc',
        recording: 'redacted',
      },
      { json: '{}', sha256: 'abc' },
      { exchange_id: 'id1', judge: 'default' },
    ],
  ]);
  expect(kept.priced).toMatchObject([{ model: 'gpt-5-mini-2025', tokens_in: 10, tokens_out: 20, tokens_cached: 4 }]);
  expect(kept.counted).toBe(1);
});

/** Judges everything at once, and keeps what it was asked and what was to be written. */
function atOnce(fault?: Error) {
  const asked: unknown[][] = [];
  const written: [ExchangeCompleted, Content | null, string][] = [];
  const counted: string[] = [];
  const verdict = sampleVerdict('id1', { verdict_id: 'v1' });
  const judging: AtOnce = {
    judge: (opened, completed, summary) => {
      asked.push([opened.exchange_id, completed.coverage.level, summary?.latest_user_message]);
      return opened.judge === null ? null : verdict;
    },
    ledger: {
      completeJudged: async (record, content, { verdict_id }) => {
        if (fault) throw fault;
        written.push([record, content, verdict_id]);
        return { ...verdict, seq: 3, prev_hash: 'p', hash: 'h' };
      },
    },
    counted: ({ verdict_id, seq }) => void counted.push(`${verdict_id} ${seq}`),
  };
  return { asked, written, counted, judging };
}

test('a verdict that waits for nobody is written with the record, without a job; then logged and counted', async () => {
  const { asked, written, counted, judging } = atOnce();
  const { recorder, kept } = setUp({}, { atOnce: judging });
  await recorder.begin(START).finish(END);
  expect(asked).toEqual([['id1', 'full', 'hi']]);
  expect(written).toMatchObject([[{ exchange_id: 'id1' }, { sha256: 'abc' }, 'v1']]);
  expect(kept).toMatchObject({ completed: [], counted: 1, lines: ['verdict v1'] });
  expect(counted).toEqual(['v1 3']);
});

test('one that cannot be written is a gap like any other, and is nowhere called a verdict', async () => {
  const { counted, judging } = atOnce(new ProxyError('ledger_unavailable'));
  const { recorder, kept } = setUp({}, { atOnce: judging });
  await recorder.begin(START).finish(END);
  expect(kept).toMatchObject({ gaps: 1, counted: 0, lines: ['ledger_gap'] });
  expect(counted).toEqual([]);
});

test('what cannot be judged at once becomes a job', async () => {
  const { written, judging } = atOnce();
  const { recorder, kept } = setUp({}, { atOnce: { ...judging, judge: () => null } });
  await recorder.begin(START).finish(END);
  expect(written).toEqual([]);
  expect(kept.completed[0]?.[2]).toEqual({ exchange_id: 'id1', judge: 'default' });
});

test('a route without a judge is recorded without a job', async () => {
  const { recorder, kept } = setUp();
  const { judge: _judge, ...route } = ROUTE;
  await recorder.begin({ ...START, route }).finish(END);
  expect(kept.opened[0]?.judge).toBeNull();
  expect(kept.completed[0]?.[2]).toBeNull();
});

test('a client that went away is told apart from an origin that failed', async () => {
  const { recorder, kept } = setUp();
  await recorder.begin(START).finish({ ...END, outcome: 'client_aborted' });
  await recorder.begin(START).finish({ ...END, outcome: 'origin_failed', errorCode: 'origin_reset', status: null });
  expect(kept.captures.map((capture) => [capture.clientAborted, capture.errorCode])).toEqual([
    [true, null],
    [false, 'origin_reset'],
  ]);
});

test('an analysis that fails leaves a record that says so, never one that looks judged', async () => {
  const { recorder, kept } = setUp({ analyse: new Error('worker died') });
  await recorder.begin(START).finish(END);
  expect(kept.completed[0]?.[0]).toMatchObject({
    api: 'unknown',
    coverage: { level: 'none', reasons: ['analysis_failed'] },
    content_sha256: null,
  });
  expect(kept.completed[0]?.[2]).toEqual({ exchange_id: 'id1', judge: 'default' });
  expect(kept.lines).toEqual(['analysis_failed']);
});

test('an opening that cannot be written is told to the caller, who must not send', async () => {
  const { recorder } = setUp({ open: new ProxyError('ledger_unavailable') });
  await expect(recorder.begin(START).committed).rejects.toMatchObject({ code: 'ledger_unavailable' });
});

test('an end that cannot be written holds nothing up, and leaves a trace', async () => {
  const { recorder, kept } = setUp({ complete: new ProxyError('ledger_unavailable') });
  await recorder.begin(START).finish(END);
  expect(kept).toMatchObject({ gaps: 1, counted: 0, lines: ['ledger_gap'] });
});

test('what was answered by us or relayed unread is a line of its own', async () => {
  const { recorder, kept } = setUp();
  const what = {
    requestId: 'r1',
    client: 'c',
    route: 'openai',
    host: 'h',
    port: 443,
    bytesUp: 1,
    bytesDown: 2,
    durationMs: 3,
  };
  recorder.unjudged({ ...what, action: 'deny', code: 'name_mismatch', reason: 'host' });
  expect(kept.connections).toEqual([
    {
      connection_id: 'id1',
      ts: '2026-02-03T04:05:06.789Z',
      request_id: 'r1',
      client: 'c',
      route: 'openai',
      host: 'h',
      port: 443,
      action: 'deny',
      error_code: 'name_mismatch',
      reason: 'host',
      bytes_up: 1,
      bytes_down: 2,
      duration_ms: 3,
    },
  ]);
});

test('and counted as a gap when it cannot be kept', async () => {
  const { recorder, kept } = setUp({ connection: new Error('full') });
  recorder.unjudged({
    requestId: 'r',
    client: 'c',
    route: 'x',
    host: 'h',
    port: 1,
    action: 'tunnel',
    code: null,
    reason: null,
    bytesUp: 0,
    bytesDown: 0,
    durationMs: 0,
  });
  await Promise.resolve();
  await Promise.resolve();
  expect(kept.gaps).toBe(1);
});
