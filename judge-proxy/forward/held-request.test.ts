/**
 * Contract (`hold_request`): the origin hears nothing of a request before it is cleared, not even a connection. Cleared,
 * it arrives as the client sent it, framing and all; blocked, it never does, and the client has an answer.
 */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { HOST, type Hop } from '../intercept/testing/rig.ts';
import { quiet, useGated } from './testing/gated-rig.ts';
import { blocked } from './testing/scripted-recorder.ts';

const { start } = useGated();

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test.each([
    ['a length', 'Content-Length: 8\r\n\r\n', 'question', /\r\ncontent-length: 8\r\n.*question$/s],
    [
      'chunks',
      'Transfer-Encoding: chunked\r\n\r\n',
      '4\r\nques\r\n4\r\ntion\r\n0\r\n\r\n',
      /\r\ntransfer-encoding: chunked\r\n.*\r\n8\r\nquestion\r\n0\r\n\r\n$/s,
    ],
    ['no body', '\r\n', '', /\r\n\r\n$/],
    [
      'an empty body in chunks, which undici says as a length, held or not',
      'Transfer-Encoding: chunked\r\n\r\n',
      '0\r\n\r\n',
      /\r\ncontent-length: 0\r\n\r\n$/,
    ],
  ])('with %s: no connection before it is cleared, then the same request', async (_what, head, body, arrives) => {
    const verdict = Promise.withResolvers<null>();
    const { rig, recorder, settled } = await start({ clear: () => verdict.promise }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: text/plain\r\n${head}`);
    for (const byte of body) client.write(byte);
    await recorder.until(() => recorder.cleared.length === 1);
    await quiet();
    expect(rig.raw.peers).toHaveLength(0);
    const text = body === '' || body.startsWith('0') ? '' : 'question';
    const [held] = recorder.cleared;
    expect(Buffer.from(held?.bytes ?? []).toString()).toBe(text);
    expect(held).toMatchObject({ total: text.length, cut: null, ended: true, contentType: 'text/plain' });
    verdict.resolve(null);
    const origin = await rig.raw.peer();
    await origin.until((sent) => arrives.test(sent));
    origin.write(OK);
    await client.includes('ok');
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'complete', request: { total: text.length, ended: true } });
  });

  test('blocked, it is answered, and the origin never hears of it', async () => {
    const { rig, recorder, settled } = await start({ clear: () => blocked() }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nharm`);
    const text = await client.includes('{"error":"no"}');
    expect(text).toMatch(/^HTTP\/1.1 403 /);
    expect(text).toContain(`x-request-id: ${recorder.starts[0]?.requestId}`);
    await settled();
    expect(rig.raw.peers).toHaveLength(0);
    expect(recorder.gates).toHaveLength(0);
    expect(recorder.ends[0]).toMatchObject({
      outcome: 'blocked',
      status: null,
      firstByteMs: null,
      request: { total: 4 },
    });
    // The connection can be used again.
    client.write(`GET /y HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await recorder.until(() => recorder.starts.length === 2);
  });

  test('the record of a block is written before its answer', async () => {
    const committed = Promise.withResolvers<void>();
    const { rig, recorder } = await start(
      {
        clear: () => blocked(),
        finish: async () => {
          await committed.promise;
          return { kind: 'deliver', rest: [] };
        },
      },
      { hop, raw: true },
    );
    const client = await rig.peer();
    client.write(`GET /x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await recorder.until(() => recorder.ends.length === 1);
    await quiet();
    expect(client.text).toBe('');
    committed.resolve();
    await client.includes('{"error":"no"}');
  });

  test.each(['length', 'chunks'])(
    'more than may be held, by %s: the judge is told, and the whole arrives all the same',
    async (by) => {
      const { rig, recorder, settled } = await start(
        { clear: () => null },
        { hop, raw: true, limits: { held_copy: '1000B' } },
      );
      const client = await rig.peer();
      const body = Buffer.alloc(300_000, 'abcdefg');
      client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\n`);
      client.write(by === 'length' ? `Content-Length: ${body.length}\r\n\r\n` : 'Transfer-Encoding: chunked\r\n\r\n');
      if (by === 'chunks') client.write(`${body.length.toString(16)}\r\n`);
      client.write(body.subarray(0, 900));
      await quiet();
      expect(recorder.cleared).toHaveLength(0);
      client.write(body.subarray(900));
      if (by === 'chunks') client.write('\r\n0\r\n\r\n');
      const origin = await rig.raw.peer();
      await origin.until((text) => text.length > body.length && (by === 'length' || text.endsWith('\r\n0\r\n\r\n')));
      const sent = origin.text
        .slice(origin.text.indexOf('\r\n\r\n') + 4)
        .replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '')
        .trimEnd();
      expect(sent === body.toString()).toBe(true);
      const [held] = recorder.cleared;
      expect(held).toMatchObject({ cut: 'cap', ended: false });
      expect(held?.bytes.length).toBeGreaterThan(0);
      expect(held?.bytes.length).toBeLessThanOrEqual(1000);
      expect(held?.total).toBeGreaterThan(1000);
      origin.write(OK);
      await client.includes('ok');
      await settled();
      expect(recorder.ends[0]).toMatchObject({ outcome: 'complete', request: { total: body.length, ended: true } });
    },
  );

  test('while the judge looks at a part, the client is not read on', async () => {
    const verdict = Promise.withResolvers<null>();
    const { rig, recorder } = await start({ clear: () => verdict.promise }, { hop, limits: { held_copy: '1000B' } });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${64 * 2 ** 20}\r\n\r\n`);
    const block = Buffer.alloc(2 ** 20);
    let sent = 0;
    const pump = async () => {
      for (; sent < 64; sent += 1) if (!client.stream.write(block)) await once(client.stream, 'drain');
    };
    void pump().catch(() => {});
    await recorder.until(() => recorder.cleared.length === 1);
    await quiet();
    expect(sent).toBeLessThan(32);
    verdict.resolve(null);
    await client.includes('hello');
    expect(rig.origin.seen[0]?.body).toHaveLength(64 * 2 ** 20);
  });

  test('a blocked request that is still being sent: its rest is read and dropped', async () => {
    const { rig, recorder, settled } = await start(
      { clear: () => blocked() },
      { hop, raw: true, limits: { held_copy: '1000B' } },
    );
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3000000\r\n\r\n`);
    client.write(Buffer.alloc(1_500_000));
    await client.includes('{"error":"no"}');
    client.write(Buffer.alloc(1_500_000));
    await settled();
    client.write(`GET /y HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    await recorder.until(() => recorder.starts.length === 2);
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('more than all may hold together is told as such', async () => {
    const { rig, recorder, settled } = await start(
      { clear: () => blocked() },
      { hop, raw: true, limits: { held: '10B', held_copy: '10B' } },
    );
    rig.held.take(8);
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nharm`);
    await client.includes('{"error":"no"}');
    rig.held.give(8);
    await settled();
    expect(recorder.cleared[0]).toMatchObject({ cut: 'budget', total: 4 });
  });

  test('a body in very small chunks costs no more than its size', async () => {
    const { rig, recorder, settled } = await start({ clear: () => null }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    client.write(`${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('\r\n0\r\n\r\n');
    expect(recorder.cleared[0]?.bytes.length).toBe(50_000);
    origin.write(OK);
    await client.includes('ok');
    await settled();
  });

  test('Expect: 100-continue is answered before the body is there', async () => {
    const { rig, recorder, settled } = await start({ clear: () => blocked() }, { hop });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`);
    await client.includes('100 Continue\r\n\r\n');
    client.write('harm');
    await client.includes('{"error":"no"}');
    await settled();
    expect(recorder.cleared[0]).toMatchObject({ total: 4 });
  });

  test('a client that goes away while it is judged ends the judging; nothing is sent', async () => {
    const aborted = Promise.withResolvers<void>();
    const { rig, recorder, settled } = await start(
      {
        clear: (_request, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted.resolve();
              resolve(null);
            });
          }),
      },
      { hop, raw: true },
    );
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nbody`);
    await recorder.until(() => recorder.cleared.length === 1);
    client.stream.destroy();
    await aborted.promise;
    await settled();
    expect(recorder.ends[0]).toMatchObject({ outcome: 'client_aborted' });
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('a client that goes away in the middle of its body is not judged', async () => {
    const { rig, recorder, settled } = await start({ clear: () => null }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nbo`);
    await recorder.until(() => recorder.starts.length === 1);
    await quiet();
    client.stream.destroy();
    await settled();
    expect(recorder.cleared).toHaveLength(0);
    expect(recorder.ends[0]).toMatchObject({ outcome: 'client_aborted', request: { total: 2, ended: false } });
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('a client that stops in the middle of its body is given up', async () => {
    const { rig, recorder, settled } = await start({ clear: () => null }, { hop, limits: { origin_idle: '150ms' } });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n`);
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 408 .*x-judge-code: request_timeout/s);
    await settled();
    expect(recorder.cleared).toHaveLength(0);
  });

  test('one that was stopped by us, while a part of its body is judged, is not', async () => {
    const verdict = Promise.withResolvers<null>();
    const limits = { held_copy: '1000B', origin_idle: '150ms' };
    const { rig, recorder } = await start({ clear: () => verdict.promise }, { hop, limits });
    const judged = await rig.peer();
    judged.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3000\r\n\r\n${'x'.repeat(2_000)}`);
    await recorder.until(() => recorder.cleared.length === 1);
    // Another client that is given up for its silence tells that the time has passed.
    const silent = await rig.peer();
    silent.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3000\r\n\r\nbo`);
    expect(await silent.includes('}')).toMatch(/^HTTP\/1.1 408 /);
    expect(judged.text).toBe('');
    verdict.resolve(null);
    judged.write(Buffer.alloc(1_000));
    await judged.includes('hello');
  });

  test('a judge that throws lets nothing through', async () => {
    const { rig, settled } = await start({ clear: () => Promise.reject(new Error('defect')) }, { hop, raw: true });
    const client = await rig.peer();
    client.write(`POST /x HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\n\r\nbody`);
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 403 .*"judge_unavailable"/s);
    await settled();
    expect(rig.raw.peers).toHaveLength(0);
  });

  test('a request that is held may have an answer that is held', async () => {
    const { rig, recorder, settled } = await start(
      { clear: () => null, gate: () => {}, finish: () => blocked() },
      { hop },
    );
    const answer = await rig.request({ method: 'POST', body: 'question' });
    expect(answer.status).toBe(403);
    await settled();
    expect(rig.origin.seen[0]?.body.toString()).toBe('question');
    expect(recorder.ends[0]).toMatchObject({ outcome: 'complete' });
  });
});

test('over plain HTTP/2 the body is held, and sent whole', async () => {
  const { rig, recorder, settled } = await start({ clear: () => null });
  const head = { ':method': 'POST', ':scheme': 'http', ':authority': HOST, ':path': '/x' };
  const stream = await rig.h2Request(head, Buffer.from('question'));
  let body = '';
  for await (const chunk of stream) body += chunk;
  expect(body).toBe('hello');
  expect(recorder.cleared[0]).toMatchObject({ total: 8, ended: true });
  expect(rig.plainOrigin.seen[0]?.body.toString()).toBe('question');
  await settled();
});
