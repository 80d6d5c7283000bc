/** The data path, wired from the origins' side up to the doors. */

import { randomBytes } from 'node:crypto';
import type { Config } from './config/schema.ts';
import { secretHeaderNames } from './exchange/secret-headers.ts';
import { CopyBudget } from './exchange/tap.ts';
import { createForwarder } from './forward/forward.ts';
import { createDoor } from './ingress/door.ts';
import { createInterceptor } from './intercept/intercept.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { loadInterceptionCa } from './main-certificates.ts';
import type { RunningJudging } from './main-judging.ts';
import { asListenError } from './main-listen-error.ts';
import { buildRecorder } from './main-recorder.ts';
import { createAddressGuard } from './policy/address.ts';
import { compileRoutes } from './policy/routes.ts';
import { newId, systemClock } from './telemetry/clock.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { createUpstream } from './upstream/create-upstream.ts';
import { loadTrust } from './upstream/trust.ts';

export interface TrafficParts extends RunningJudging {
  readonly config: Config;
  readonly interceptionCa: ReturnType<typeof loadInterceptionCa>;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface RunningTraffic {
  readonly ports: { readonly proxy: number; readonly plain: number | null };
  /** An address of ours, which must never be dialled for traffic. */
  ownListener(host: string, port: number): void;
}

/**
 * Starts it and listens. `own` closes it: the doors first, with `limits.drain` for what is open.
 * @throws {ListenError} for an address that cannot be bound
 */
export async function startTraffic(own: AsyncDisposableStack, parts: TrafficParts): Promise<RunningTraffic> {
  const { config, judging, ledger, log, metrics } = parts;
  const { limits } = config;
  const common = { limits, log, clock: systemClock, newId };
  const upstream = createUpstream({
    config: config.upstream,
    limits,
    guard: createAddressGuard(config.upstream.allow_addresses),
    trust: loadTrust(config.upstream.ca_files),
  });
  own.defer(() => upstream.close());
  const budget = new CopyBudget(limits.copies);
  const held = new CopyBudget(limits.held);
  const via = `judge-${newId().slice(-12)}`;
  const forwarder = createForwarder({
    ...common,
    upstream,
    recorder: buildRecorder({ ...parts, held }),
    budget,
    held,
    via,
    onJudgeFailure: judging.onFailure,
    secretHeaders: secretHeaderNames(config.redaction.headers),
    metrics: { refused: metrics.refused },
  });
  const interceptor = createInterceptor({
    ...common,
    ca: parts.interceptionCa,
    forwarder,
    randomBytes,
    metrics: { handshakeEnded: metrics.handshake },
  });
  own.defer(() => interceptor.close());
  const door = createDoor({
    ...common,
    config,
    routes: compileRoutes(config.routes),
    upstream,
    interceptor,
    forwarder,
    ledger,
    pseudonym: via,
    metrics: {
      decided: (outcome, code) => {
        metrics.connection(outcome);
        if (code !== null) metrics.refused(code);
      },
      tunnelClosed: (_action, end) => metrics.tunnelBytes(end.bytesUp, end.bytesDown),
    },
  });
  metrics.gauge('origin_pools', () => upstream.pools.size);
  metrics.gauge('copies_bytes', () => budget.held);
  metrics.gauge('held_bytes', () => held.held);
  metrics.gauge('exchanges_active', () => forwarder.active);
  metrics.gauge('websockets_active', () => forwarder.webSockets);
  metrics.gauge('leaf_certificates', () => interceptor.certificates);
  metrics.gauge('tunnels_active', () => door.tunnels);
  const addresses = await door.listen().catch((error: unknown) => {
    throw asListenError(error, config);
  });
  own.defer(async () => void (await door.close(limits.drain)));
  return {
    ports: { proxy: addresses.proxy.port, plain: addresses.plain?.port ?? null },
    ownListener: (host, port) => upstream.ownListener(host, port),
  };
}
