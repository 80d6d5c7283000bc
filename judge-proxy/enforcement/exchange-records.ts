/** The records of one exchange, from what forwarding knows and what the analysis read. The same in every mode. */

import type { Capture } from '../exchange/capture.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';
import { failedAnalysis } from '../judge/analysis-messages.ts';
import { recordedLinks, resolveContext } from '../judge/context.ts';
import type { Analyser, Analysis } from '../judge/input.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ConnectionRecord, Coverage, ExchangeCompleted, ExchangeOpened, Verdict } from '../ledger/records.ts';
import { type Clock, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { ExchangeEnd, ExchangeStart, Unjudged } from './recorder.ts';
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

/** What every mode needs to write records. */
export interface RecordingParts {
  readonly ledger: Pick<Ledger, 'open' | 'complete' | 'connection' | 'earlier'>;
  readonly analyser: Pick<Analyser, 'analyse'>;
  /** US dollars, null when the model's price is not known. */
  readonly cost: (usage: Usage) => number | null;
  readonly log: Log;
  readonly metrics: RecorderMetrics;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Takes secrets out of a path before it is recorded: it is, before any analysis. */
  readonly redactPath?: (path: string, exchangeId: string, headers: readonly SecretHeader[]) => string;
}

export function openedRecord(parts: RecordingParts, start: ExchangeStart): ExchangeOpened {
  const { newId, clock, redactPath } = parts;
  const exchangeId = newId();
  return {
    exchange_id: exchangeId,
    ts: timestamp(clock),
    request_id: start.requestId,
    client: start.client,
    route: start.route.name,
    host: start.host,
    port: start.port,
    method: start.method,
    path: storedPath(redactPath?.(start.path, exchangeId, start.secretHeaders ?? []) ?? start.path),
    mode: start.route.mode,
    judge: start.route.judge ?? null,
  };
}

/** What the judge did to an exchange, where that is why something of it is missing. */
export type CaptureMarks = Pick<Capture, 'requestOnly' | 'beforeWindows' | 'stopped' | 'notHeld' | 'seal'>;

type AnalysedEnd = Omit<ExchangeEnd, 'firstByteMs' | 'durationMs'>;

/** Never rejects: what could not be analysed says so. */
export async function analyse(
  { analyser, ledger, log }: Pick<RecordingParts, 'analyser' | 'ledger' | 'log'>,
  opened: ExchangeOpened,
  { path, route, secretHeaders = [] }: Pick<ExchangeStart, 'path' | 'route' | 'secretHeaders'>,
  end: AnalysedEnd,
  marks: CaptureMarks = {},
): Promise<Analysis> {
  try {
    const capture: Capture = {
      exchangeId: opened.exchange_id,
      host: opened.host,
      method: opened.method,
      path,
      status: end.status,
      request: end.request,
      response: end.response,
      errorCode: end.errorCode,
      clientAborted: end.outcome === 'client_aborted',
      recording: route.recording,
      seal: route.seal && marks.requestOnly !== true,
      secretHeaders: [...secretHeaders, ...(end.secretHeaders ?? [])],
      ids: { client: end.clientRequestId, origin: end.originRequestId },
      ...marks,
    };
    const analysis = await analyser.analyse(capture, opened.judge);
    return await resolveContext(analysis, opened, ledger, undefined, route.recording);
  } catch {
    // Traffic cannot cause this; a dead analysis worker can. Nothing was read, and the record says so.
    log.write('error', 'analysis_failed', { exchange_id: opened.exchange_id, route: opened.route });
    return failedAnalysis();
  }
}

export function completedRecord(
  { clock, cost }: Pick<RecordingParts, 'clock' | 'cost'>,
  opened: ExchangeOpened,
  { route }: Pick<ExchangeStart, 'route'>,
  end: ExchangeEnd,
  analysis: Analysis,
): ExchangeCompleted {
  return {
    exchange_id: opened.exchange_id,
    ts: timestamp(clock),
    outcome: end.outcome,
    error_code: end.errorCode,
    status: end.status,
    api: analysis.api,
    streamed: analysis.streamed,
    // As the analysis leaves them: without it nobody knows what is secret in them.
    client_request_id: analysis.ids?.client ?? null,
    origin_request_id: analysis.ids?.origin ?? null,
    model_requested: analysis.model_requested,
    model_returned: analysis.model_returned,
    tokens_in: analysis.tokens_in,
    tokens_out: analysis.tokens_out,
    cost_usd: cost({ ...analysis, model: analysis.model_returned ?? analysis.model_requested }),
    request_bytes: end.request.total,
    response_bytes: end.response.total,
    first_byte_ms: end.firstByteMs,
    duration_ms: end.durationMs,
    coverage: judgedCoverage(opened, analysis.coverage),
    llm_error: analysis.llm_error,
    content_sha256: analysis.content?.sha256 ?? null,
    recording: route.recording,
    ...(analysis.sealed === undefined ? {} : { sealed_sha256: analysis.sealed.sha256 }),
    ...recordedLinks(analysis),
  };
}

/** What of it a judge is to read. On a route without one that is nothing, however much of it could be read. */
function judgedCoverage({ judge }: ExchangeOpened, coverage: Coverage): Coverage {
  if (judge !== null) return coverage;
  return { level: 'none', reasons: [...new Set([...coverage.reasons, 'no_judge' as const])].sort() };
}

/**
 * The completing record of an exchange could not be written. The ledger has logged its cause; the exchange stays open
 * in it and becomes `interrupted` at the next start, so that it is not lost from sight.
 */
export function noteGap({ metrics, log }: Pick<RecordingParts, 'metrics' | 'log'>, opened: ExchangeOpened): void {
  metrics.ledgerGap();
  log.write('error', 'ledger_gap', {
    exchange_id: opened.exchange_id,
    request_id: opened.request_id,
    route: opened.route,
    code: 'ledger_unavailable',
  });
}

/** A record, and with it perhaps its verdict, is committed. */
export function noteCommitted(
  { metrics, log }: Pick<RecordingParts, 'metrics' | 'log'>,
  opened: ExchangeOpened,
  record: ExchangeCompleted,
  verdict: Verdict | null,
): void {
  metrics.exchange(record, opened);
  if (verdict !== null) log.verdict({ ...verdict });
}

export function recordUnjudged({ ledger, metrics, clock, newId }: RecordingParts, what: Unjudged): void {
  const record: ConnectionRecord = {
    connection_id: newId(),
    ts: timestamp(clock),
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
  };
  // The ledger counts and logs its own failures; nobody waits for this record.
  ledger.connection(record).catch(() => metrics.ledgerGap());
}
