/**
 * Contract: events come as they happen, with ids; a reader that does not read costs at most 1 MiB and is told that it was
 * dropped; a caller who may not see more gets an end; whoever goes away ends the source.
 */

import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Role } from '../../contract/roles.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { AdminRig } from '../testing/admin-rig.ts';
import { MOST_STREAMS } from './endpoint-routes.ts';
import { EventStream, MOST_WAITING } from './events.ts';

let rig: AdminRig | undefined;
const calls: ClientRequest[] = [];

afterEach(async () => {
  for (const call of calls.splice(0)) call.destroy();
  await rig?.[Symbol.asyncDispose]();
  rig = undefined;
});

/** A source that a test feeds. */
function feed() {
  const waiting: ((row: readonly ExchangeRow[]) => void)[] = [];
  const rows: (readonly ExchangeRow[])[] = [];
  let ended: () => void = () => undefined;
  const end = new Promise<void>((done) => {
    ended = done;
  });
  const live: Handlers['live'] = async (_given, { signal }) => {
    signal.addEventListener('abort', () => ended(), { once: true });
    return (async function* () {
      while (!signal.aborted) {
        const next = rows.shift() ?? (await new Promise<readonly ExchangeRow[]>((done) => waiting.push(done)));
        yield next;
      }
    })();
  };
  const send = (row: object) => {
    const next = waiting.shift();
    const list = [row as ExchangeRow];
    if (next === undefined) rows.push(list);
    else next(list);
  };
  return { live, send, end };
}

/** Opens the live tail and reads it piece by piece. */
async function listen(headers: Record<string, string>) {
  const call = request(`${rig?.base}/api/live`, { headers, agent: false });
  calls.push(call);
  call.end();
  const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
  response.setEncoding('utf8');
  const pieces = response[Symbol.asyncIterator]();
  return { response, call, next: async () => String((await pieces.next()).value) };
}

test('comments at once, events with ids, and the source ends with its reader', async () => {
  const { live, send, end } = feed();
  rig = await AdminRig.start({ handlers: { live } });
  const { token } = await rig.tokenOf('admin', 'admin', ['exchanges:read']);
  const tail = await listen({ authorization: `Bearer ${token}` });
  expect(tail.response.headers['content-type']).toBe('text/event-stream');
  expect(tail.response.headers['cache-control']).toBe('no-store');
  expect(await tail.next()).toBe(': connected\n\n');
  send({ exchange_id: 'a\n\ndata: forged' });
  expect(await tail.next()).toBe('id: 1\ndata: [{"exchange_id":"a\\n\\ndata: forged"}]\n\n');
  send({ exchange_id: 'b' });
  expect(await tail.next()).toContain('id: 2\n');
  tail.call.destroy();
  await end;
});

test('a token that is revoked meanwhile: nothing more, and an end', async () => {
  const { live, send, end } = feed();
  rig = await AdminRig.start({ handlers: { live } });
  const { id, token } = await rig.tokenOf('admin', 'admin', ['exchanges:read']);
  const tail = await listen({ authorization: `Bearer ${token}` });
  await tail.next();
  await rig.accounts.revoke_token({ params: { id }, query: {}, body: {} }, rig.context('admin', 'admin'));
  send({ exchange_id: 'secret' });
  expect(await tail.next()).toBe('event: ended\ndata: {"reason":"not_permitted"}\n\n');
  await end;
});

test('one person has so many streams, tokens and all, and is told what to do; others have theirs', async () => {
  const started = await AdminRig.start({ handlers: { live: feed().live } });
  rig = started;
  await started.user('anna', 'viewer');
  const bearer = async (name: string, role: Role) => {
    const { token } = await started.tokenOf(name, role, ['exchanges:read']);
    return { authorization: `Bearer ${token}` };
  };
  const [one, two, admin] = [
    await bearer('anna', 'viewer'),
    await bearer('anna', 'viewer'),
    await bearer('admin', 'admin'),
  ];
  const tails = [];
  for (let count = 0; count < MOST_STREAMS.each; count += 1) tails.push(await listen(count % 2 === 0 ? one : two));
  const { response, next } = await listen(one);
  expect(response.statusCode).toBe(429);
  expect(response.headers['retry-after']).toBe('15');
  expect(JSON.parse(await next())).toMatchObject({
    code: 'too_many_requests',
    detail: expect.stringMatching(/^8 live streams of this user are open: close one/),
  });
  const other = await listen(admin);
  expect(other.response.statusCode).toBe(200);
  // One that is given up makes room for another, as soon as the server has heard of it.
  tails[0]?.call.destroy();
  await vi.waitUntil(async () => (await listen(one)).response.statusCode === 200, { timeout: 20_000 });
});

test('a reader that does not read is dropped, and its source ends', async () => {
  let sent = 0;
  const stopped = Promise.withResolvers<void>();
  const live: Handlers['live'] = async (_given, { signal }) =>
    (async function* () {
      while (!signal.aborted) {
        sent += 1;
        yield [{ exchange_id: 'x'.repeat(10_000) } as ExchangeRow];
      }
      stopped.resolve();
    })();
  rig = await AdminRig.start({ handlers: { live } });
  const { token } = await rig.tokenOf('admin', 'admin', ['exchanges:read']);
  const socket = connect(rig.port, '127.0.0.1');
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET /api/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await stopped.promise;
  // What the kernel's buffers took, and 1 MiB.
  expect(sent * 10_000).toBeLessThan(16 * MOST_WAITING);
  let last = '';
  for await (const text of socket.setEncoding('utf8')) {
    last = (last + text).slice(-200);
    if (last.includes('0\r\n\r\n')) break;
  }
  expect(last).toContain('event: dropped\ndata: {"reason":"slow_reader"}\n\n');
  socket.destroy();
});

describe('alone', () => {
  test('a source that fails: an end that says so, and nothing of the failure', async () => {
    const stop = vi.fn();
    const items = (async function* () {
      yield 1;
      throw new Error('planted');
    })();
    const text = (await new EventStream({ items, permitted: async () => true, stop }).toArray()).join('');
    expect(text).toBe(': connected\n\nid: 1\ndata: 1\n\nevent: ended\ndata: {"reason":"failed"}\n\n');
    expect(stop).toHaveBeenCalled();
  });

  test('a beat each quarter of a minute, as long as the caller may see more', async () => {
    vi.useFakeTimers();
    try {
      let may = true;
      const items = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
      const stream = new EventStream({ items, permitted: async () => may, stop: () => undefined });
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await vi.advanceTimersByTimeAsync(15_000);
      expect(text).toBe(': connected\n\n: beat\n\n');
      may = false;
      await vi.advanceTimersByTimeAsync(15_000);
      expect(text).toBe(': connected\n\n: beat\n\nevent: ended\ndata: {"reason":"not_permitted"}\n\n');
      stream.destroy();
    } finally {
      vi.useRealTimers();
    }
  });
});
