/**
 * `fetch` for the judge model: the same resolver, guard and certificate checks as traffic. A base URL that reaches
 * inside is refused unless the operator listed the address, and redirects are answers, never followed.
 */

import { Agent, type buildConnector, type Dispatcher, Pool, fetch as undiciFetch } from 'undici';
import type { Limits } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { AddressGuard } from '../policy/address.ts';
import { parseHostHeader } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';
import { type Clock, systemClock } from '../telemetry/clock.ts';
import { originConnector } from './connector.ts';
import { vetted } from './create-upstream.ts';
import { systemLookup } from './dns-lookup.ts';
import { CachingResolver, type Lookup } from './resolve.ts';
import { loadTrust } from './trust.ts';

export interface JudgeFetchOptions {
  /** CAs beside the system's roots. */
  readonly caFiles: readonly string[];
  /** Guard with the operator's `allow_addresses` for this judge in it. */
  readonly guard: AddressGuard;
  /**
   * In milliseconds. `connect` bounds resolving, TCP and TLS together, `dns` and `tls_handshake` their part of it. The call
   * as a whole has the deadline of its caller.
   */
  readonly limits: Pick<Limits, 'dns' | 'connect' | 'tls_handshake'>;
  /** Connections to the endpoint: at least the number of calls at one time. */
  readonly connections: number;
  readonly lookup?: Lookup;
  readonly clock?: Clock;
}

export interface JudgeFetch {
  /** Same signature as the global one. Errors carry the ProxyError as their cause. */
  readonly fetch: typeof globalThis.fetch;
  /** What `fetch` dispatches through. */
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

/** @throws Error that names a CA file which cannot be read */
export function createJudgeFetch(options: JudgeFetchOptions): JudgeFetch {
  const dispatcher = judgeDispatcher(options);
  // npm's undici with its own fetch: its dispatchers and Node's built-in fetch are not made for each other.
  const send = (input: Parameters<typeof undiciFetch>[0], init: Parameters<typeof undiciFetch>[1]) =>
    undiciFetch(input, { ...init, dispatcher, redirect: 'manual' });
  return {
    // The two declare the same interface twice (undici-types, undici): the types meet nowhere but here.
    fetch: send as unknown as typeof globalThis.fetch,
    dispatcher,
    close: () => dispatcher.destroy(),
  };
}

/** A dispatcher that resolves, vets and dials like traffic does. Redirects are the caller's: `fetch` above has none. */
function judgeDispatcher(options: JudgeFetchOptions): Dispatcher {
  const resolver = new CachingResolver({
    lookup: options.lookup ?? systemLookup(),
    clock: options.clock ?? systemClock,
    timeoutMs: options.limits.dns,
  });
  const connector = {
    vet: async (authority: Authority) => {
      const ips = authority.kind === 'name' ? await resolver.resolve(authority.host) : [authority.host];
      const candidates = ips.map((ip) => ({ ip, port: authority.port }));
      return { authority, addresses: vetted(candidates, options.guard) };
    },
    trust: loadTrust(options.caFiles),
    connectMs: options.limits.connect,
    handshakeMs: options.limits.tls_handshake,
  };
  return new Agent({
    factory: (origin) => {
      const url = new URL(origin);
      return new Pool(url, {
        connections: options.connections,
        allowH2: false,
        headersTimeout: 0, // the caller's deadline covers the whole call
        bodyTimeout: 0,
        connect: within(
          options.limits.connect,
          originConnector(urlAuthority(url), url.protocol === 'https:', connector),
        ),
      });
    },
  });
}

/** A connector that answers in time. What connects too late is closed. */
function within(ms: number, connect: buildConnector.connector): buildConnector.connector {
  return (request, callback) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      callback(new ProxyError('connect_timeout', { reason: 'judge_connect' }), null);
    }, ms).unref();
    connect(request, (...result) => {
      if (late) result[1]?.destroy();
      clearTimeout(timer);
      if (!late) callback(...result);
    });
  };
}

function urlAuthority(url: URL): Authority {
  const authority = parseHostHeader(url.host, url.protocol === 'https:' ? 443 : 80);
  if (authority === null) throw new ProxyError('bad_authority');
  return authority;
}
