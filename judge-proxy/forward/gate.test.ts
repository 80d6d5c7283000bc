/**
 * Contract: an answer behind a gate reaches the client when the gate says so and as the ending says: nothing before a
 * release, the head with the first byte of it, the origin paused while gate or client are behind.
 */

import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, test } from 'vitest';
import type { CapturedBody } from '../exchange/capture.ts';
import { RawPeer } from '../intercept/testing/raw-peer.ts';
import { HOST, type Hop, readAnswer } from '../intercept/testing/rig.ts';
import { GET, quiet, useGated } from './testing/gated-rig.ts';
import { blocked } from './testing/scripted-recorder.ts';

const { start, asked } = useGated();

const CHUNKED = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n';

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('nothing of a held answer is seen before its end, then all of it, as the origin sent it', async () => {
    const { rig, recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, origin, gate } = await asked(`${CHUNKED}X-Case: Kept\r\nETag: "1"\r\n`);
    origin.write('5\r\nfirst\r\n');
    await recorder.until(() => gate.text === 'first');
    await quiet();
    expect(client.text).toBe('');
    origin.write('6\r\nsecond\r\n0\r\nX-Trailer: yes\r\n\r\n');
    const text = await client.includes('\r\n0\r\n');
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n.*X-Case: Kept\r\nETag: "1"/s);
    expect(text).toMatch(/firstsecond\r\n0\r\nX-Trailer: yes\r\n\r\n$/);
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'complete', status: 200, response: { total: 11, ended: true } });
    expect(gate.head).toEqual({
      status: 200,
      contentType: 'text/event-stream',
      contentEncoding: null,
      secretHeaders: [],
    });
    client.write(GET);
    await rig.until(() => recorder.starts.length === 2);
  });

  test('the end waits for the word of the recorder', async () => {
    const finishing = Promise.withResolvers<void>();
    const { recorder, settled } = await start(
      {
        gate: () => {},
        finish: async (_end, gate) => {
          await finishing.promise;
          return { kind: 'deliver', rest: gate?.chunks ?? [] };
        },
      },
      { hop, raw: true },
    );
    const { client, origin } = await asked('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n');
    origin.write('body');
    await recorder.until(() => recorder.ends.length === 1);
    await quiet();
    expect(client.text).toBe('');
    finishing.resolve();
    expect(await client.includes('body')).toContain('Content-Length: 4');
    await settled();
  });

  test('what is released goes out at once, the head before it', async () => {
    const { settled } = await start(
      { gate: () => {}, finish: () => ({ kind: 'deliver', rest: [] }) },
      { hop, raw: true },
    );
    const { client, origin, gate } = await asked(CHUNKED);
    gate.onPush = (chunk) => void gate.outlet.release(chunk);
    for (let i = 0; i < 20; i += 1) {
      origin.write(`6\r\nevent${String.fromCharCode(97 + i)}\r\n`);
      await client.includes(`event${String.fromCharCode(97 + i)}`);
    }
    origin.write('0\r\n\r\n');
    await client.includes('0\r\n\r\n');
    await settled();
  });

  test('an empty release sends the head alone', async () => {
    await start({ gate: () => {} }, { hop, raw: true });
    const { client, gate } = await asked(CHUNKED);
    await quiet();
    expect(client.text).toBe('');
    gate.outlet.release(new Uint8Array(0));
    expect(await client.includes('\r\n\r\n')).toMatch(/\r\n\r\n$/);
  });

  test('what no longer fits a decoded body is left out of its head', async () => {
    const { settled } = await start({ gate: () => {} }, { hop, raw: true });
    const { client, origin, gate } = await asked(
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\nETag: "x"\r\nContent-MD5: x\r\nDigest: x\r\n' +
        'Content-Digest: x\r\nRepr-Digest: x\r\nAccept-Ranges: bytes\r\nSignature: x\r\nVary: Accept-Encoding\r\n' +
        'Content-Type: text/event-stream\r\n',
    );
    gate.body = 'decoded';
    gate.outlet.release(Buffer.from('much longer than three'));
    origin.write('abc');
    const text = await client.includes('0\r\n\r\n');
    expect(text).toContain('much longer than three');
    expect(text).toMatch(/Vary: Accept-Encoding\r\nContent-Type: text\/event-stream/);
    expect(text).not.toMatch(/length|Content-Encoding|etag|md5|digest|ranges|signature/i);
    await settled();
  });

  test('a stream of events does not promise its length while it may get an ending of ours', async () => {
    const { settled } = await start({ gate: () => {}, finish: () => blocked('data: stopped\n\n') }, { hop, raw: true });
    const { client, gate } = await asked(
      'HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; x=y\r\nContent-Length: 50\r\n',
    );
    gate.outlet.release(Buffer.from('data: good\n\n'));
    gate.outlet.stop();
    const text = await client.includes('0\r\n\r\n');
    expect(text).not.toContain('Content-Length');
    expect(text).toMatch(/data: good\n\ndata: stopped\n\n\r\n0\r\n\r\n$/s);
    await settled();
  });

  test('a gate that takes no more pauses the origin, and may be slower than an origin may be silent', async () => {
    const { rig, recorder, settled } = await start(
      { gate: () => {} },
      { hop, limits: { origin_idle: '150ms' }, raw: true },
    );
    const { client, origin, gate } = await asked(CHUNKED);
    gate.takesMore = false;
    origin.write('4\r\nheld\r\n');
    await recorder.until(() => gate.text === 'held');
    // A later one, whose origin is silent while its gate would take more, is given up: so long the first was waited for.
    const other = await rig.peer();
    other.write(GET);
    const silent = await rig.raw.peer(1);
    await silent.includes('\r\n\r\n');
    silent.write(`${CHUNKED}\r\n`);
    await other.includes('origin_timeout');
    expect(recorder.ends).toHaveLength(1);
    origin.write('5\r\nagain\r\n');
    await quiet();
    expect(gate.text).toBe('held');
    gate.takesMore = true;
    gate.outlet.resume();
    gate.outlet.resume();
    await recorder.until(() => gate.text === 'heldagain');
    origin.write('0\r\n\r\n');
    await client.includes('0\r\n\r\n');
    await settled();
  });

  test('a client that does not read stops the origin, and what is released meanwhile is queued', async () => {
    const total = 48 * 2 ** 20;
    const block = Buffer.alloc(2 ** 16, 'x');
    let sent = 0;
    const { rig, settled } = await start(
      {
        gate: (gate) => {
          gate.onPush = (chunk) => {
            gate.chunks.length = 0;
            gate.outlet.release(chunk);
          };
        },
        finish: () => ({ kind: 'deliver', rest: [] }),
      },
      {
        hop,
        handler: async (_request, response) => {
          response.writeHead(200, ['Content-Type', 'text/event-stream']);
          while (sent < total) {
            sent += block.length;
            if (!response.write(block)) await once(response, 'drain');
          }
          response.end();
        },
      },
    );
    const request = await rig.send();
    const [response] = await once(request, 'response');
    let last = -1;
    while (last !== sent) {
      last = sent;
      await quiet();
    }
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    for await (const chunk of response) received += chunk.length;
    expect(received).toBe(total);
    await settled();
  });

  test('the rest of a long answer is written as fast as the client reads', async () => {
    let written = 0;
    const pieces: Buffer[] = [];
    for (let i = 0; i < 512; i += 1) {
      const get = () => {
        written = Math.max(written, i + 1);
        return Buffer.alloc(2 ** 16, i);
      };
      Object.defineProperty(pieces, i, { get });
    }
    const { rig, settled } = await start(
      { gate: () => {}, finish: () => ({ kind: 'deliver', rest: pieces }) },
      { hop, handler: (_request, response) => void response.write('x', () => response.end()) },
    );
    const request = await rig.send();
    const [response] = await once(request, 'response');
    await rig.until(() => written > 0);
    await quiet();
    expect(written).toBeLessThan(pieces.length / 2);
    const answer = await readAnswer(response);
    expect(answer.body).toHaveLength(pieces.length * 2 ** 16);
    expect(answer.body.at(-1)).toBe(255);
    await settled();
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 77\r\n', /Content-Length: 77/],
    ['GET', 'HTTP/1.1 204 No Content\r\n', /^HTTP\/1.1 204/],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "e"\r\n', /^HTTP\/1.1 304.*ETag: "e"/s],
  ])('%s without a body: %j', async (method, head, expected) => {
    const { rig, recorder, settled } = await start({ gate: () => {} }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`${method} / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head}\r\n`);
    expect(await client.includes('\r\n\r\n')).toMatch(expected);
    await settled();
    expect(recorder.gates).toHaveLength(1);
    client.write(GET);
    await rig.until(() => recorder.starts.length === 2);
  });

  test('a block of a HEAD request has no body', async () => {
    const { rig, settled } = await start({ gate: () => {}, finish: () => blocked() }, { hop });
    const answer = await rig.request({ method: 'HEAD' });
    expect(answer.status).toBe(403);
    expect(answer.body).toHaveLength(0);
    await settled();
  });

  test('a client of HTTP/1.0 gets the end of a connection in place of chunks', async () => {
    const { rig, recorder, settled } = await start(
      { gate: () => {}, finish: () => blocked('data: stopped\n\n') },
      { hop, raw: true },
    );
    const client = await rig.peer();
    client.write(`GET / HTTP/1.0\r\nHost: ${HOST}\r\n\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n\r\n');
    origin.write(`${CHUNKED}\r\n`);
    const gate = await recorder.gate();
    gate.outlet.release(Buffer.from('data: good\n\n'));
    gate.outlet.stop();
    const text = await client.untilClosed();
    expect(text).toMatch(/\r\n\r\ndata: good\n\ndata: stopped\n\n$/);
    expect(text).not.toMatch(/chunked/i);
    await settled();
  });

  test('the copy of the request can be had while the answer runs, and again at the end', async () => {
    let early: CapturedBody | null = null;
    const { rig, recorder, settled } = await start(
      {
        gate: (gate) => {
          early = gate.request();
        },
      },
      { hop },
    );
    await rig.request({ method: 'POST', body: 'question', headers: { host: HOST, 'content-type': 'text/plain' } });
    await settled();
    const copy = { bytes: Buffer.from('question'), total: 8, cut: null, ended: true, contentType: 'text/plain' };
    for (const request of [early, recorder.ends[0]?.request]) {
      expect({ ...request, bytes: Buffer.from(request?.bytes ?? []) }).toMatchObject(copy);
    }
  });
});

test('plain requests in absolute-form have gates, too, on either hop', async () => {
  const { rig, settled } = await start({ gate: () => {}, finish: () => blocked() });
  const client = new RawPeer(net.connect(rig.port, '127.0.0.1'));
  client.write(`GET http://${HOST}/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(await client.includes('{"error":"no"}')).toMatch(/^HTTP\/1.1 403 /);
  const stream = await rig.h2Request({ ':method': 'GET', ':scheme': 'http', ':authority': HOST, ':path': '/x' });
  const [head] = await once(stream, 'response');
  expect(head[':status']).toBe(403);
  expect(head['x-judge-code']).toBe('no');
  let body = '';
  for await (const chunk of stream) body += chunk;
  expect(body).toBe('{"error":"no"}');
  await settled();
  client.stream.destroy();
});
