/**
 * `upstream.connect_to`: exactly one `host:port` is dialled at exactly one `address:port`, for staging and tests.
 * The address so named is allowed for that target only; the guard still refuses it, its neighbours and its other ports
 * to everyone else.
 */

import { formatAuthority, parseAuthority } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

export type ConnectTo = (authority: Authority) => Endpoint | undefined;

/** @throws Error naming the entry that is not `host:port` → `address:port` */
export function parseConnectTo(entries: Readonly<Record<string, string>>): ConnectTo {
  const table = new Map<string, Endpoint>();
  for (const [target, address] of Object.entries(entries)) {
    const from = parseAuthority(target);
    const to = parseAuthority(address);
    if (from === null || to === null || to.kind === 'name') {
      throw new Error(`upstream.connect_to: expected "host:port": "address:port" at ${JSON.stringify(target)}`);
    }
    table.set(formatAuthority(from), { ip: to.host, port: to.port });
  }
  return (authority) => table.get(formatAuthority(authority));
}
