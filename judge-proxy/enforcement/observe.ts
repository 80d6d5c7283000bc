/**
 * Mode `observe`: the response is delivered as it comes and judged afterwards. What the client waits for is one thing:
 * its last byte comes after the record of the exchange is committed.
 */

import type { Capture } from '../exchange/capture.ts';
import { failedAnalysis } from '../judge/analysis-messages.ts';
import type { Analyser, Analysis } from '../judge/input.ts';
import type { JudgeWithoutModel } from '../judge/without-model.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, Verdict } from '../ledger/records.ts';
import { type Clock, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { ExchangeEnd, ExchangeStart, RecordedExchange, Recorder, Unjudged } from './recorder.ts';
import { storedPath } from './stored-path.ts';

/** Tokens of one exchange and the model that they are priced by. */
export interface Usage {
  readonly model: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly tokens_cached: number | null;
}

export interface RecorderMetrics {
  /** The completing record of an exchange is committed. */
  exchange(record: ExchangeCompleted, opened: ExchangeOpened): void;
  /** A completing record could not be written: the exchange stays open in the ledger, to be found by `recover`. */
  ledgerGap(): void;
}

/** Verdicts that wait for nobody: committed with the record of their exchange, without a job. */
export interface AtOnce {
  readonly judge: JudgeWithoutModel;
  readonly ledger: Pick<Ledger, 'completeJudged'>;
  /** A verdict is committed. */
  counted(verdict: Verdict): void;
}

export interface ObserveOptions {
  readonly ledger: Pick<Ledger, 'open' | 'complete' | 'connection'>;
  readonly analyser: Pick<Analyser, 'analyse'>;
  /** Without it every exchange that has a judge becomes a job. */
  readonly atOnce?: AtOnce;
  /** US dollars, null when the model's price is not known. */
  readonly cost: (usage: Usage) => number | null;
  readonly log: Log;
  readonly metrics: RecorderMetrics;
  readonly clock: Clock;
  readonly newId: () => string;
}

export function createRecorder(options: ObserveOptions): Recorder {
  return {
    begin: (start) => begin(options, start),
    unjudged: (what) => recordUnjudged(options, what),
  };
}

function begin(options: ObserveOptions, start: ExchangeStart): RecordedExchange {
  const { ledger, clock } = options;
  const opened: ExchangeOpened = {
    exchange_id: options.newId(),
    ts: timestamp(clock),
    request_id: start.requestId,
    client: start.client,
    route: start.route.name,
    host: start.host,
    port: start.port,
    method: start.method,
    path: storedPath(start.path),
    mode: start.route.mode,
    judge: start.route.judge ?? null,
  };
  return {
    exchangeId: opened.exchange_id,
    committed: ledger.open(opened),
    holdsRequest: false,
    clearRequest: () => Promise.resolve(null),
    gate: () => null,
    finish: async (end) => {
      await finish(options, opened, start, end);
      return { kind: 'deliver', rest: [] };
    },
  };
}

async function finish(
  options: ObserveOptions,
  opened: ExchangeOpened,
  start: ExchangeStart,
  end: ExchangeEnd,
): Promise<void> {
  const analysis = await analyse(options, opened, start, end);
  const record = completed(options, opened, end, analysis);
  let verdict: Verdict | null;
  try {
    verdict = await commit(options, opened, record, analysis);
  } catch {
    // The ledger has logged its cause. In `observe` a response is never taken back: the exchange stays open in the
    // ledger and becomes `interrupted` at the next start, so that it is not lost from sight.
    options.metrics.ledgerGap();
    options.log.write('error', 'ledger_gap', {
      exchange_id: opened.exchange_id,
      request_id: opened.request_id,
      route: opened.route,
      code: 'ledger_unavailable',
    });
    return;
  }
  options.metrics.exchange(record, opened);
  if (verdict === null) return;
  options.log.verdict({ ...verdict });
  options.atOnce?.counted(verdict);
}

/** @returns the verdict when it is committed, too */
async function commit(
  { ledger, atOnce }: ObserveOptions,
  opened: ExchangeOpened,
  record: ExchangeCompleted,
  { content, summary }: Analysis,
): Promise<Verdict | null> {
  const judged = atOnce?.judge(opened, record, summary) ?? null;
  if (atOnce === undefined || judged === null) {
    const { exchange_id, judge } = opened;
    await ledger.complete(record, content, judge === null ? null : { exchange_id, judge });
    return null;
  }
  return atOnce.ledger.completeJudged(record, content, judged);
}

async function analyse(
  options: ObserveOptions,
  opened: ExchangeOpened,
  start: ExchangeStart,
  end: ExchangeEnd,
): Promise<Analysis> {
  try {
    const capture: Capture = {
      exchangeId: opened.exchange_id,
      host: opened.host,
      method: opened.method,
      path: start.path,
      status: end.status,
      request: end.request,
      response: end.response,
      errorCode: end.errorCode,
      clientAborted: end.outcome === 'client_aborted',
    };
    return await options.analyser.analyse(capture, opened.judge);
  } catch {
    // Traffic cannot cause this; a dead analysis worker can. Nothing was read, and the record says so.
    options.log.write('error', 'analysis_failed', { exchange_id: opened.exchange_id, route: opened.route });
    return failedAnalysis();
  }
}

function completed(
  options: ObserveOptions,
  opened: ExchangeOpened,
  end: ExchangeEnd,
  analysis: Analysis,
): ExchangeCompleted {
  return {
    exchange_id: opened.exchange_id,
    ts: timestamp(options.clock),
    outcome: end.outcome,
    error_code: end.errorCode,
    status: end.status,
    api: analysis.api,
    streamed: analysis.streamed,
    client_request_id: end.clientRequestId,
    origin_request_id: end.originRequestId,
    model_requested: analysis.model_requested,
    model_returned: analysis.model_returned,
    tokens_in: analysis.tokens_in,
    tokens_out: analysis.tokens_out,
    cost_usd: options.cost({ ...analysis, model: analysis.model_returned ?? analysis.model_requested }),
    request_bytes: end.request.total,
    response_bytes: end.response.total,
    first_byte_ms: end.firstByteMs,
    duration_ms: end.durationMs,
    coverage: analysis.coverage,
    llm_error: analysis.llm_error,
    content_sha256: analysis.content?.sha256 ?? null,
  };
}

function recordUnjudged(options: ObserveOptions, what: Unjudged): void {
  const record = {
    connection_id: options.newId(),
    ts: timestamp(options.clock),
    request_id: what.requestId,
    client: what.client,
    route: what.route,
    host: what.host,
    port: what.port,
    action: what.action,
    error_code: what.code,
    reason: what.reason,
    bytes_up: what.bytesUp,
    bytes_down: what.bytesDown,
    duration_ms: what.durationMs,
  } as const;
  // The ledger counts and logs its own failures; nobody waits for this record.
  options.ledger.connection(record).catch(() => options.metrics.ledgerGap());
}
