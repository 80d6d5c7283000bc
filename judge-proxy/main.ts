/**
 * Composition root: config in, parts wired from the bottom up, listeners last, closed in the opposite order. Whatever
 * holds something is owned and closed here.
 */

import { ensureFirstUser, type FirstUser } from './admin/accounts/first-user.ts';
import { Passwords } from './admin/auth/passwords.ts';
import { startAdmin } from './admin/server.ts';
import type { Config } from './config/schema.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openReadModel } from './ledger/read-model/read-model.ts';
import type { ReadModel } from './ledger/read-model/rows.ts';
import { VERDICT_FIELDS } from './ledger/records.ts';
import { type Retention, startRetention } from './ledger/retention.ts';
import { believedBefore } from './ledger/retention-clock.ts';
import { openLedger } from './ledger/sqlite.ts';
import { buildHandlers } from './main-admin.ts';
import { loadInterceptionCa, reportExpiry } from './main-certificates.ts';
import { buildJudges } from './main-judges.ts';
import { startJudging } from './main-judging.ts';
import { asListenError } from './main-listen-error.ts';
import { buildMetrics } from './main-metrics.ts';
import { loadPolicies, publishedNow } from './main-policies.ts';
import { startReplaying } from './main-replays.ts';
import { startTraffic } from './main-traffic.ts';
import { startSinks } from './sinks/sinks.ts';
import { newId, systemClock } from './telemetry/clock.ts';
import { createLog, type Log } from './telemetry/log.ts';

export interface StartOptions {
  /** Where log lines go; standard output unless given. */
  readonly log?: { write(line: string): unknown };
}

export interface RunningProxy {
  readonly ports: { readonly proxy: number; readonly plain: number | null; readonly admin: number };
  /** Judges whose rubric is a published version, not the file of the configuration. */
  readonly policies: readonly { readonly judge: string; readonly version: number }[];
  /** Where the console is. */
  readonly consoleUrl: string;
  /** Made by this start, because there was no user: to be shown once. */
  readonly firstUser: FirstUser | null;
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
  await using own = new AsyncDisposableStack();
  const log = createLog({
    level: config.log.level,
    format: config.log.format,
    verdictFields: VERDICT_FIELDS,
    ...(options.log === undefined ? {} : { stream: options.log }),
  });
  const metrics = buildMetrics(config);
  const interceptionCa = loadInterceptionCa(config);
  const judges = buildJudges(config, { breaker: metrics.judgeBreaker });
  own.defer(() => judges.close());
  const ledger = await openLedger({
    url: config.ledger.url,
    durability: config.ledger.durability,
    clock: systemClock,
    log,
    metrics: { committed: metrics.ledgerCommit, lost: metrics.ledgerLost, checkpoint: metrics.ledgerCheckpoint },
    checkpoints: config.ledger.checkpoints,
  });
  own.defer(() => ledger.close());
  // Before anything is recorded by the clock that is to be doubted.
  const believed = await believedBefore(ledger);
  await recover(ledger, log);
  const retention = startRetention({ settings: config.ledger.retention, ledger, clock: systemClock, believed, log });
  own.defer(() => retention.stop());
  await loadPolicies(ledger, judges.policies, log);
  const { sinks: settings, limits } = config;
  const sinks = await startSinks({ sinks: settings, ledgerUrl: config.ledger.url, ledger, limits, log, metrics });
  own.defer(() => sinks.close());
  own.defer(ledger.onCheckpoint((one) => sinks.checkpoint(one.ledger_id, one.size, JSON.stringify(one))));

  const readModel = openReadModel({
    ...{ url: config.ledger.url, clock: systemClock, log },
    onCommit: (listener) => ledger.onCommit(listener),
  });
  own.defer(() => readModel.close());

  const judging = await startJudging(own, { config, judges, ledger, log, metrics });
  const traffic = await startTraffic(own, { ...judging, config, interceptionCa, ledger, log, metrics });
  const replaying = await startReplaying(own, { config, judges, ledger, readModel, judging, log, metrics });
  const accounts = { ledger, passwords: new Passwords(), clock: systemClock, newId };
  const health = () => healthOf(ledger, readModel, retention);
  const admin = await startAdmin({
    ...accounts,
    listen: config.listen.admin,
    console: config.console,
    limits: config.limits,
    log,
    metrics,
    health,
    handlers: buildHandlers({ ...judging, config, ledger, readModel, accounts, sinks, replaying, health }),
  }).catch((error: unknown) => {
    throw asListenError(error, config);
  });
  own.defer(() => admin.close());
  // Once nothing can fail any more: the password of a start that failed would be shown to nobody, and never again.
  const firstUser = await ensureFirstUser(accounts);
  const { host } = config.listen.admin;
  traffic.ownListener(host, admin.port);
  log.write('info', 'listening', { address: host, port: admin.port, mode: 'admin' });
  own.defer(reportExpiry(config, metrics, log));
  log.write('info', 'ready', { port: traffic.ports.proxy, version: process.version });

  const owned = own.move();
  return {
    ports: { ...traffic.ports, admin: admin.port },
    policies: publishedNow(judges.policies),
    consoleUrl: admin.url,
    firstUser,
    close: (signal) => shutDown(owned, log, signal),
  };
}

function healthOf(ledger: Ledger, readModel: ReadModel, retention: Retention) {
  const { ok, cause, checkpoints } = ledger.health();
  const part = (name: string, state: { ok: boolean; cause: string | null }) => ({
    ...{ name, ok: state.ok },
    ...(state.cause === null ? {} : { reason: state.cause }),
  });
  const optional = { optional: true } as const;
  return {
    parts: [
      part('ledger', { ok, cause }),
      { ...part('checkpoints', checkpoints), ...optional },
      { ...part('index', readModel.health()), ...optional },
      { ...part('retention', retention.health()), ...optional },
    ],
  };
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
