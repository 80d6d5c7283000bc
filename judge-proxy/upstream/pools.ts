/**
 * Origin pools by (origin, client): two clients never share a socket, because a connection whose responses got out of
 * step would hand one client the answers of another (CVE-2026-6733).
 */

import { type Dispatcher, Pool } from 'undici';
import type { Limits } from '../config/schema.ts';
import type { Authority } from '../policy/types.ts';
import { type ConnectorOptions, originConnector } from './connector.ts';

/** Short, because a socket that the origin closed meanwhile costs a request: nothing is repeated on its own. */
const KEEP_ALIVE_MS = 4_000;
/** The most that a `Keep-Alive: timeout=` of the origin can raise it to. */
const KEEP_ALIVE_MAX_MS = 10_000;

export class Pools {
  readonly #limits: Limits;
  readonly #connector: ConnectorOptions;
  /** Least recently used first. */
  readonly #pools = new Map<string, Pool>();

  constructor(limits: Limits, connector: ConnectorOptions) {
    this.#limits = limits;
    this.#connector = connector;
  }

  /** Pools held. */
  get size(): number {
    return this.#pools.size;
  }

  /** The pool of the origin for the client. Dispatch in the same turn: an idle pool may be dropped in the next one. */
  get(authority: Authority, secure: boolean, client: string): Dispatcher {
    const key = JSON.stringify([secure, authority.host, authority.port, client]);
    const pool = this.#pools.get(key) ?? this.#create(key, authority, secure);
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    this.#trim(pool);
    return pool;
  }

  /** Ends every connection at once; requests in flight fail. Whoever drains has waited for them before. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #create(key: string, authority: Authority, secure: boolean): Pool {
    const pool = new Pool(origin(authority, secure), {
      connect: originConnector(authority, secure, this.#connector),
      connections: this.#limits.connections_per_origin,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      headersTimeout: this.#limits.origin_headers,
      bodyTimeout: 0, // forward/ has its own idle timer: undici's stops while the response is paused (#5393)
      maxHeaderSize: this.#limits.header_block,
    });
    // A pool goes when its last connection has gone: idle origins leave no trace, and no timer is needed.
    const dropIfIdle = () => queueMicrotask(() => this.#dropIfIdle(key, pool));
    pool.on('disconnect', dropIfIdle);
    pool.on('connectionError', dropIfIdle);
    return pool;
  }

  #dropIfIdle(key: string, pool: Pool): void {
    if (this.#pools.get(key) !== pool || pool.stats.connected > 0 || isBusy(pool)) return;
    this.#pools.delete(key);
    void pool.close();
  }

  /** Drops idle pools, oldest first, until the bound holds. Busy ones stay: requests in flight have a bound of theirs. */
  #trim(current: Pool): void {
    if (this.#pools.size <= this.#limits.pools) return;
    for (const [key, pool] of this.#pools) {
      if (this.#pools.size <= this.#limits.pools) return;
      if (pool === current || isBusy(pool)) continue;
      this.#pools.delete(key);
      void pool.close();
    }
  }
}

function isBusy(pool: Pool): boolean {
  return pool.stats.size > 0;
}

function origin(authority: Authority, secure: boolean): string {
  const host = authority.kind === 'ipv6' ? `[${authority.host}]` : authority.host;
  return `${secure ? 'https' : 'http'}://${host}:${authority.port}`;
}
