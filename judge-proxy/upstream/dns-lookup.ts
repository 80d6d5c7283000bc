/**
 * Names to addresses: hosts file, then DNS over our own sockets.
 *
 * Not `dns.lookup`: getaddrinfo blocks one of libuv's four threads for as long as DNS is silent, and zlib and files
 * (so the decoding for the judge, and the ledger) share those four. Its price: names are taken as absolute (no search
 * list: `api.openai.com` never becomes `api.openai.com.corp.example`) and other sources of nsswitch are not asked.
 */

import { Resolver } from 'node:dns/promises';
import { ProxyError } from '../errors.ts';
import { HostsFile } from './hosts-file.ts';
import type { Answer, Lookup } from './resolve.ts';

/** RFC 8305 §3, Resolution Delay: how long a family that has answered waits for the other one. */
const RESOLUTION_DELAY_MS = 50;
/** The hosts file has no TTL; it is reread at the next miss after this. */
const HOSTS_TTL_MS = 1_000;

interface FamilyAnswer {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

export interface SystemLookupOptions {
  /** The machine's own without. */
  readonly hosts?: HostsFile;
  /** DNS servers as `address:port`, in place of the machine's. */
  readonly servers?: readonly string[];
}

/** The lookup that the program runs with. Rejects with ProxyError `dns_failed`. */
export function systemLookup(options: SystemLookupOptions = {}): Lookup {
  const hosts = options.hosts ?? new HostsFile();
  return async (name, signal) => {
    const listed = await hosts.lookup(name);
    if (listed.length > 0) return { addresses: listed, ttlMs: HOSTS_TTL_MS };
    // RFC 6761 §6.3: localhost is loopback and never asked of DNS.
    if (name === 'localhost' || name.endsWith('.localhost')) {
      return { addresses: ['127.0.0.1', '::1'], ttlMs: HOSTS_TTL_MS };
    }
    return await queryBoth(name, signal, options.servers);
  };
}

async function queryBoth(name: string, signal: AbortSignal, servers?: readonly string[]): Promise<Answer> {
  // One resolver a query: `cancel` ends this query and no other, and a changed resolv.conf is read without a restart.
  const resolver = new Resolver();
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const v4 = resolver.resolve4(name, { ttl: true }).then(familyAnswer);
    const v6 = resolver.resolve6(name, { ttl: true }).then(familyAnswer);
    const answers = await settleFamilies(v4, v6);
    return { addresses: interleave(answers), ttlMs: Math.min(...answers.map((answer) => answer.ttlMs)) };
  } finally {
    signal.removeEventListener('abort', cancel);
    resolver.cancel();
  }
}

function familyAnswer(records: readonly { address: string; ttl: number }[]): FamilyAnswer {
  return {
    addresses: records.map((record) => record.address),
    ttlMs: Math.min(...records.map((record) => record.ttl)) * 1_000,
  };
}

/** Both families, or the first one with addresses when the other is more than the resolution delay behind. */
async function settleFamilies(...queries: Promise<FamilyAnswer>[]): Promise<FamilyAnswer[]> {
  const settled: (FamilyAnswer | undefined)[] = queries.map(() => undefined);
  let failure: unknown;
  const watched = queries.map((query, index) =>
    query.then(
      (answer) => {
        settled[index] = answer;
      },
      (error: unknown) => {
        failure ??= error;
        throw error;
      },
    ),
  );
  const all = Promise.allSettled(watched);
  let timer: NodeJS.Timeout | undefined;
  await Promise.any(watched).then(
    () => Promise.race([all, new Promise((resolve) => (timer = setTimeout(resolve, RESOLUTION_DELAY_MS)))]),
    () => undefined,
  );
  clearTimeout(timer);
  const answers = settled.filter((answer) => answer !== undefined);
  if (answers.length === 0) throw new ProxyError('dns_failed', { reason: dnsReason(failure), cause: failure });
  return answers;
}

/**
 * Families by turns, IPv4 first: a container network without an IPv6 route is the common case, and with attempts
 * staggered (dial.ts) the order costs at most one stagger.
 */
function interleave(answers: readonly FamilyAnswer[]): string[] {
  const longest = Math.max(...answers.map((answer) => answer.addresses.length));
  return Array.from({ length: longest }, (_, index) =>
    answers.flatMap((answer) => answer.addresses[index] ?? []),
  ).flat();
}

function dnsReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z]{2,15}$/.test(code) ? code : 'unknown';
}
