/**
 * Composition root: config in, parts wired from the bottom up, listeners last, closed in the opposite order. Whatever
 * holds something is owned and closed here.
 */

import { randomBytes } from 'node:crypto';
import { startAdmin } from './admin/server.ts';
import { API_NAMES } from './apis/registry.ts';
import type { Config } from './config/schema.ts';
import { CopyBudget } from './exchange/tap.ts';
import { createForwarder } from './forward/forward.ts';
import { createDoor } from './ingress/door.ts';
import type { HandshakeEnd } from './intercept/distrust.ts';
import { createInterceptor } from './intercept/intercept.ts';
import { createAnalyser } from './judge/analyser.ts';
import { BUDGET_SCOPES, Budgets } from './judge/budget.ts';
import { createConsultant } from './judge/consultant.ts';
import { startJudge } from './judge/worker.ts';
import type { Ledger } from './ledger/ledger.ts';
import { LEDGER_CAUSES } from './ledger/ledger-error.ts';
import { COVERAGE_REASONS, JUDGE_STATES, VERDICT_FIELDS } from './ledger/records.ts';
import { openLedger } from './ledger/sqlite.ts';
import { loadInterceptionCa, reportExpiry } from './main-certificates.ts';
import { buildJudges, judgeModels } from './main-judges.ts';
import { asListenError } from './main-listen-error.ts';
import { buildRecorder, countVerdict } from './main-recorder.ts';
import { createAddressGuard } from './policy/address.ts';
import { failurePolicies } from './policy/failure-policy.ts';
import { compileRoutes } from './policy/routes.ts';
import { newId, systemClock } from './telemetry/clock.ts';
import { createLog, type Log } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createUpstream } from './upstream/create-upstream.ts';
import { loadTrust } from './upstream/trust.ts';

/** Every way in which a handshake ends: the compiler refuses a list that lacks one. */
const HANDSHAKE_ENDS: Readonly<Record<HandshakeEnd, true>> = {
  distrust: true,
  likely_distrust: true,
  unused: true,
  no_protocol: true,
  not_tls: true,
  timeout: true,
  unknown: true,
};

export interface StartOptions {
  /** Where log lines go; standard output unless given. */
  readonly log?: { write(line: string): unknown };
}

export interface RunningProxy {
  readonly ports: { readonly proxy: number; readonly plain: number | null; readonly admin: number };
  /**
   * Stops accepting, gives open exchanges and tunnels `limits.drain`, then ends all.
   * @param signal why, for the log
   */
  close(signal: string): Promise<void>;
}

/**
 * Starts everything that a config names. Nothing stays open when it fails.
 * @throws errors that name file, port or option, and what to do
 */
export async function startProxy(config: Config, options: StartOptions = {}): Promise<RunningProxy> {
  await using parts = new AsyncDisposableStack();
  const { limits } = config;
  const log = createLog({
    level: config.log.level,
    format: config.log.format,
    verdictFields: VERDICT_FIELDS,
    ...(options.log === undefined ? {} : { stream: options.log }),
  });
  const metrics = createMetrics({
    routes: config.routes.map((route) => route.name),
    apis: [...API_NAMES, 'unknown'],
    coverageReasons: COVERAGE_REASONS,
    judgeStates: JUDGE_STATES,
    judgeModels: judgeModels(config),
    budgetScopes: BUDGET_SCOPES,
    handshakeEnds: Object.keys(HANDSHAKE_ENDS),
    ledgerCauses: Object.keys(LEDGER_CAUSES),
  });
  const interceptionCa = loadInterceptionCa(config);
  const judges = buildJudges(config, { breaker: metrics.judgeBreaker });
  parts.defer(() => judges.close());

  const ledger = await openLedger({
    url: config.ledger.url,
    durability: config.ledger.durability,
    clock: systemClock,
    log,
    metrics: { committed: metrics.ledgerCommit, lost: metrics.ledgerLost },
    checkpoints: config.ledger.checkpoints,
  });
  parts.defer(() => ledger.close());
  await recover(ledger, log);

  const analyser = createAnalyser({
    limits,
    judges: config.judges,
    hmacKey: randomBytes(32),
    onRestart: (reason) => {
      metrics.analysisRestarted(reason);
      log.write('error', 'analysis_restarted', { reason });
    },
  });
  parts.defer(() => analyser.close());
  await analyser.ready;

  const budgets = new Budgets(new Map([...judges.byName].map(([name, { budget }]) => [name, budget])), systemClock);
  await budgets.load(ledger);
  const { prices } = config;
  const consultant = createConsultant({ limits, prices, budgets, clock: systemClock, randomBytes, metrics });
  let queued = 0;
  metrics.gauge('judge_queue', () => queued);
  metrics.gauge('judge_calls_active', () => consultant.running);
  metrics.gauge('judge_inline_waiting', () => consultant.waiting('inline'));
  const routeNamed = (name: string) => config.routes.find((route) => route.name === name);
  const judging = {
    judges: judges.byName,
    onFailure: failurePolicies(config),
    release: (name: string) => routeNamed(name)?.window.release ?? null,
    newId,
  };
  const judgeWorker = startJudge({
    ...judging,
    sampling: (name) => routeNamed(name)?.sampling ?? 1,
    consultant,
    ledger,
    limits,
    clock: systemClock,
    randomBytes,
    log,
    metrics: {
      verdict: (verdict) => countVerdict(metrics, verdict),
      judgeQueue: (waiting) => {
        queued = waiting;
      },
    },
  });
  parts.defer(() => judgeWorker.close());

  const upstream = createUpstream({
    config: config.upstream,
    limits,
    guard: createAddressGuard(config.upstream.allow_addresses),
    trust: loadTrust(config.upstream.ca_files),
  });
  parts.defer(() => upstream.close());
  metrics.gauge('origin_pools', () => upstream.pools.size);

  const budget = new CopyBudget(limits.copies);
  metrics.gauge('copies_bytes', () => budget.held);
  const held = new CopyBudget(limits.held);
  metrics.gauge('held_bytes', () => held.held);
  const recorder = buildRecorder({ config, ledger, analyser, judging, consultant, held, log, metrics });
  const via = `judge-${newId().slice(-12)}`;
  const forwarder = createForwarder({
    upstream,
    recorder,
    limits,
    clock: systemClock,
    budget,
    held,
    via,
    log,
    newId,
    onJudgeFailure: judging.onFailure,
    metrics: { refused: metrics.refused },
  });
  metrics.gauge('exchanges_active', () => forwarder.active);
  metrics.gauge('websockets_active', () => forwarder.webSockets);
  const interceptor = createInterceptor({
    ca: interceptionCa,
    limits,
    forwarder,
    log,
    clock: systemClock,
    randomBytes,
    metrics: { handshakeEnded: metrics.handshake },
  });
  parts.defer(() => interceptor.close());
  metrics.gauge('leaf_certificates', () => interceptor.certificates);

  const door = createDoor({
    config,
    routes: compileRoutes(config.routes),
    upstream,
    interceptor,
    forwarder,
    ledger,
    log,
    clock: systemClock,
    newId,
    pseudonym: via,
    metrics: {
      decided: (outcome, code) => {
        metrics.connection(outcome);
        if (code !== null) metrics.refused(code);
      },
      tunnelClosed: (_action, end) => metrics.tunnelBytes(end.bytesUp, end.bytesDown),
    },
  });
  metrics.gauge('tunnels_active', () => door.tunnels);
  const addresses = await door.listen().catch((error: unknown) => {
    throw asListenError(error, config);
  });
  parts.defer(async () => void (await door.close(limits.drain)));

  const admin = await startAdmin({
    ...config.listen.admin,
    metrics,
    health: () => {
      const { ok, cause } = ledger.health();
      return { parts: [{ name: 'ledger', ok, ...(cause === null ? {} : { reason: cause }) }] };
    },
  }).catch((error: unknown) => {
    throw asListenError(error, config);
  });
  parts.defer(() => admin.close());
  upstream.ownListener(config.listen.admin.host, admin.port);
  log.write('info', 'listening', { address: config.listen.admin.host, port: admin.port, mode: 'admin' });
  parts.defer(reportExpiry(config, metrics, log));
  log.write('info', 'ready', { port: addresses.proxy.port, version: process.version });

  const owned = parts.move();
  const ports = { proxy: addresses.proxy.port, plain: addresses.plain?.port ?? null, admin: admin.port };
  return { ports, close: (signal) => shutDown(owned, log, signal) };
}

async function shutDown(owned: AsyncDisposableStack, log: Log, signal: string): Promise<void> {
  log.write('info', 'stopping', { signal });
  await owned.disposeAsync();
  log.write('info', 'stopped', { signal });
  log.flush();
}

/** What an earlier process left open becomes `interrupted`, what it left queued is judged now. */
async function recover(ledger: Ledger, log: Log): Promise<void> {
  const { interrupted, queued } = await ledger.recover();
  if (interrupted > 0) log.write('warn', 'recovered', { outcome: 'interrupted', count: interrupted });
  if (queued > 0) log.write('info', 'recovered', { outcome: 'queued', count: queued });
}
