/**
 * Contract: every exchange ends once, in the record and on both sides. Who goes away is noticed by the other at once;
 * an answer that broke off is an error for the client, never a clean end; nothing is sent twice.
 */

import { once } from 'node:events';
import type http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { RawPeer } from '../intercept/testing/raw-peer.ts';
import { gate, HOST, type Hop, Rig, type RigOptions, readAnswer } from '../intercept/testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

const GET = `GET /path?secret=1 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const never = () => new Promise<void>(() => {});

async function settled(): Promise<void> {
  await rig.until(() => rig.forwarder.active === 0);
  expect(rig.budget.held).toBe(0);
}

function record() {
  expect(rig.ledger.completed).toHaveLength(1);
  return rig.ledger.completed[0];
}

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  describe('a client that goes away', () => {
    test('in the middle of a stream ends it at the origin', async () => {
      const aborted = Promise.withResolvers<void>();
      await start({
        hop,
        handler: (_request, response) => {
          response.on('close', () => aborted.resolve());
          response.writeHead(200).write('token');
        },
      });
      const client = await rig.peer();
      client.write(GET);
      await client.includes('token');
      client.stream.destroy();
      await aborted.promise;
      await settled();
      expect(record()).toMatchObject({ outcome: 'client_aborted', status: 200, error_code: null, response_bytes: 5 });
      expect(rig.captures[0]).toMatchObject({ clientAborted: true });
      expect(rig.captures[0]?.response.ended).toBe(false);
    });

    test('while the origin has not answered yet ends the request there', async () => {
      const aborted = Promise.withResolvers<void>();
      await start({ hop, handler: (_request, response) => void response.on('close', () => aborted.resolve()) });
      const client = await rig.peer();
      client.write(GET);
      await once(rig.origin.events, 'request');
      client.stream.destroy();
      await aborted.promise;
      await settled();
      expect(record()).toMatchObject({ outcome: 'client_aborted', status: null });
    });

    test('in the middle of its upload never looks like a complete upload', async () => {
      await start({ hop, raw: true });
      const client = await rig.peer();
      client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`);
      const origin = await rig.raw.peer();
      await origin.includes('abc');
      client.stream.destroy();
      await origin.untilClosed();
      expect(origin.text).not.toContain('\r\n0\r\n');
      await settled();
      expect(record()).toMatchObject({ outcome: 'client_aborted' });
      expect(rig.captures[0]?.request.ended).toBe(false);
    });

    test('before the record is committed leaves a record and no request', async () => {
      await start({ hop });
      const open = gate();
      rig.ledger.openGate = () => open.opened;
      const client = await rig.peer();
      const asked = once(rig.ledger.events, 'open');
      client.write(GET);
      await asked;
      client.stream.destroy();
      await rig.until(() => rig.interceptor.active === 0);
      open.open();
      await settled();
      expect(record()).toMatchObject({ outcome: 'client_aborted', status: null });
      expect(rig.origin.seen).toEqual([]);
    });

    test('while a second request waits behind the first leaves neither open', async () => {
      await start({ hop, handler: () => never() });
      const client = await rig.peer();
      client.write(GET + GET);
      await rig.until(() => rig.origin.seen.length === 2);
      client.stream.destroy();
      await settled();
      expect(rig.ledger.completed.map((each) => each.outcome)).toEqual(['client_aborted', 'client_aborted']);
      await rig.until(() => rig.origin.openSockets === 0);
    });

    test('after the last token is no abort: the answer was there', async () => {
      await start({ hop });
      const committed = gate();
      rig.ledger.completeGate = () => committed.opened;
      const client = await rig.peer();
      const completing = once(rig.ledger.events, 'complete');
      client.write(GET);
      await completing;
      client.stream.destroy();
      committed.open();
      await settled();
      expect(record()).toMatchObject({ outcome: 'complete', status: 200 });
    });
  });

  describe('an origin that goes away', () => {
    test.each([
      ['before its answer', '', 502, 'origin_reset'],
      ['in the middle of its head', 'HTTP/1.1 200 OK\r\nX-', 502, 'origin_reset'],
    ])('%s is a refusal that a client can read', async (_when, bytes, status, code) => {
      await start({ hop, raw: true });
      const answering = rig.request();
      const origin = await rig.raw.peer();
      await origin.includes('\r\n\r\n');
      origin.stream.end(bytes);
      const answer = await answering;
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body.toString()).error).toMatchObject({ code, type: 'judge_proxy_error', param: null });
      expect(answer.headers['x-judge-code']).toBe(code);
      await settled();
      expect(record()).toMatchObject({ outcome: 'origin_failed', error_code: code, status: null });
    });

    test.each([
      ['a chunked answer', 'Transfer-Encoding: chunked', '5\r\ntoken\r\n'],
      ['a chunk', 'Transfer-Encoding: chunked', '9\r\ntoken'],
      ['an answer of known length', 'Content-Length: 100', 'token'],
    ])('in the middle of %s is an error for the client', async (_what, header, bytes) => {
      await start({ hop, raw: true });
      const client = await rig.peer();
      client.write(GET);
      const origin = await rig.raw.peer();
      await origin.includes('\r\n\r\n');
      origin.write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n${bytes}`);
      await client.includes('token');
      origin.stream.destroy();
      expect(await client.untilClosed()).not.toContain('0\r\n\r\n');
      await settled();
      expect(record()).toMatchObject({ outcome: 'origin_failed', error_code: 'origin_reset', status: 200 });
    });

    test('with a library, too, the client gets an error', async () => {
      await start({
        hop,
        handler: (_request, response) => {
          response
            .writeHead(200, { 'content-type': 'text/event-stream' })
            .write('data: 1\n\n', () => response.destroy());
        },
      });
      const request = await rig.send();
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      await expect(readAnswer(response)).rejects.toThrow(/aborted/);
    });
  });

  test.each([
    ['an answer', 'HTTP/1.1 200 OK\r\n'],
    ['nothing', ''],
  ])('a POST is sent once, whatever becomes of it: %s, then a reset', async (_what, bytes) => {
    await start({ hop, raw: true });
    const answering = rig.request({ method: 'POST', body: 'x' });
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\nx');
    if (bytes !== '') origin.write(bytes);
    origin.stream.destroy();
    expect((await answering).status).toBe(502);
    await settled();
    expect(rig.raw.peers).toHaveLength(1);
  });

  test('a request on a connection that the origin closed meanwhile is not repeated either', async () => {
    await start({ hop, raw: true });
    const client = await rig.peer();
    const post = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1\r\n\r\n`;
    client.write(`${post}1`);
    const first = await rig.raw.peer();
    await first.includes('\r\n\r\n1');
    first.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.includes('ok');
    client.write(`${post}2`);
    await first.includes('\r\n\r\n2');
    first.stream.destroy();
    await client.includes('origin_reset');
    expect(rig.raw.peers).toHaveLength(1);
  });

  test('an early answer during an upload arrives whole, and the upload stops nobody', async () => {
    await start({ hop, raw: true });
    const client = await rig.peer();
    const length = 8 * 2 ** 20;
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`);
    client.write(Buffer.alloc(length / 2));
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large');
    await client.includes('too large');
    expect(client.text).toMatch(/^HTTP\/1.1 413 Too Large\r\n/);
    await settled();
    expect(record()).toMatchObject({ outcome: 'complete', status: 413 });
    // The rest of the upload is read and dropped, and the connection is good for another request.
    client.write(Buffer.alloc(length / 2));
    client.write(GET);
    const next = await rig.raw.peer(1);
    await next.includes('GET /path');
    next.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    await client.includes('next');
  });

  test('an origin that falls silent in the middle is given up, even while the client does not read', async () => {
    await start({ hop, raw: true, limits: { origin_idle: '200ms' } });
    const client = await rig.peer();
    client.stream.pause();
    client.write(GET);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    // More than all buffers between take, so that the response is paused; then nothing more.
    origin.write('1000000\r\n');
    origin.write(Buffer.alloc(0x1000000));
    const [completed] = await once(rig.ledger.events, 'completed');
    expect(completed).toMatchObject({ outcome: 'origin_failed', error_code: 'origin_timeout' });
    await origin.untilClosed();
    client.stream.resume();
    await client.untilClosed();
  });

  test('an origin that never answers is given up with 504', async () => {
    await start({ hop, handler: () => never(), limits: { origin_headers: '200ms' } });
    const answer = await rig.request();
    expect(answer.status).toBe(504);
    expect(answer.headers['x-judge-code']).toBe('origin_timeout');
  });

  test('a client that stops in the middle of its body is given up with 408', async () => {
    await start({ hop, limits: { origin_idle: '200ms' } });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 10\r\n\r\nabc`);
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 408 .*x-judge-code: request_timeout/s);
    await settled();
    expect(rig.origin.seen).toEqual([]);
  });

  test('an origin that is slow but not silent is never cut', async () => {
    await start({ hop, raw: true, limits: { origin_idle: '300ms' } });
    const client = await rig.peer();
    client.write(GET);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const started = performance.now();
    // Many times the idle limit in all, each pause well below it.
    while (performance.now() - started < 900) {
      origin.write('1\r\nx\r\n');
      const seen = client.text.length;
      await client.until((text) => text.length > seen);
    }
    origin.write('0\r\n\r\n');
    await client.includes('0\r\n\r\n');
  });
});

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

describe('plain HTTP on the HTTP/2 hop', () => {
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
});

describe('the ledger', () => {
  test('knows a request before the origin sees it, and its end before the client has the last byte', async () => {
    await start({ raw: true });
    const open = gate();
    const complete = gate();
    rig.ledger.openGate = () => open.opened;
    rig.ledger.completeGate = () => complete.opened;
    const client = await rig.peer();
    const asked = once(rig.ledger.events, 'open');
    client.write(
      `POST /v1/x?key=secret HTTP/1.1\r\nHost: ${HOST}\r\nX-Request-ID: mine\r\nContent-Length: 2\r\n\r\nhi`,
    );
    const [opened] = await asked;
    expect(opened).toMatchObject({
      host: HOST,
      port: 443,
      method: 'POST',
      path: '/v1/x',
      route: 'openai',
      judge: 'default',
    });
    await quiet();
    expect(rig.raw.peers).toHaveLength(0);

    open.open();
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\nhi');
    const completing = once(rig.ledger.events, 'complete');
    origin.write(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Request-Id: theirs\r\n\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n',
    );
    await client.includes('last'); // every token arrives, only the end is withheld
    const [completed] = await completing;
    await quiet();
    expect(client.text).not.toContain('0\r\n\r\n');
    complete.open();
    await client.includes('0\r\n\r\n');
    expect(completed).toMatchObject({
      outcome: 'complete',
      status: 200,
      client_request_id: 'mine',
      origin_request_id: 'theirs',
      request_bytes: 2,
      response_bytes: 9,
    });
    expect(opened.request_id).not.toBe('mine');
  });

  test.each([
    ['the last chunk of an answer with a length', 'Content-Length: 4\r\n\r\nbody', 'body'],
    ['the head of an answer without a body', 'Content-Length: 0\r\n\r\n', 'HTTP/1.1 200'],
  ])('%s waits for the record', async (_what, rest, withheld) => {
    await start({ raw: true });
    const complete = gate();
    rig.ledger.completeGate = () => complete.opened;
    const client = await rig.peer();
    client.write(GET);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    const completing = once(rig.ledger.events, 'complete');
    origin.write(`HTTP/1.1 200 OK\r\n${rest}`);
    await completing;
    await quiet();
    expect(client.text).not.toContain(withheld);
    complete.open();
    await client.includes(withheld);
  });

  test('an error of ours waits for its record, too', async () => {
    await start({ raw: true });
    const complete = gate();
    rig.ledger.completeGate = () => complete.opened;
    const client = await rig.peer();
    client.write(GET);
    const origin = await rig.raw.peer();
    const completing = once(rig.ledger.events, 'complete');
    origin.stream.destroy();
    await completing;
    await quiet();
    expect(client.text).toBe('');
    complete.open();
    await client.includes('origin_reset');
  });

  test('that cannot take a request keeps it from being sent', async () => {
    await start();
    rig.ledger.openGate = () => Promise.reject(new Error('disk full'));
    const answer = await rig.request({ method: 'POST', body: 'x' });
    expect(answer.status).toBe(503);
    expect(answer.headers['x-judge-code']).toBe('ledger_unavailable');
    expect(rig.origin.seen).toEqual([]);
    expect(rig.ledger.completed).toEqual([]);
  });

  test('that cannot take the end loses no answer, and says so', async () => {
    await start();
    rig.ledger.completeGate = () => Promise.reject(new Error('disk full'));
    const answer = await rig.request();
    expect(answer.body.toString()).toBe('hello');
    expect(rig.log.filter((line) => line.event === 'ledger_gap')).toHaveLength(1);
  });

  test('learns of plain requests on tunnel routes by their size alone', async () => {
    await start({ handler: (_request, response) => void response.end('four') });
    const client = new RawPeer(net.connect(rig.port, '127.0.0.1'));
    client.write(
      `POST http://${HOST}/x HTTP/1.1\r\nHost: ${HOST}\r\nX-Test-Unrecorded: 1\r\nContent-Length: 3\r\n\r\nabc`,
    );
    await client.includes('four');
    expect(rig.ledger.opened).toEqual([]);
    expect(rig.ledger.connections).toMatchObject([
      { action: 'tunnel', bytes_up: 3, bytes_down: 4, host: HOST, port: 80 },
    ]);
    client.stream.destroy();
  });
});

describe('what is refused before anything is sent', () => {
  test.each([
    ['gzip, chunked', 'POST / HTTP/1.1', 'Transfer-Encoding: gzip, chunked', 400, 'ambiguous_framing'],
    ['a coding on HTTP/1.0', 'POST / HTTP/1.0', 'Transfer-Encoding: chunked', 400, 'ambiguous_framing'],
    ['a second Host', 'GET / HTTP/1.1', `Host: ${HOST}`, 400, 'bad_request'],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1', 'X: 1', 400, 'bad_request'],
    ['a WebSocket', 'GET / HTTP/1.1', 'Connection: Upgrade\r\nUpgrade: websocket', 501, 'upgrade_refused'],
  ])('%s', async (_name, line, header, status, code) => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`${line}\r\nHost: ${HOST}\r\n${header}\r\n\r\n0\r\n\r\n`);
    const text = await client.includes('}');
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} .*x-judge-code: ${code}`, 's'));
    expect(rig.ledger.connections).toMatchObject([{ action: 'deny', error_code: code, route: 'openai' }]);
    expect(rig.raw.peers).toHaveLength(0);
    expect(rig.ledger.opened).toEqual([]);
  });

  test('a request that has our name in Via', async () => {
    await start();
    const answer = await rig.request({ headers: { host: HOST, via: `1.1 ${rig.via}` } });
    expect(answer.status).toBe(508);
    expect(rig.origin.seen).toEqual([]);
  });

  test('one more than the limit, and it can be repeated', async () => {
    const held = gate();
    await start({
      limits: { exchanges: 2 },
      handler: async (_request, response) => {
        await held.opened;
        response.end('done');
      },
    });
    const waiting = [rig.request(), rig.request()];
    await rig.until(() => rig.origin.seen.length === 2);
    const refused = await rig.request();
    expect(refused.status).toBe(503);
    expect(refused.headers['x-judge-code']).toBe('too_many_exchanges');
    expect(refused.headers['retry-after']).toBe('1');
    held.open();
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual([200, 200]);
    expect((await rig.request()).status).toBe(200);
  });

  test('all of it while we shut down, and what is open finishes', async () => {
    const held = gate();
    await start({
      handler: async (_request, response) => {
        await held.opened;
        response.end('done');
      },
    });
    const waiting = rig.request();
    await once(rig.origin.events, 'request');
    let drained = false;
    const draining = rig.forwarder.drain().then(() => {
      drained = true;
    });
    const refused = await rig.request();
    expect(refused.headers['x-judge-code']).toBe('shutting_down');
    expect(drained).toBe(false);
    held.open();
    expect((await waiting).body.toString()).toBe('done');
    await draining;
    await rig.forwarder.drain();
  });
});

/** Gives everything that is on its way time to arrive: many turns of the event loop that both ends run on. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 200; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
