/**
 * Contract, byte for byte on both sides of the proxy: the handshake and every frame pass as they were sent; a request on
 * Responses over WebSocket waits for its record, pings do not, and the end of a response waits for its completing record;
 * what breaks the protocol is recorded as unread and passes; shutdown closes with 1001 when nothing is under way.
 */

import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import { closePayload, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import type { RawPeer } from '../intercept/testing/raw-peer.ts';
import { gate, HOST, Rig } from '../intercept/testing/rig.ts';

const MASK = Uint8Array.of(9, 8, 7, 6);
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n';

const fromClient = (text: string, opcode: number = OPCODE.text) =>
  Buffer.from(writeFrame(opcode, Buffer.from(text), MASK));
const fromOrigin = (text: string, opcode: number = OPCODE.text) =>
  Buffer.from(writeFrame(opcode, Buffer.from(text), null));
const create = (input: string, more: object = {}) => JSON.stringify({ type: 'response.create', input, ...more });
const event = (type: string, more: object = {}) => JSON.stringify({ type, ...more });
const closed = (code: number, reason: string) => Buffer.from(closePayload(code, reason)).toString('latin1');

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start({ raw: true });
});
afterEach(async () => {
  await rig.close();
  expect(rig.forwarder.active).toBe(0);
  expect(rig.budget.held).toBe(0);
});

interface Ends {
  readonly client: RawPeer;
  readonly origin: RawPeer;
  /** What came behind the handshake. */
  readonly atClient: () => string;
  readonly atOrigin: () => string;
}

async function open(path = '/v1/responses', { offer = '', answer = '', early = Buffer.alloc(0) } = {}): Promise<Ends> {
  const client = await rig.peer();
  client.write(
    `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n${offer}\r\n`,
  );
  const origin = await rig.raw.peer(rig.raw.peers.length);
  const head = await origin.includes('\r\n\r\n');
  origin.write(Buffer.concat([Buffer.from(`${SWITCH}${answer}\r\n`), early]));
  const switched = await client.includes('\r\n\r\n');
  const behind = switched.indexOf('\r\n\r\n') + 4;
  return {
    ...{ client, origin },
    atClient: () => client.text.slice(behind),
    atOrigin: () => origin.text.slice(head.length),
  };
}

async function shut({ client, origin }: Ends): Promise<void> {
  client.stream.destroy();
  await origin.untilClosed();
  await rig.until(() => rig.forwarder.active === 0);
}

describe('the handshake', () => {
  it('reaches the origin as it was, and its answer the client in one piece, with what came behind both', async () => {
    const offer = 'sEC-wEBsOCKET-eXTENSIONS: x-odd; a=1\r\nSec-WebSocket-Protocol: a,b\r\nX-Twice: 1\r\nX-Twice: 2\r\n';
    const early = fromOrigin('hello');
    const ends = await open('/chat?x=1', { offer, answer: 'SEC-websocket-protocol: b\r\n', early });
    expect(ends.origin.text).toContain(
      `GET /chat?x=1 HTTP/1.1\r\nhost: ${HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\n`,
    );
    expect(ends.origin.text).toContain(`${KEY}\r\n${offer}`);
    expect(ends.client.text).toContain(`${SWITCH}SEC-websocket-protocol: b\r\n\r\n`);
    await ends.client.includes(early.toString('latin1'));
    await shut(ends);
  });

  it('that is refused by the origin is an answer like any other', async () => {
    const client = await rig.peer();
    client.write(
      `GET /v1/responses HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n\r\n`,
    );
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 401 Nope\r\nX-Why: key\r\nContent-Length: 7\r\n\r\nno key!');
    const text = await client.untilClosed();
    expect(text).toMatch(/^HTTP\/1\.1 401 Nope\r\nX-Why: key\r\n/);
    expect(text.endsWith('no key!')).toBe(true);
    expect(rig.ledger.completed).toMatchObject([{ status: 401, outcome: 'complete' }]);
  });

  it.each(['HTTP/1.1 101 Odd\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n', 'HTTP/1.1 101 Odd\r\n\r\n'])(
    'that ends in another protocol is a failure of the origin: %j',
    async (head) => {
      const client = await rig.peer();
      client.write(
        `GET /v1/responses HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n\r\n`,
      );
      const origin = await rig.raw.peer();
      await origin.includes('\r\n\r\n');
      origin.write(head);
      expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 502 /);
    },
  );

  it('given up by the client ends the origin', async () => {
    const client = await rig.peer();
    client.write(
      `GET /v1/responses HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n\r\n`,
    );
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    client.stream.destroy();
    await origin.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
  });

  it('with a body, or behind a request that is not answered, is refused', async () => {
    const client = await rig.peer();
    client.write(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 3\r\n${KEY}\r\n\r\nabc`,
    );
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 400 .*upgrade_body/s);
    const second = await rig.peer();
    second.write(`GET /slow HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await (await rig.raw.peer()).includes('/slow');
    second.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n\r\n`);
    expect(await second.untilClosed()).toBe('');
  });

  it('that names another host is refused', async () => {
    const client = await rig.peer();
    client.write(`GET / HTTP/1.1\r\nHost: other.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${KEY}\r\n\r\n`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 421 /);
  });
});

describe('a request', () => {
  it('waits for its record; pings do not, and a close frame stays behind it', async () => {
    const hold = gate();
    rig.ledger.openGate = () => hold.opened;
    const ends = await open();
    const asked = fromClient(create('a'));
    const ping = fromClient('are you there', OPCODE.ping);
    const close = fromClient(closed(1000, ''), OPCODE.close);
    ends.client.write(Buffer.concat([asked, ping, close]));
    await ends.origin.includes(ping.toString('latin1'));
    expect(ends.atOrigin()).toBe(ping.toString('latin1'));
    hold.open();
    await ends.origin.includes(close.toString('latin1'));
    expect(ends.atOrigin()).toBe(Buffer.concat([ping, asked, close]).toString('latin1'));
    await shut(ends);
  });

  it('in fragments and single bytes arrives as it was sent, as one exchange', async () => {
    const ends = await open();
    const text = create('in pieces');
    const first = fromClient(text.slice(0, 9));
    first[0] = OPCODE.text;
    const bytes = Buffer.concat([first, fromClient('x', OPCODE.ping), fromClient(text.slice(9), OPCODE.continuation)]);
    for (const byte of bytes) ends.client.write(Buffer.of(byte));
    await rig.until(() => ends.atOrigin().length === bytes.length);
    expect(rig.ledger.opened).toHaveLength(1);
    await shut(ends);
    expect(Buffer.from(rig.captures[0]?.request.bytes ?? []).toString()).toBe(text);
    expect(rig.captures[0]?.clientAborted).toBe(true);
  });

  it('in a binary message is one like any other', async () => {
    const ends = await open();
    const asked = fromClient(create('as bytes'), OPCODE.binary);
    ends.client.write(asked);
    await rig.until(() => ends.atOrigin().length === asked.length);
    expect(rig.ledger.order).toEqual(['open']);
    await shut(ends);
    expect(Buffer.from(rig.captures[0]?.request.bytes ?? []).toString()).toBe(create('as bytes'));
  });

  it('that cannot be recorded is not sent: its lane hears of it, the connection goes on', async () => {
    rig.ledger.openGate = () => Promise.reject(new ProxyError('ledger_unavailable'));
    const ends = await open();
    ends.client.write(fromClient(create('a', { stream_id: 'lane "1' })));
    await ends.client.includes('ledger_unavailable');
    expect(JSON.parse(ends.atClient().slice(4))).toMatchObject({
      type: 'error',
      stream_id: 'lane "1',
      status: 503,
      error: { code: 'ledger_unavailable', type: 'judge_proxy_error', param: null },
    });
    rig.ledger.openGate = async () => {};
    const next = fromClient(create('b'));
    ends.client.write(next);
    await ends.origin.includes(next.toString('latin1'));
    expect(ends.atOrigin()).toBe(next.toString('latin1'));
    await shut(ends);
  });

  it('that is dropped ends a connection whose later messages refer to it', async () => {
    rig.ledger.openGate = () => Promise.reject(new ProxyError('ledger_unavailable'));
    const ends = await open('/v1/responses', { answer: 'Sec-WebSocket-Extensions: permessage-deflate\r\n' });
    ends.client.write(fromClient(create('a')));
    expect(await ends.client.untilClosed()).toContain(closed(1013, 'request_dropped'));
    await ends.origin.untilClosed();
    expect(ends.atOrigin()).not.toContain('response.create');
  });
});

describe('a response', () => {
  it('passes as it comes; its end waits for the completing record', async () => {
    const hold = gate();
    const ends = await open();
    ends.client.write(fromClient(create('a')));
    await rig.until(() => ends.atOrigin().length > 0);
    rig.ledger.completeGate = () => hold.opened;
    const start = fromOrigin(event('response.created', { response: { id: 'r1' } }));
    const end = fromOrigin(event('response.completed', { response: { id: 'r1' } }));
    const behind = fromOrigin('late', OPCODE.ping);
    const completing = new Promise((resolve) => rig.ledger.events.once('complete', resolve));
    ends.origin.write(Buffer.concat([start, end, behind]));
    await completing;
    await ends.client.includes(start.toString('latin1'));
    expect(ends.atClient()).toBe(start.toString('latin1'));
    hold.open();
    await ends.client.includes(behind.toString('latin1'));
    expect(ends.atClient()).toBe(Buffer.concat([start, end, behind]).toString('latin1'));
    await shut(ends);
    expect(Buffer.from(rig.captures[0]?.response.bytes ?? []).toString()).toBe(
      `data: ${event('response.created', { response: { id: 'r1' } })}\n\ndata: ${event('response.completed', { response: { id: 'r1' } })}\n\n`,
    );
    expect(rig.captures[0]).toMatchObject({ status: 200, path: '/v1/responses', method: 'GET' });
  });

  it('that a steering input brings about is an exchange of its own', async () => {
    const ends = await open();
    const say = (type: string, more: object = {}) => ends.origin.write(fromOrigin(event(type, more)));
    ends.client.write(fromClient(create('first')));
    await rig.until(() => rig.ledger.order.includes('open'));
    say('response.created', { response: { id: 'r1' } });
    await ends.client.includes('r1');
    ends.client.write(fromClient(event('response.steer', { previous_response_id: 'r1', input: 'rather second' })));
    await rig.until(() => rig.ledger.opened.length === 2);
    say('response.incomplete', { response: { id: 'r1', incomplete_details: { reason: 'steered' } } });
    say('response.created', { response: { id: 'r2', previous_response_id: 'r1' } });
    say('response.completed', { response: { id: 'r2' } });
    await rig.until(() => rig.ledger.completed.length === 2);
    const texts = rig.captures.map(({ request, response }) => [
      Buffer.from(request.bytes).toString(),
      Buffer.from(response.bytes).toString(),
    ]);
    expect(texts[0]?.[0]).toContain('first');
    expect(texts[0]?.[1]).toContain('steered');
    expect(texts[1]?.[0]).toContain('rather second');
    expect(texts[1]?.[1]).toContain('"r2"');
    expect(texts[1]?.[1]).not.toContain('steered');
    await shut(ends);
  });

  it('that is under way when the origin goes is kept, and the client learns of the end', async () => {
    const ends = await open();
    ends.client.write(fromClient(create('a')));
    await rig.until(() => ends.atOrigin().length > 0);
    ends.origin.write(fromOrigin(event('response.created', { response: { id: 'r1' } })));
    ends.origin.stream.end();
    await ends.client.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
    expect(rig.ledger.completed).toMatchObject([{ outcome: 'origin_failed', error_code: 'origin_reset' }]);
  });
});

describe('what breaks the protocol is recorded as unread, and passes unchanged', () => {
  test.each([
    ['no mask', fromOrigin('from a client')],
    ['a reserved bit', Buffer.of(0xf1, 0x80, 1, 2, 3, 4)],
    ['rubbish', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('of the client: %s', async (_name, bytes) => {
    const ends = await open();
    const before = fromClient(create('a'));
    ends.client.write(Buffer.concat([before, bytes]));
    await rig.until(() => ends.atOrigin().length === before.length + bytes.length);
    ends.client.write(bytes);
    await rig.until(() => ends.atOrigin().length === before.length + 2 * bytes.length);
    expect(ends.atOrigin()).toBe(Buffer.concat([before, bytes, bytes]).toString('latin1'));
    ends.origin.write('anything at all');
    await ends.client.includes('anything at all');
    await shut(ends);
    // The request that was under way, cut short, and the rest of the connection.
    await rig.until(() => rig.ledger.completed.length === 2);
    const rest = rig.captures.find(({ status }) => status === 101);
    expect(rest?.request).toMatchObject({ total: before.length + 2 * bytes.length });
    expect(rest?.response).toMatchObject({ total: 15 });
  });

  test('of the origin', async () => {
    const ends = await open();
    ends.origin.write(Buffer.concat([fromOrigin('fine', OPCODE.ping), Buffer.of(0x83, 0, 1, 2)]));
    await rig.until(() => ends.atClient().length === 6 + 4);
    ends.client.write(fromClient(create('unread')));
    await rig.until(() => ends.atOrigin().length > 0);
    await shut(ends);
    expect(rig.captures).toMatchObject([{ status: 101 }]);
  });

  test('a bomb', async () => {
    const ends = await open('/v1/responses', { answer: 'Sec-WebSocket-Extensions: permessage-deflate\r\n' });
    const frame = Buffer.from(writeFrame(OPCODE.text, deflateRawSync(Buffer.alloc(64 << 20)), MASK));
    frame[0] = 0xc1;
    ends.client.write(frame);
    await rig.until(() => ends.atOrigin().length === frame.length);
    await shut(ends);
    expect(rig.captures).toMatchObject([{ status: 101, request: { total: frame.length } }]);
  });
});

describe('shutdown', () => {
  it('closes what is idle with 1001, on both sides', async () => {
    const ends = await open();
    const drained = rig.forwarder.drain();
    expect(await ends.client.untilClosed()).toContain(closed(1001, 'shutting_down'));
    await ends.origin.untilClosed();
    const [first, second] = Buffer.from(ends.atOrigin(), 'latin1');
    expect([first, second]).toEqual([0x88, 0x80 | 15]);
    await drained;
  });

  it('lets a response under way end first', async () => {
    const ends = await open();
    ends.client.write(fromClient(create('a')));
    await rig.until(() => ends.atOrigin().length > 0);
    const drained = rig.forwarder.drain();
    const end = fromOrigin(event('response.completed', { response: { id: 'r1' } }));
    ends.origin.write(end);
    expect(await ends.client.untilClosed()).toContain(
      end.toString('latin1') +
        Buffer.from(writeFrame(OPCODE.close, closePayload(1001, 'shutting_down'), null)).toString('latin1'),
    );
    await drained;
  });

  it('closes a connection that nobody reads between two messages', async () => {
    const ends = await open('/chat');
    const whole = fromOrigin('a message');
    ends.origin.write(whole.subarray(0, 5));
    await rig.until(() => ends.atClient().length === 5);
    const drained = rig.forwarder.drain();
    ends.origin.write(whole.subarray(5));
    const text = await ends.client.untilClosed();
    expect(text).toContain(
      whole.toString('latin1') +
        Buffer.from(writeFrame(OPCODE.close, closePayload(1001, 'shutting_down'), null)).toString('latin1'),
    );
    await drained;
  });
});
