/** Where we listen ourselves: a target that would come back to us (CVE-2025-23217 reached a web UI this way). */

import { networkInterfaces } from 'node:os';
import { canonicalIp } from './ip.ts';

export class OwnListeners {
  readonly #listeners: { readonly host: string; readonly port: number }[] = [];

  /** @param host address that the listener is bound to, wildcards included */
  add(host: string, port: number): void {
    this.#listeners.push({ host: canonicalIp(host) ?? host, port });
  }

  /** Whether a connection to the address would reach one of our listeners. */
  has(ip: string, port: number): boolean {
    const address = canonicalIp(ip);
    return this.#listeners.some((own) => own.port === port && reaches(address, own.host));
  }
}

function reaches(address: string | undefined, listener: string): boolean {
  if (address === undefined) return false;
  if (address === listener) return true;
  // Linux connects 0.0.0.0 and :: to loopback; a wildcard listener answers on every address of the machine.
  if (isWildcard(address)) return isLoopback(listener) || isWildcard(listener);
  if (listener === 'localhost') return isLoopback(address);
  return isWildcard(listener) && (isLoopback(address) || isLocal(address));
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(address: string): boolean {
  return address === '::1' || address === 'localhost' || address.startsWith('127.');
}

function isLocal(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries) =>
    entries?.some((entry) => canonicalIp(entry.address) === address),
  );
}
