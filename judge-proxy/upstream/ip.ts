/** IP addresses as text, compared by value. */

import { isIP, SocketAddress } from 'node:net';

/** `::FFFF:7f00:1` → `127.0.0.1`, `0:0::1` → `::1`. Undefined when it is not an address. */
export function canonicalIp(text: string | undefined): string | undefined {
  const family = text === undefined ? 0 : isIP(text);
  if (family === 0 || text === undefined) return undefined;
  const { address } = new SocketAddress({ address: text, family: family === 4 ? 'ipv4' : 'ipv6' });
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/** Whether both are the same address, in whatever spelling. An absent one equals nothing. */
export function sameAddress(a: string | undefined, b: string | undefined): boolean {
  const canonical = canonicalIp(a);
  return canonical !== undefined && canonical === canonicalIp(b);
}
