/** A recorder of mode `observe` whose surroundings only keep what they are told. */

import { routeConfig } from '../../config/testing/route.ts';
import type { Capture, CapturedBody } from '../../exchange/capture.ts';
import type { Analysis } from '../../judge/input.ts';
import type { Content, NewJob } from '../../ledger/ledger.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened } from '../../ledger/records.ts';
import { createRecorder } from '../create-recorder.ts';
import type { Usage } from '../exchange-records.ts';
import type { ObserveOptions } from '../observe.ts';
import type { ExchangeEnd, ExchangeStart } from '../recorder.ts';

export const ROUTE = routeConfig({
  name: 'openai',
  hosts: ['api.test'],
  ports: [443],
  action: 'terminate',
  judge: 'default',
  mode: 'observe',
  on_judge_failure: 'review',
});

export const START: ExchangeStart = {
  requestId: 'r1',
  client: 'address:10.0.0.7',
  route: ROUTE,
  host: 'api.test',
  port: 443,
  method: 'POST',
  path: '/v1/chat/completions?api-key=secret',
};

const body = (total: number): CapturedBody => ({
  bytes: new Uint8Array(total),
  total,
  cut: null,
  ended: true,
  contentType: null,
  contentEncoding: null,
});

export const END: ExchangeEnd = {
  outcome: 'complete',
  errorCode: null,
  status: 200,
  clientRequestId: 'c1',
  originRequestId: 'o1',
  request: body(3),
  response: body(4),
  firstByteMs: 5,
  durationMs: 6,
};

const ANALYSIS: Analysis = {
  api: 'openai.chat_completions',
  streamed: true,
  model_requested: 'gpt-5-mini',
  model_returned: 'gpt-5-mini-2025',
  tokens_in: 10,
  tokens_out: 20,
  tokens_cached: 4,
  coverage: { level: 'full', reasons: [] },
  llm_error: null,
  content: { json: '{}', sha256: 'abc' },
  summary: {
    rule_hits: [],
    latest_user_message: 'hi',
    latest_user_message_length: 2,
    context_tail_preview: 'hi',
  },
  ids: { client: 'c1', origin: 'o1' },
  analysis_ms: 1,
};

/** What came out of the recorder. */
export interface Kept {
  opened: ExchangeOpened[];
  completed: [ExchangeCompleted, Content | null, NewJob | null][];
  connections: ConnectionRecord[];
  captures: Capture[];
  /** Whose rules were asked for, one for each capture. */
  judges: (string | null)[];
  priced: Usage[];
  lines: string[];
  gaps: number;
  counted: number;
}

export interface Faults {
  open?: Error;
  complete?: Error;
  connection?: Error;
  analyse?: Error;
}

/** @param faults what fails from the start */
export function setUp(faults: Faults = {}, more: Partial<ObserveOptions> = {}) {
  const kept: Kept = {
    opened: [],
    completed: [],
    connections: [],
    captures: [],
    judges: [],
    priced: [],
    lines: [],
    gaps: 0,
    counted: 0,
  };
  let ids = 0;
  const recorder = createRecorder({
    ledger: {
      open: async (record) => {
        kept.opened.push(record);
        if (faults.open) throw faults.open;
      },
      complete: async (record, content, job) => {
        if (faults.complete) throw faults.complete;
        kept.completed.push([record, content, job]);
      },
      earlier: async () => null,
      connection: async (record) => {
        if (faults.connection) throw faults.connection;
        kept.connections.push(record);
      },
    },
    analyser: {
      analyse: async (capture, judge) => {
        kept.captures.push(capture);
        kept.judges.push(judge);
        if (faults.analyse) throw faults.analyse;
        return ANALYSIS;
      },
    },
    cost: (usage) => {
      kept.priced.push(usage);
      return 0.5;
    },
    log: {
      write: (_level, event) => void kept.lines.push(event),
      verdict: ({ verdict_id }) => void kept.lines.push(`verdict ${verdict_id}`),
      flush: () => {},
    },
    metrics: {
      exchange: () => {
        kept.counted += 1;
      },
      ledgerGap: () => {
        kept.gaps += 1;
      },
    },
    clock: { now: () => Date.parse('2026-02-03T04:05:06.789Z'), monotonic: () => 0 },
    newId: () => {
      ids += 1;
      return `id${ids}`;
    },
    ...more,
  });
  return { recorder, kept };
}
