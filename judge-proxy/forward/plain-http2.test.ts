/**
 * Contract: plain HTTP on the HTTP/2 hop arrives and ends as it does on HTTP/1.1, although heads and ends are told
 * differently.
 */

import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { RawPeer } from '../intercept/testing/raw-peer.ts';
import { HOST, Rig, type RigOptions } from '../intercept/testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

async function settled(): Promise<void> {
  await rig.until(() => rig.forwarder.active === 0);
  expect(rig.budget.held).toBe(0);
}

function record() {
  expect(rig.ledger.completed).toHaveLength(1);
  return rig.ledger.completed[0];
}

const [DATA, HEADERS, RST_STREAM, SETTINGS] = [0, 1, 3, 4];
const END_HEADERS = 4;

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, stream]), payload]);
}

/** A string of HPACK, not compressed (RFC 7541 §5.2). */
function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}

const plain = { ':scheme': 'http', ':authority': HOST, ':path': '/' };

test.each([
  ['without a reason', http2.constants.NGHTTP2_NO_ERROR],
  ['because it changed its mind', http2.constants.NGHTTP2_CANCEL],
])('a reset %s in the middle of an upload never looks like a complete upload', async (_why, code) => {
  await start({ raw: true });
  // Frame by frame: Node's client would end the body in order first.
  const client = new RawPeer(net.connect(rig.h2Port, '127.0.0.1'));
  const headers = { ':method': 'POST', ...plain };
  const block = Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]);
  client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  client.write(frame(SETTINGS, 0, 0, Buffer.alloc(0)));
  client.write(frame(HEADERS, END_HEADERS, 1, Buffer.concat(block)));
  client.write(frame(DATA, 0, 1, Buffer.from('abc')));
  const origin = await rig.plainRaw.peer();
  await origin.includes('abc');
  client.write(frame(RST_STREAM, 0, 1, Buffer.from([0, 0, 0, code])));
  expect(await origin.untilClosed()).not.toContain('\r\n0\r\n');
  client.stream.destroy();
  await settled();
  expect(record()).toMatchObject({ outcome: 'client_aborted' });
  expect(rig.captures[0]?.request.ended).toBe(false);
});

test('a client that goes away in the middle of a stream ends it at the origin', async () => {
  const aborted = Promise.withResolvers<void>();
  await start({
    handler: (_request, response) => {
      response.on('close', () => aborted.resolve());
      response.writeHead(200).write('token');
    },
  });
  const stream = await rig.h2Request({ ...plain, ':method': 'GET' });
  await once(stream, 'data');
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await aborted.promise;
  await settled();
  expect(record()).toMatchObject({ outcome: 'client_aborted' });
});

test('an origin that goes away in the middle resets the stream', async () => {
  await start({ handler: (_request, response) => void response.writeHead(200).write('x', () => response.destroy()) });
  const stream = await rig.h2Request({ ...plain, ':method': 'GET' });
  stream.resume();
  await expect(once(stream, 'close')).rejects.toThrow(/INTERNAL_ERROR/);
  expect(stream.rstCode).toBe(http2.constants.NGHTTP2_INTERNAL_ERROR);
  await settled();
  expect(record()).toMatchObject({ outcome: 'origin_failed', error_code: 'origin_reset' });
});

test('an origin that gives no answer is a refusal', async () => {
  await start({ handler: (_request, response) => void response.destroy() });
  const stream = await rig.h2Request({ ...plain, ':method': 'POST' }, Buffer.from('body'));
  const [head] = await once(stream, 'response');
  expect(head).toMatchObject({ ':status': 502, 'x-judge-code': 'origin_reset' });
  stream.resume();
  await once(stream, 'end');
  await settled();
});

test('plain HTTP on the HTTP/2 hop: pseudo-headers and what Envoy wrote stay behind', async () => {
  await start();
  const stream = await rig.h2Request(
    {
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': HOST,
      ':path': '/a?b',
      'x-own': '1',
      'x-judge-client-ip': '10.0.0.1',
      'x-envoy-attempt-count': '1',
      'x-forwarded-proto': 'http',
      'x-request-id': 'e',
    },
    Buffer.from('body'),
  );
  const [head] = await once(stream, 'response');
  const seen = rig.plainOrigin.seen[0];
  expect(head[':status']).toBe(200);
  expect(seen?.rawHeaders).toEqual([
    ...['host', HOST, 'connection', 'keep-alive', 'x-own', '1', 'Via', `2 ${rig.via}`, 'transfer-encoding', 'chunked'],
  ]);
  expect(seen?.body.toString()).toBe('body');
});

test('an answer on the HTTP/2 hop keeps repeats', async () => {
  await start({
    handler: (_request, response) => {
      response.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Connection', 'x-hop', 'X-Hop', '1']);
      response.end('hi');
    },
  });
  const stream = await rig.h2Request({ ':method': 'GET', ':scheme': 'http', ':authority': HOST, ':path': '/' });
  const [head] = await once(stream, 'response');
  expect(head['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(head['x-hop']).toBeUndefined();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('hi');
});
