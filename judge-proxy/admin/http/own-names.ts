/**
 * Names and origins that are ours. A page in a browser can point its own name at 127.0.0.1 (DNS rebinding) and would then
 * be same-origin with us; and a page of another site can send requests with the cookies of a visitor.
 */

import { isIPv6 } from 'node:net';
import { adminTls } from '../../config/check-admin.ts';
import type { Config } from '../../config/schema.ts';
import { ApiProblem } from '../problems.ts';

type Listen = Config['listen']['admin'];

export interface OwnNames {
  /** Whether a Host header names us; its port is not looked at, because a container publishes another one. */
  readonly isHost: (header: string | undefined) => boolean;
  /** @throws {ApiProblem} `foreign_origin` for a request that a browser sent for a page of another origin */
  readonly checkOrigin: (headers: OriginHeaders) => void;
}

export interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  /** `same-origin`, `same-site`, `cross-site`, `none`: what a browser says of who asks (W3C Fetch Metadata). */
  readonly 'sec-fetch-site'?: string | string[] | undefined;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'] as const;

export function createOwnNames(listen: Listen): OwnNames {
  const publicOrigin = listen.public_origin === undefined ? null : new URL(listen.public_origin);
  const names = new Set<string>([
    ...LOOPBACK_NAMES,
    ...listen.names.map((name) => (isIPv6(name) ? `[${name}]` : name).toLowerCase()),
    ...(publicOrigin === null ? [] : [publicOrigin.hostname]),
  ]);
  const scheme = adminTls(listen) === null ? 'http' : 'https';
  return {
    isHost: (header) => header !== undefined && names.has(header.replace(/:\d+$/, '').toLowerCase()),
    checkOrigin: (headers) => {
      const { host, origin } = headers;
      const site = headers['sec-fetch-site'];
      // `none` is what a person typed, and nothing that changes anything is typed.
      if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new ApiProblem('foreign_origin');
      if (origin === undefined) return;
      const own = publicOrigin === null ? `${scheme}://${host?.toLowerCase()}` : publicOrigin.origin;
      if (withoutDefaultPort(origin.toLowerCase()) !== withoutDefaultPort(own)) throw new ApiProblem('foreign_origin');
    },
  };
}

function withoutDefaultPort(origin: string): string {
  return origin.replace(/^(https:.*):443$/, '$1').replace(/^(http:.*):80$/, '$1');
}
