/**
 * What is counted, for Prometheus. Every label is a closed set: either a union below, or a list that the composition
 * root hands in (routes of the config, wire formats, words of the ledger); anything else becomes `other`. Names of
 * clients, hosts and models have no label (DESIGN decision 17).
 *
 * Counting with five labels costs 0.35 µs, an observation 0.1 µs (measured, Node 26): a request has a few of them, so
 * there is nothing to pre-bind.
 */

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { ERRORS, type ErrorCode } from '../errors.ts';
import { ClosedSet } from './closed-set.ts';
import { counter, FAST_SECONDS, gauge, histogram, PREFIX, SLOW_SECONDS } from './instruments.ts';
import { costMetrics, judgeMetrics } from './judge-metrics.ts';
import { shadowMetrics } from './shadow-metrics.ts';
import { sinkMetrics } from './sink-metrics.ts';

/** The words of higher folders that may become labels. What is not listed is counted as `other`. */
export interface MetricNames {
  /** Names of the configured routes. */
  readonly routes: readonly string[];
  /** Wire formats. */
  readonly apis: readonly string[];
  readonly coverageReasons: readonly string[];
  readonly judgeStates: readonly string[];
  /** Models of the judges, by the names of the config. */
  readonly judgeModels: readonly string[];
  /** What a budget is for. */
  readonly budgetScopes: readonly string[];
  /** How handshakes with clients fail. */
  readonly handshakeEnds: readonly string[];
  /** Why records could not be written. */
  readonly ledgerCauses: readonly string[];
  /** Judges that have a shadow. */
  readonly shadowedJudges: readonly string[];
  /** What becomes of a verdict that was drawn for one. */
  readonly shadowResults: readonly string[];
  /** Names of the configured sinks. */
  readonly sinks: readonly string[];
}

export interface ExchangeLabels {
  readonly route: string;
  readonly action: 'tunnel' | 'terminate' | 'deny';
  readonly mode: 'observe' | 'window' | 'hold';
  readonly api: string;
  readonly outcome: 'complete' | 'client_aborted' | 'origin_failed' | 'interrupted' | 'blocked';
}

export interface VerdictLabels {
  readonly label: 'clean' | 'violation' | 'undetermined';
  readonly state: string;
  readonly action: 'allowed' | 'would_block' | 'blocked' | 'cut';
  readonly mode: 'observe' | 'window' | 'hold';
}

/** One model of a judge was asked. Route and role say who pays for what; the model's name is in the verdict. */
export interface JudgeCallCount {
  readonly route: string;
  readonly role: 'small' | 'large';
  readonly state: string;
  /** Waiting not included. */
  readonly ms: number;
  readonly tokens: { readonly in: number; readonly out: number } | null;
  /** US dollars, null when the price is not known. */
  readonly usd: number | null;
}

/** What the origin's provider charges for one exchange. */
export interface TrafficCount {
  readonly route: string;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  /** US dollars, null when the price is not known. */
  readonly cost_usd: number | null;
}

/** A sink as it is: all but `waiting` since the start. */
export interface SinkCount {
  readonly waiting: number;
  readonly delivered: number;
  /** Requests that failed. */
  readonly failed: number;
  /** Events that were given up, each recorded in the ledger. */
  readonly gaps: number;
}

/** Values that their owners hold already: read when Prometheus asks, so they cost nothing before. */
const GAUGES = {
  exchanges_active: 'Requests in flight on terminated hosts.',
  websockets_active: 'Open WebSockets on terminated hosts, among the requests in flight.',
  tunnels_active: 'Open tunnels, blind and terminated together.',
  judge_queue: 'Judgements that wait for the model.',
  judge_calls_active: 'Questions that are with a judge model.',
  judge_inline_waiting: 'Clients that wait for their turn with a judge model.',
  copies_bytes: 'Bytes of all copies held for the judge.',
  held_bytes: 'Bytes held back until a verdict.',
  origin_pools: 'Origin pools (origin × client) held.',
  leaf_certificates: 'Leaf certificates held.',
} as const;
export type GaugeName = keyof typeof GAUGES;

export interface Metrics {
  /** One exchange is over and recorded. */
  exchange(labels: ExchangeLabels): void;
  /** How far an exchange was judged. `reasons` says why not in full: one count each. */
  coverage(level: 'full' | 'partial' | 'none', reasons: readonly string[]): void;
  /** One decision at the door. */
  connection(outcome: 'tunnel' | 'terminate' | 'forward' | 'refuse'): void;
  /** Bytes that a blind tunnel relayed: traffic that nobody judged. */
  tunnelBytes(up: number, down: number): void;
  /** An answer of ours in place of the origin's. */
  refused(code: ErrorCode): void;
  /** A handshake with a client failed, or was never used. */
  handshake(end: string): void;
  verdict(labels: VerdictLabels): void;
  judgeCall(call: JudgeCallCount): void;
  judgeCache(result: 'hit' | 'miss'): void;
  /** A model was not asked because what may be spent is spent. */
  judgeBudget(scope: string): void;
  /** @param model of a judge, as configured */
  judgeBreaker(model: string, state: 'closed' | 'half_open' | 'open'): void;
  /** A verdict was drawn for the shadow of its judge. */
  shadow(judge: string, result: string): void;
  /** A model of a shadow judge was asked. */
  shadowCall(call: Pick<JudgeCallCount, 'state' | 'usd'>): void;
  /** What the exchange itself cost, beside what judging it did. */
  traffic(count: TrafficCount): void;
  /** Decoding, reading and rules of one exchange. */
  analysis(ms: number): void;
  analysisRestarted(reason: 'crashed' | 'hung'): void;
  /** From the request to the first byte of the origin's answer. */
  originFirstByte(ms: number): void;
  /** One transaction of the ledger. */
  ledgerCommit(operations: number, ms: number): void;
  /** Operations that are not in the ledger and never will be. */
  ledgerLost(operations: number, cause: string): void;
  /** A signed checkpoint was made, or one could not be made or written to a file. */
  ledgerCheckpoint(outcome: 'made' | 'failed'): void;
  /** What waits for a sink, and what became of events since the start. */
  sink(name: string, now: SinkCount): void;
  /** @param notAfterMs end of validity, milliseconds since 1970 */
  certificate(name: 'server' | 'client' | 'chain_ca' | 'intercept_ca', notAfterMs: number): void;
  /** Names who knows the value of a gauge. The last one named is asked. */
  gauge(name: GaugeName, read: () => number): void;
  /** The text that Prometheus reads. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Counters from zero, in a registry of their own. @param names words that may become labels */
export function createMetrics(names: Partial<MetricNames> = {}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const traffic = trafficMetrics(registry, names);
  const judging = judgeMetrics(registry, names);
  const cost = costMetrics(registry, names);
  const ledger = ledgerMetrics(registry, names);
  const sinks = sinkMetrics(registry, names);
  const shadows = shadowMetrics(registry, names);
  const notAfter = gauge(registry, 'certificate_not_after_seconds', 'End of validity, seconds since 1970.', [
    'certificate',
  ]);
  return {
    ...traffic,
    ...judging,
    ...cost,
    ...ledger,
    ...sinks,
    ...shadows,
    certificate: (certificate, notAfterMs) => notAfter.set({ certificate }, notAfterMs / 1_000),
    gauge: gaugesOf(registry),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

type TrafficMethods = 'exchange' | 'connection' | 'tunnelBytes' | 'refused' | 'handshake' | 'originFirstByte';

function trafficMetrics(registry: Registry, names: Partial<MetricNames>): Pick<Metrics, TrafficMethods> {
  const labels = ['route', 'action', 'mode', 'api', 'outcome'];
  const exchanges = counter(registry, 'exchanges_total', 'Exchanges that are over.', labels);
  const connections = counter(registry, 'connections_total', 'Decisions at the door.', ['outcome']);
  const bytes = counter(registry, 'tunnel_bytes_total', 'Bytes relayed blindly: not judged.', ['direction']);
  const refusals = counter(registry, 'refusals_total', 'Answers of ours in place of an origin’s.', ['code']);
  const handshakes = counter(registry, 'handshake_failures_total', 'Handshakes with clients that failed.', ['end']);
  const firstByte = histogram(
    registry,
    'origin_first_byte_seconds',
    'Request to first byte of the answer.',
    SLOW_SECONDS,
  );
  const routes = new ClosedSet(names.routes ?? []);
  const apis = new ClosedSet(names.apis ?? []);
  const ends = new ClosedSet(names.handshakeEnds ?? []);
  for (const code of Object.keys(ERRORS)) refusals.inc({ code }, 0);
  for (const end of ends.all) handshakes.inc({ end }, 0);
  for (const outcome of ['tunnel', 'terminate', 'forward', 'refuse']) connections.inc({ outcome }, 0);
  for (const direction of ['up', 'down']) bytes.inc({ direction }, 0);
  return {
    exchange: ({ route, action, mode, api, outcome }) =>
      exchanges.inc({ route: routes.of(route), action, mode, api: apis.of(api), outcome }),
    connection: (outcome) => connections.inc({ outcome }),
    tunnelBytes(up, down) {
      bytes.inc({ direction: 'up' }, up);
      bytes.inc({ direction: 'down' }, down);
    },
    refused: (code) => refusals.inc({ code }),
    handshake: (end) => handshakes.inc({ end: ends.of(end) }),
    originFirstByte: (ms) => firstByte.observe(ms / 1_000),
  };
}

type LedgerMetrics = Pick<Metrics, 'ledgerCommit' | 'ledgerLost' | 'ledgerCheckpoint'>;

function ledgerMetrics(registry: Registry, names: Partial<MetricNames>): LedgerMetrics {
  const commits = histogram(registry, 'ledger_commit_seconds', 'Transactions of the ledger.', FAST_SECONDS);
  const operations = counter(registry, 'ledger_operations_total', 'Operations that were committed.');
  const lost = counter(registry, 'ledger_lost_total', 'Operations that are not in the ledger.', ['cause']);
  const causes = new ClosedSet(names.ledgerCauses ?? []);
  for (const cause of causes.all) lost.inc({ cause }, 0);
  const help = 'Signed checkpoints that were made; and failures to make one, or to write it to a file.';
  const checkpoints = counter(registry, 'ledger_checkpoints_total', help, ['outcome']);
  for (const outcome of ['made', 'failed']) checkpoints.inc({ outcome }, 0);
  return {
    ledgerCommit(count, ms) {
      operations.inc(count);
      commits.observe(ms / 1_000);
    },
    ledgerLost: (count, cause) => lost.inc({ cause: causes.of(cause) }, count),
    ledgerCheckpoint: (outcome) => checkpoints.inc({ outcome }),
  };
}

/** A gauge comes into being with its reader: one that nobody knows the value of is absent, not zero. */
function gaugesOf(registry: Registry): Metrics['gauge'] {
  const readers = new Map<GaugeName, () => number>();
  return (name, read) => {
    const known = readers.has(name);
    readers.set(name, read);
    if (known) return;
    new Gauge({
      name: `${PREFIX}${name}`,
      help: GAUGES[name],
      registers: [registry],
      collect() {
        this.set((readers.get(name) ?? read)());
      },
    });
  };
}
