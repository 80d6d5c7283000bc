/** Where somebody comes from, as far as it says who it is. */

import { addressBits } from '../../config/cidr.ts';

/** The address; of an IPv6 address its /64, which one machine has whole (RFC 6177). Pure. */
export function sourceNetwork(address: string): string {
  const parsed = addressBits(address);
  if (parsed === null) return address;
  return parsed.version === 4 ? `4 ${parsed.bits}` : `6 ${parsed.bits >> 64n}`;
}
