/**
 * What may be dialled: the vetted addresses and nothing else. An exception in the config opens exactly what it names.
 */

import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { configSchema } from '../config/schema.ts';
import { createAddressGuard } from '../policy/address.ts';
import { parseAuthority } from '../policy/authority.ts';
import type { Authority } from '../policy/types.ts';
import { parseConnectTo } from './connect-to.ts';
import { createUpstream, type PooledUpstream } from './create-upstream.ts';
import { loadTrust } from './trust.ts';

const { limits } = configSchema.parse({ routes: [{ name: 'a', hosts: ['*'], action: 'tunnel' }] });
const trust = loadTrust([]);

let upstream: PooledUpstream;

afterEach(async () => {
  await upstream.close();
});

interface SetUp {
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly allow?: readonly string[];
  readonly connectTo?: Readonly<Record<string, string>>;
}

function start({ names = {}, allow = [], connectTo = {} }: SetUp): void {
  upstream = createUpstream({
    config: { connect_to: connectTo },
    limits,
    guard: createAddressGuard(allow),
    trust,
    lookup: async (name) => ({ addresses: names[name] ?? [], ttlMs: 0 }),
  });
}

function authority(text: string): Authority {
  const parsed = parseAuthority(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

async function vet(text: string): Promise<string> {
  return await upstream.vet(authority(text)).then(
    (target) => target.addresses.map(({ ip, port }) => `${ip} ${port}`).join(', '),
    (error) => [error.code, error.reason].filter(Boolean).join(' '),
  );
}

describe('addresses', () => {
  it.each([
    ['8.8.8.8:443', '8.8.8.8 443'],
    ['127.0.0.1:443', 'address_denied loopback'],
    ['127.1:443', 'address_denied loopback'],
    ['0x7f000001:443', 'address_denied loopback'],
    ['[::1]:443', 'address_denied loopback'],
    ['[::ffff:10.0.0.1]:443', 'address_denied private'],
    ['[64:ff9b::7f00:1]:443', 'address_denied loopback'],
    ['169.254.169.254:80', 'address_denied metadata'],
    ['public.test:443', '8.8.8.8 443, 2606:4700::1 443'],
    ['private.test:443', 'address_denied private'],
    ['mixed.test:443', '8.8.8.8 443'],
    ['nothing.test:443', 'dns_failed ENODATA'],
  ])('%s: %s', async (target, expected) => {
    start({
      names: {
        'public.test': ['8.8.8.8', '2606:4700::1'],
        'private.test': ['10.0.0.1', 'fd00::1'],
        'mixed.test': ['10.0.0.1', '8.8.8.8', '::1', '::ffff:169.254.169.254'],
      },
    });
    expect(await vet(target)).toBe(expected);
  });

  it('are judged at each question: a name that moves inside is refused (rebinding)', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    upstream = createUpstream({
      config: { connect_to: {} },
      limits,
      guard: createAddressGuard([]),
      trust,
      lookup: async () => ({ addresses: answers.shift() ?? [], ttlMs: 0 }),
    });
    expect(await vet('rebind.test:443')).toBe('8.8.8.8 443');
    expect(await vet('rebind.test:443')).toBe('address_denied loopback');
  });
});

describe('allow_addresses', () => {
  it('opens what it names, not the neighbour', async () => {
    start({ allow: ['10.0.0.1/32'], names: { 'in.test': ['10.0.0.1'], 'near.test': ['10.0.0.2'] } });
    expect(await vet('in.test:443')).toBe('10.0.0.1 443');
    expect(await vet('near.test:443')).toBe('address_denied private');
    expect(await vet('10.0.0.2:443')).toBe('address_denied private');
  });
});

describe('connect_to', () => {
  it('sends one host and port to one address and port, and opens nothing else', async () => {
    start({
      connectTo: { 'API.test:443': '127.0.0.1:4443' },
      names: { 'api.test': ['8.8.8.8'], 'sub.api.test': ['127.0.0.1'] },
    });
    expect(await vet('api.test:443')).toBe('127.0.0.1 4443');
    expect(await vet('api.test:80')).toBe('8.8.8.8 80'); // another port of the host
    expect(await vet('sub.api.test:443')).toBe('address_denied loopback'); // another host at the address
    expect(await vet('127.0.0.1:4443')).toBe('address_denied loopback'); // the address itself
    expect(await vet('127.0.0.1:4444')).toBe('address_denied loopback'); // the other port
    expect(await vet('127.0.0.2:4443')).toBe('address_denied loopback'); // the neighbour
  });

  it.each([
    { 'a.test': '127.0.0.1:1' },
    { 'a.test:443': '127.0.0.1' },
    { 'a.test:443': 'b.test:443' },
    { 'a.test:443': '127.0.0.1:0' },
    { 'a..test:443': '127.0.0.1:1' },
  ])('%j cannot be read, and the error names it', (entries) => {
    start({});
    expect(() => parseConnectTo(entries)).toThrow(Object.keys(entries)[0]);
  });

  it('takes IPv6 on both sides', () => {
    start({});
    expect(parseConnectTo({ '[::2]:443': '[::1]:4443' })(authority('[0::2]:443'))).toEqual({ ip: '::1', port: 4443 });
  });
});

describe('our own listeners', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1:8888', 'proxy_loop'],
    ['127.0.0.1', '[::ffff:127.0.0.1]:8888', 'proxy_loop'],
    ['127.0.0.1', '0.0.0.0:8888', 'proxy_loop'],
    ['127.0.0.1', 'self.test:8888', 'proxy_loop'],
    ['127.0.0.1', 'pinned.test:443', 'proxy_loop'],
    ['127.0.0.1', '127.0.0.1:8889', '127.0.0.1 8889'],
    ['127.0.0.1', '127.0.0.2:8888', '127.0.0.2 8888'],
    ['0.0.0.0', '127.0.0.2:8888', 'proxy_loop'],
    ['::', '[::1]:8888', 'proxy_loop'],
    ['::', '8.8.8.8:8888', '8.8.8.8 8888'],
    ['localhost', '[::1]:8888', 'proxy_loop'],
  ])('on %s: %s is %s, allowed or not', async (host, target, expected) => {
    start({
      allow: ['0.0.0.0/8', '127.0.0.0/8', '::/127'],
      names: { 'self.test': ['8.8.8.8', '127.0.0.1'] },
      connectTo: { 'pinned.test:443': '127.0.0.1:8888' },
    });
    upstream.ownListener(host, 8888);
    expect(await vet(target)).toBe(expected);
  });

  it('on a wildcard are found by every address of the machine', async () => {
    start({ allow: ['0.0.0.0/0', '::/0'] });
    upstream.ownListener('0.0.0.0', 8888);
    const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    for (const { address, family } of own.filter((entry) => !entry.address.startsWith('fe80'))) {
      expect(await vet(family === 'IPv6' ? `[${address}]:8888` : `${address}:8888`)).toBe('proxy_loop');
    }
  });
});
