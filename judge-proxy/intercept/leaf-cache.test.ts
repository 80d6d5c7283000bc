/** Contract: one certificate a host, valid whenever it is shown, from a bounded cache. */

import { randomBytes, type X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { loadCa } from '../../certs-tool/authority.ts';
import { makeInterceptionCa } from '../../certs-tool/make-ca.ts';
import { LeafCache } from './leaf-cache.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const random = (length: number) => randomBytes(length);

function newCa(dns: string[] = []) {
  const { certPem, keyPem } = makeInterceptionCa(dns, { now: new Date(START), random });
  return loadCa(certPem, keyPem);
}

function cache(max = 10, ca = newCa()) {
  const clock = { now: START };
  const state = { ca };
  const leaves = new LeafCache({
    ca: () => state.ca,
    max,
    handshakeMs: 1_000,
    clock: { now: () => clock.now, monotonic: () => clock.now },
    randomBytes: random,
    events: { secured: () => {}, failed: () => {} },
  });
  return { leaves, clock, state };
}

/** The certificate that a client is shown. */
async function shown(server: tls.Server): Promise<X509Certificate> {
  const door = net.createServer((socket) => server.emit('connection', socket));
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const client = tls.connect({
    port: (door.address() as AddressInfo).port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
  });
  await once(client, 'secureConnect');
  const certificate = client.getPeerX509Certificate();
  client.destroy();
  door.close();
  if (certificate === undefined) throw new Error('no certificate');
  return certificate;
}

test('a host has one server until a third of its life is left, then a new one', () => {
  const { leaves, clock } = cache();
  const first = leaves.server('a.test');
  clock.now += 4 * DAY;
  expect(leaves.server('a.test')).toBe(first);
  clock.now = START + Math.ceil((7 + 1 / 24) * (2 / 3) * DAY); // backdated by an hour
  expect(leaves.server('a.test')).not.toBe(first);
  expect(leaves.minted).toBe(2);
});

test('each certificate names its host, is signed by the CA, and never carries its key', async () => {
  const ca = newCa();
  const { leaves } = cache(10, ca);
  const [a, b] = [await shown(leaves.server('a.test')), await shown(leaves.server('b.test'))];
  expect([a.subjectAltName, b.subjectAltName]).toEqual(['DNS:a.test', 'DNS:b.test']);
  expect(a.verify(ca.cert.publicKey)).toBe(true);
  expect(a.checkIssued(ca.cert)).toBe(true);
  expect(a.serialNumber).not.toBe(b.serialNumber);
  expect(a.publicKey.equals(b.publicKey)).toBe(true);
  expect(a.publicKey.equals(ca.cert.publicKey)).toBe(false);
});

test('a new CA is taken up at the next connection', async () => {
  const { leaves, state } = cache();
  leaves.server('a.test');
  state.ca = newCa();
  expect((await shown(leaves.server('a.test'))).checkIssued(state.ca.cert)).toBe(true);
});

test('ten thousand hosts stay within the bound, and the least recently used goes', () => {
  const { leaves } = cache(3);
  for (const host of ['a.test', 'b.test', 'c.test']) leaves.server(host);
  const kept = leaves.server('a.test');
  leaves.server('d.test');
  expect(leaves.size).toBe(3);
  expect(leaves.server('a.test')).toBe(kept);
  expect(leaves.minted).toBe(4);
  leaves.server('b.test');
  expect(leaves.minted).toBe(5);
  for (let i = 0; i < 10_000; i += 1) leaves.server(`h${i}.test`);
  expect(leaves.size).toBe(3);
});

test('what the CA may not sign is not cached, and an expired CA signs nothing', () => {
  const { leaves, clock } = cache(10, newCa(['a.test']));
  expect(() => leaves.server('b.test')).toThrow(expect.objectContaining({ code: 'host_not_permitted' }));
  expect(leaves.size).toBe(0);
  leaves.server('a.test');
  clock.now += 10_000 * DAY;
  expect(() => leaves.server('a.test')).toThrow(expect.objectContaining({ code: 'ca_expired' }));
});
