/**
 * Contract of the opening handshake: an answer that is none of WebSocket goes no faster than its client reads and no
 * longer than its origin speaks, and nothing that stands behind the request is taken for another one; framings that two
 * parsers read differently are refused; what cannot be read is in the ledger before it passes.
 */

import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import { gate, HOST, Rig } from '../intercept/testing/rig.ts';
import { quiet } from './testing/gated-rig.ts';
import { create, fromClient, handshake, KEY, openEnds, SWITCH, shutEnds } from './testing/websocket-ends.ts';

let rig: Rig;
afterEach(async () => {
  await rig.close();
  expect(rig.forwarder.active).toBe(0);
  expect(rig.budget.held).toBe(0);
});

const asks = (lines: string, version = '1.1') =>
  `GET /v1/responses HTTP/${version}\r\nHost: ${HOST}\r\n${KEY}\r\n${lines}\r\n\r\n`;

describe('an answer that is no WebSocket', () => {
  it('waits for a client that does not read', async () => {
    rig = await Rig.start({ raw: true });
    const client = await rig.peer();
    client.stream.pause();
    client.write(handshake('/v1/responses'));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 200 OK\r\n\r\n');
    const megabyte = Buffer.alloc(1 << 20, 'x');
    let sent = 0;
    // It stops when the proxy does not read, or never: 64 MiB are more than all sockets on the way hold.
    while (sent < 64 && (origin.stream.write(megabyte) || (await drains(origin.stream)))) sent += 1;
    expect(sent).toBeLessThan(64);
    client.stream.resume();
    client.stream.destroy();
    await origin.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
  });

  it('ends when its origin falls silent', async () => {
    rig = await Rig.start({ raw: true, limits: { origin_idle: '50ms' } });
    const client = await rig.peer();
    client.write(handshake('/v1/responses'));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    await client.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
    expect(rig.ledger.completed).toMatchObject([{ outcome: 'origin_failed', error_code: 'origin_timeout' }]);
  });

  it('is the last on its connection: what stands behind the request is no request', async () => {
    rig = await Rig.start({ raw: true });
    const client = await rig.peer();
    client.write(`${handshake('/v1/responses')}GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno');
    expect((await client.untilClosed()).match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(rig.raw.peers.map(({ text }) => text).join('')).not.toContain('smuggled');
  });

  it('is not given before it can be recorded', async () => {
    rig = await Rig.start({ raw: true });
    rig.ledger.openGate = () => Promise.reject(new ProxyError('ledger_unavailable'));
    const client = await rig.peer();
    client.write(handshake('/v1/responses'));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 503 .*ledger_unavailable/s);
  });
});

describe('with an extension that nobody here reads', () => {
  const answer = 'Sec-WebSocket-Extensions: x-odd\r\n';

  it('nothing passes before the ledger knows', async () => {
    rig = await Rig.start({ raw: true });
    const known = gate();
    rig.ledger.openGate = () => known.opened;
    const opening = openEnds(rig, '/v1/responses', { answer, head: fromClient(create('early')) });
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    await quiet();
    expect(origin.text.split('\r\n\r\n')[1]).toBe('');
    known.open();
    const ends = await opening;
    await rig.until(() => ends.atOrigin().length > 0);
    await shutEnds(rig, ends);
    expect(rig.captures).toMatchObject([{ status: 101 }]);
  });

  it('nothing passes when the ledger cannot know', async () => {
    rig = await Rig.start({ raw: true });
    rig.ledger.openGate = () => Promise.reject(new ProxyError('ledger_unavailable'));
    const client = await rig.peer();
    client.write(Buffer.concat([Buffer.from(handshake('/v1/responses')), fromClient(create('early'))]));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(`${SWITCH}${answer}\r\n`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 503 .*ledger_unavailable/s);
    await origin.untilClosed();
    expect(origin.text.split('\r\n\r\n')[1]).toBe('');
  });
});

describe('of a request', () => {
  beforeEach(async () => {
    rig = await Rig.start({ raw: true });
  });

  test.each([
    [
      'with a chunked body',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked',
      /^HTTP\/1\.1 400/,
    ],
    [
      'with a coded body',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: gzip, chunked',
      /^HTTP\/1\.1 400/,
    ],
    [
      'with two lengths',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\nContent-Length: 0',
      /^HTTP\/1\.1 400/,
    ],
    [
      'with both lengths',
      'Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\nTransfer-Encoding: chunked',
      /^HTTP\/1\.1 400/,
    ],
    [
      'for one of two protocols',
      'Upgrade: websocket, h2c\r\nConnection: Upgrade',
      /^HTTP\/1\.1 [45]\d\d .*upgrade_refused/s,
    ],
    [
      'for it twice',
      'Upgrade: websocket\r\nUpgrade: websocket\r\nConnection: Upgrade',
      /^HTTP\/1\.1 [45]\d\d .*upgrade_refused/s,
    ],
    ['for another host', `Upgrade: websocket\r\nConnection: Upgrade\r\nHost: ${HOST}`, /^HTTP\/1\.1 400/],
  ])('%s it is refused, and the origin not asked', async (_name, lines, answer) => {
    const client = await rig.peer();
    client.write(`${asks(lines)}0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(await client.untilClosed()).toMatch(answer);
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('of HTTP/1.0 it is refused', async () => {
    const client = await rig.peer();
    client.write(asks('Upgrade: websocket\r\nConnection: Upgrade', '1.0'));
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 [45]\d\d .*upgrade_refused/s);
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('with a length of nothing it is one like any other', async () => {
    const client = await rig.peer();
    client.write(asks('Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nContent-Length: 0'));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(`${SWITCH}\r\n`);
    await client.includes(SWITCH);
    client.stream.destroy();
    await origin.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
  });

  test('that did not ask, a switch of the origin is a failure', async () => {
    const client = await rig.peer();
    client.write(`GET /v1/responses HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(`${SWITCH}\r\n`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 502 /);
  });
});

/** False when nothing drains within many turns of the event loop. */
async function drains(stream: NodeJS.WritableStream & { readonly writableNeedDrain: boolean }): Promise<boolean> {
  for (let i = 0; i < 2_000 && stream.writableNeedDrain; i += 1) await new Promise((resolve) => setImmediate(resolve));
  return !stream.writableNeedDrain;
}
