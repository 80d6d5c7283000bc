/**
 * Contract: every exchange ends once, in the record and on both sides. Who goes away is noticed by the other at once;
 * an answer that broke off is an error for the client, never a clean end; nothing is sent twice.
 */

import { once } from 'node:events';
import type http from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
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
    expect(record()).toMatchObject({ outcome: 'client_aborted', error_code: 'request_timeout' });
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
