/**
 * Contract: a stream reaches the client as the origin sends it. No event waits for another, none is cut, none is held
 * in our memory for a client that does not read.
 * Method: order of events, not durations: the origin sends an event only after the client has shown that it has the
 * one before, so a proxy that holds anything back never gets to the end.
 */

import { once } from 'node:events';
import type http from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type Hop, Rig, type RigOptions, readAnswer } from '../intercept/testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions): Promise<void> {
  rig = await Rig.start(options);
}
afterEach(async () => {
  await rig.close();
});

async function firstResponse(request: http.ClientRequest): Promise<http.IncomingMessage> {
  const [response] = await once(request, 'response');
  return response;
}

/** An origin that streams when the test says so. */
function streamed(headers: string[]) {
  const arrived = Promise.withResolvers<http.ServerResponse>();
  return {
    handler: (_request: unknown, response: http.ServerResponse) => {
      response.writeHead(200, headers);
      arrived.resolve(response);
    },
    response: arrived.promise,
  };
}

const SSE = ['Content-Type', 'text/event-stream'];

/** Resolves when the value has not changed for many turns of the event loop, on which every party here runs. */
async function standstill(value: () => number): Promise<void> {
  let last = -1;
  for (let still = 0; still < 1_000; still += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (value() !== last) still = 0;
    last = value();
  }
}

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('each event arrives before the next is sent', async () => {
    const origin = streamed(SSE);
    await start({ hop, handler: origin.handler });
    const request = await rig.send();
    const out = await origin.response;
    out.flushHeaders();
    const response = await firstResponse(request); // the head came without any event
    const ended = once(response, 'end');
    for (let i = 0; i < 50; i += 1) {
      const event = `data: {"i":${i}}\n\n`;
      out.write(event);
      const [chunk] = await once(response, 'data');
      expect(chunk.toString()).toBe(event);
    }
    out.end('data: [DONE]\n\n');
    const [last] = await once(response, 'data');
    expect(last.toString()).toBe('data: [DONE]\n\n');
    await ended;
  });

  test('with a Content-Length, too, all but the last chunk arrive as they are sent', async () => {
    const origin = streamed(['Content-Length', '4', ...SSE]);
    await start({ hop, handler: origin.handler });
    const request = await rig.send();
    const out = await origin.response;
    out.flushHeaders();
    const response = await firstResponse(request);
    const ended = once(response, 'end');
    for (const part of ['a', 'b', 'c', 'd']) {
      out.write(part);
      const [chunk] = await once(response, 'data');
      expect(chunk.toString()).toBe(part);
    }
    out.end();
    await ended;
  });

  test.each([1, 16])('one event of %i MiB arrives whole', async (mebibytes) => {
    const event = Buffer.concat([Buffer.from('data: '), Buffer.alloc(mebibytes * 2 ** 20, 'ab'), Buffer.from('\n\n')]);
    await start({ hop, handler: (_request, response) => void response.writeHead(200, SSE).end(event) });
    const answer = await rig.request();
    expect(answer.body.equals(event)).toBe(true);
    expect(rig.captures[0]?.response.total).toBe(event.length);
    expect(rig.captures[0]?.response.cut).toBe('cap');
  });

  test('a client that does not read stops the origin, and gets all of it once it reads', async () => {
    const total = 64 * 2 ** 20;
    const block = Buffer.alloc(2 ** 16, 'x');
    let sent = 0;
    await start({
      hop,
      handler: async (_request, response) => {
        response.writeHead(200, SSE);
        while (sent < total) {
          sent += block.length;
          if (!response.write(block)) await once(response, 'drain');
        }
        response.end();
      },
    });
    const request = await rig.send();
    const response = await firstResponse(request);
    await standstill(() => sent);
    // Whatever the sockets between hold, it is a small part of the whole.
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    for await (const chunk of response) received += (chunk as Buffer).length;
    expect(received).toBe(total);
  });

  test('an upload arrives at the origin while it is sent', async () => {
    await start({ hop, raw: true });
    const client = await rig.peer();
    client.write('POST / HTTP/1.1\r\nHost: api.openai.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    client.write('2\r\na0\r\n');
    const origin = await rig.raw.peer();
    for (let i = 1; i < 20; i += 1) {
      await origin.includes(`a${i - 1}`);
      client.write(`${(1 + String(i).length).toString(16)}\r\na${i}\r\n`);
    }
    await origin.includes('a19');
    client.write('0\r\n\r\n');
    await origin.includes('\r\n0\r\n\r\n');
    origin.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.includes('ok');
  });

  test('an upload that the origin does not read stops the client', async () => {
    await start({ hop, raw: true });
    const client = await rig.peer();
    const total = 64 * 2 ** 20;
    client.write(`POST / HTTP/1.1\r\nHost: api.openai.test\r\nContent-Length: ${total}\r\n\r\n`);
    const origin = await rig.raw.peer();
    origin.stream.pause();
    const block = Buffer.alloc(2 ** 20, 'x');
    let sent = 0;
    const pump = async () => {
      while (sent < total) {
        sent += block.length;
        if (!client.stream.write(block)) await once(client.stream, 'drain');
      }
    };
    void pump().catch(() => {});
    await standstill(() => sent);
    expect(sent).toBeLessThan(total / 2);
  });
});

test('a slow client gets the whole tail of an answer whose connection closes', async () => {
  const body = Buffer.alloc(4 * 2 ** 20, 'tail');
  await start({ handler: (_request, response) => void response.end(body) });
  const request = await rig.send({ headers: { host: 'api.openai.test', connection: 'close' } });
  const response = await firstResponse(request);
  await rig.until(() => rig.ledger.completed.length === 1 || rig.origin.openSockets > 0);
  const answer = await readAnswer(response);
  expect(answer.body.equals(body)).toBe(true);
});

test('a compressed stream passes as it is', async () => {
  const bytes = Buffer.from([0x1f, 0x8b, 0, 0xff, 0x0a]);
  await start({
    handler: (_request, response) => void response.writeHead(200, ['Content-Encoding', 'gzip', ...SSE]).end(bytes),
  });
  const answer = await rig.request();
  expect(answer.body.equals(bytes)).toBe(true);
  expect(rig.captures[0]?.response).toMatchObject({ contentEncoding: 'gzip', ended: true, cut: null, total: 5 });
});

test('copies of bodies are given back', async () => {
  await start({ handler: (request, response) => void response.end(request.body) });
  for (let i = 0; i < 3; i += 1) await rig.request({ method: 'POST', body: Buffer.alloc(100_000) });
  expect(rig.captures.map((capture) => capture.request.bytes.length)).toEqual([100_000, 100_000, 100_000]);
  await rig.until(() => rig.forwarder.active === 0);
  expect(rig.budget.held).toBe(0);
});
