/** Resolve → vet → dial, composed: the one way to an origin. */

import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Config, Limits } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { AddressGuard } from '../policy/address.ts';
import type { Authority } from '../policy/types.ts';
import { type Clock, systemClock } from '../telemetry/clock.ts';
import { type ConnectTo, type Endpoint, parseConnectTo } from './connect-to.ts';
import { dial } from './dial.ts';
import { systemLookup } from './dns-lookup.ts';
import { OwnListeners } from './own-listeners.ts';
import { Pools } from './pools.ts';
import { CachingResolver, type Lookup } from './resolve.ts';
import type { Trust } from './trust.ts';
import type { Upstream, VettedTarget } from './upstream.ts';

export interface UpstreamOptions {
  readonly config: Pick<Config['upstream'], 'connect_to'>;
  readonly limits: Limits;
  /** Which addresses may be dialled; `upstream.allow_addresses` is in it already. */
  readonly guard: AddressGuard;
  readonly trust: Trust;
  /** Names to addresses; hosts file and DNS unless a test brings its own. */
  readonly lookup?: Lookup;
  readonly clock?: Clock;
}

export interface PooledUpstream extends Upstream {
  /** Origin pools held, for the gauge. */
  readonly pools: { readonly size: number };
}

/** @throws Error when `connect_to` cannot be read */
export function createUpstream(options: UpstreamOptions): PooledUpstream {
  return new Origins(options);
}

class Origins implements Upstream {
  readonly pools: Pools;
  readonly #limits: Limits;
  readonly #guard: AddressGuard;
  readonly #resolver: CachingResolver;
  readonly #connectTo: ConnectTo;
  readonly #own = new OwnListeners();

  constructor(options: UpstreamOptions) {
    this.#limits = options.limits;
    this.#guard = options.guard;
    this.#connectTo = parseConnectTo(options.config.connect_to);
    this.#resolver = new CachingResolver({
      lookup: options.lookup ?? systemLookup(),
      clock: options.clock ?? systemClock,
      timeoutMs: options.limits.dns,
    });
    this.pools = new Pools(options.limits, {
      vet: (authority) => this.vet(authority),
      trust: options.trust,
      connectMs: options.limits.connect,
      handshakeMs: options.limits.tls_handshake,
    });
  }

  async vet(authority: Authority): Promise<VettedTarget> {
    const pinned = this.#connectTo(authority);
    const candidates = pinned === undefined ? await this.#resolve(authority) : [pinned];
    if (candidates.some(({ ip, port }) => this.#own.has(ip, port))) throw new ProxyError('proxy_loop');
    if (pinned !== undefined) return { authority, addresses: candidates };
    return { authority, addresses: vetted(candidates, this.#guard) };
  }

  dial(target: VettedTarget, signal?: AbortSignal): Promise<Socket> {
    return dial(target, { timeoutMs: this.#limits.connect, allowHalfOpen: true, signal });
  }

  pool(authority: Authority, secure: boolean, client: string): Dispatcher {
    return this.pools.get(authority, secure, client);
  }

  ownListener(host: string, port: number): void {
    this.#own.add(host, port);
  }

  async close(): Promise<void> {
    await this.pools.close();
  }

  async #resolve(authority: Authority): Promise<readonly Endpoint[]> {
    const ips = authority.kind === 'name' ? await this.#resolver.resolve(authority.host) : [authority.host];
    return ips.map((ip) => ({ ip, port: authority.port }));
  }
}

/**
 * The addresses that may be dialled. An answer with good and bad ones is filtered, not refused whole: what the guard
 * refused is not in the list that is dialled, and names are resolved nowhere else, so the good ones are safe; and an
 * origin that publishes one unusable address beside its public ones stays reachable, as it is without a proxy.
 */
export function vetted(candidates: readonly Endpoint[], guard: AddressGuard): readonly Endpoint[] {
  let reason: string | undefined;
  const good = candidates.filter(({ ip }) => {
    const answer = guard.check(ip);
    if (!answer.allowed) reason ??= answer.class;
    return answer.allowed;
  });
  if (good.length === 0) throw new ProxyError('address_denied', reason === undefined ? {} : { reason });
  return good;
}
