/** The lookup against a DNS server of the test on a UDP socket: families, TTL, failures, and the hosts file before it. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemLookup } from './dns-lookup.ts';
import { HostsFile } from './hosts-file.ts';

const A = 1;
const AAAA = 28;

type Zone = Readonly<Record<string, { readonly [type: number]: readonly string[] | 'silent' }>>;

const ZONE: Zone = {
  'both.test': { [A]: ['192.0.2.1', '192.0.2.2'], [AAAA]: ['2001:db8::1'] },
  'four.test': { [A]: ['192.0.2.3'] },
  'six.test': { [AAAA]: ['2001:db8::3'] },
  'half.test': { [A]: ['192.0.2.4'], [AAAA]: 'silent' },
  'nothing.test': {},
  'silent.test': { [A]: 'silent', [AAAA]: 'silent' },
};

let server: Socket;
let folder: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createSocket('udp4');
  server.on('message', (query, from) => {
    const answer = answerTo(query);
    if (answer !== undefined) server.send(answer, from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'dns-'));
  await writeFile(join(folder, 'hosts'), '10.0.0.7 four.test\n10.0.0.8 mine.localhost\n');
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** RFC 1035 §4: the question back, with its records (TTL 60) or NXDOMAIN. */
function answerTo(query: Buffer): Buffer | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  const name = labels.join('.');
  asked.push(name);
  const records = ZONE[name]?.[type] ?? [];
  if (records === 'silent') return undefined;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(ZONE[name] === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, query.subarray(12, at + 5), ...records.map((ip) => record(type, ip))]);
}

function record(type: number, ip: string): Buffer {
  const data = type === A ? Buffer.from(ip.split('.').map(Number)) : ipv6(ip);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** `2001:db8::N` only: all that the zone has. */
function ipv6(ip: string): Buffer {
  const data = Buffer.alloc(16);
  data.writeUInt32BE(0x20010db8, 0);
  data.writeUInt8(Number(ip.split('::')[1]), 15);
  return data;
}

function lookup(name: string, hosts = '/nowhere') {
  const query = systemLookup({ hosts: new HostsFile(hosts), servers: [`127.0.0.1:${server.address().port}`] });
  return query(name, new AbortController().signal);
}

describe('DNS', () => {
  it.each([
    ['both.test', ['192.0.2.1', '2001:db8::1', '192.0.2.2']],
    ['four.test', ['192.0.2.3']],
    ['six.test', ['2001:db8::3']],
  ])('%s gives %j, families by turns, with the TTL of the records', async (name, addresses) => {
    expect(await lookup(name)).toEqual({ addresses, ttlMs: 60_000 });
  });

  it('does not wait for a family that is silent when the other one has answered', async () => {
    expect(await lookup('half.test')).toEqual({ addresses: ['192.0.2.4'], ttlMs: 60_000 });
  });

  it.each([
    ['unknown.test', 'ENOTFOUND'],
    ['nothing.test', 'ENODATA'],
  ])('%s fails with %s', async (name, reason) => {
    await expect(lookup(name)).rejects.toMatchObject({ code: 'dns_failed', reason });
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    const query = systemLookup({ hosts: new HostsFile('/nowhere'), servers: [`127.0.0.1:${server.address().port}`] });
    const message = once(server, 'message');
    const pending = query('silent.test', controller.signal);
    await message;
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'dns_failed', reason: 'ECANCELLED' });
  });

  it('takes names as absolute: no search list is tried', async () => {
    asked.length = 0;
    await expect(lookup('unknown.test')).rejects.toThrow();
    expect(new Set(asked)).toEqual(new Set(['unknown.test']));
  });
});

describe('before DNS', () => {
  it('the hosts file wins', async () => {
    asked.length = 0;
    expect((await lookup('four.test', join(folder, 'hosts'))).addresses).toEqual(['10.0.0.7']);
    expect((await lookup('mine.localhost', join(folder, 'hosts'))).addresses).toEqual(['10.0.0.8']);
    expect(asked).toEqual([]);
  });

  it('localhost and what is below it are loopback (RFC 6761 §6.3)', async () => {
    asked.length = 0;
    for (const name of ['localhost', 'a.b.localhost']) {
      expect((await lookup(name)).addresses).toEqual(['127.0.0.1', '::1']);
    }
    expect(asked).toEqual([]);
  });
});
