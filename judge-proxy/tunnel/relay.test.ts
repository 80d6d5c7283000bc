/**
 * A blind tunnel, between two real TCP connections:
 * - bytes arrive on the other side as they were, however large and however slow the reader;
 * - a side that has finished can still be answered; a side that is gone takes the other one with it;
 * - each end has a name, the bytes of both directions are counted, and no socket is left.
 */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RelayResult, relay } from './relay.ts';

interface Pair {
  /** What the tunnel holds. */
  readonly near: Socket;
  /** What the peer holds. */
  readonly far: Socket;
}

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.close();
  // Both ends of the tunnel are its own to close; the peers' are the test's.
  await Promise.all(sockets.splice(0).map((socket) => (socket.closed ? undefined : once(socket.destroy(), 'close'))));
  if (server.listening) await once(server, 'close');
});

async function pair(): Promise<Pair> {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accepted = once(server, 'connection');
  const far = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  const [near] = (await accepted) as [Socket];
  if (far.connecting) await once(far, 'connect');
  far.on('error', () => undefined);
  sockets.push(far);
  return { near, far };
}

async function open(
  idleMs = 60_000,
): Promise<{ client: Pair; origin: Pair; closed: Promise<RelayResult>; destroy: () => void }> {
  const client = await pair();
  const origin = await pair();
  const { promise: closed, resolve } = Promise.withResolvers<RelayResult>();
  const tunnel = relay(client.near, origin.near, { idleMs, onClose: resolve });
  return { client, origin, closed, destroy: () => tunnel.destroy() };
}

async function received(socket: Socket): Promise<string> {
  let all = '';
  socket.on('data', (chunk) => {
    all += chunk;
  });
  await once(socket, 'end'); // not an async iterator: that would destroy the socket at its end
  return all;
}

describe('bytes', () => {
  it('arrive as they were, in both directions, with backpressure', async () => {
    const { client, origin, closed } = await open();
    const sent = randomBytes(8 << 20);
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
    const hash = createHash('sha256');
    let seen = 0;
    origin.far.on('data', (chunk) => {
      hash.update(chunk);
      seen += chunk.length;
      // A reader that stops at every chunk: the tunnel must wait for it and lose nothing.
      origin.far.pause();
      setImmediate(() => origin.far.resume());
    });
    client.far.end(sent);
    await once(origin.far, 'end');
    expect(seen).toBe(sent.length);
    expect(hash.digest('hex')).toBe(digest(sent));
    origin.far.end('done');
    expect(await received(client.far)).toBe('done');
    expect(await closed).toEqual({ reason: 'client_closed', bytesUp: sent.length, bytesDown: 4 });
  });

  it('of the answer arrive after the client has finished', async () => {
    const { client, origin, closed } = await open();
    client.far.end('question');
    expect(await received(origin.far)).toBe('question');
    origin.far.end('answer');
    expect(await received(client.far)).toBe('answer');
    expect(await closed).toEqual({ reason: 'client_closed', bytesUp: 8, bytesDown: 6 });
  });

  it('of the client arrive after the origin has finished', async () => {
    const { client, origin, closed } = await open();
    origin.far.end('greeting');
    expect(await received(client.far)).toBe('greeting');
    client.far.end('last words');
    expect(await received(origin.far)).toBe('last words');
    expect(await closed).toEqual({ reason: 'origin_closed', bytesUp: 10, bytesDown: 8 });
  });

  it('of the answer that still wait for a slow reader are not lost when the origin has closed', async () => {
    const { client, origin, closed } = await open();
    client.far.end();
    await once(origin.far.resume(), 'end');
    // Nobody reads yet: write until the buffers of the kernel are full and some bytes wait in ours.
    let sent = 0;
    while (client.near.writableLength === 0) {
      origin.far.write(Buffer.alloc(16_384));
      sent += 16_384;
      await new Promise((resolve) => setImmediate(resolve));
    }
    origin.far.end();
    await once(origin.near, 'close');
    expect(client.near.writableLength).toBeGreaterThan(0);
    let seen = 0;
    client.far.on('data', (chunk) => {
      seen += chunk.length;
    });
    await once(client.far, 'end');
    expect(seen).toBe(sent);
    expect((await closed).bytesDown).toBe(sent);
  });
});

describe('an end', () => {
  it.each([
    ['client', 'client_reset'],
    ['origin', 'origin_reset'],
  ] as const)('by a reset of the %s takes the other side along, even while it sends', async (side, reason) => {
    const tunnel = await open();
    const other = side === 'client' ? tunnel.origin : tunnel.client;
    const pump = () => {
      while (!other.far.destroyed && other.far.write('x'.repeat(10_000)));
    };
    other.far.on('drain', pump);
    pump();
    await once(tunnel[side].far, 'data');
    tunnel[side].far.resetAndDestroy();
    const { reason: seen } = await tunnel.closed;
    expect(seen).toBe(reason);
    expect(tunnel.client.near.destroyed && tunnel.origin.near.destroyed).toBe(true);
    if (!other.far.closed) await once(other.far, 'close');
  });

  it('by our own side closing before it began leaves nothing open', async () => {
    const client = await pair();
    const origin = await pair();
    client.near.destroy();
    await once(client.near, 'close');
    const { promise: closed, resolve } = Promise.withResolvers<RelayResult>();
    relay(client.near, origin.near, { idleMs: 60_000, onClose: resolve });
    expect((await closed).reason).toBe('client_closed');
    expect(origin.near.destroyed).toBe(true);
  });

  it('by destroy is called shutdown', async () => {
    const { closed, destroy, client, origin } = await open();
    destroy();
    destroy();
    expect((await closed).reason).toBe('shutdown');
    expect(client.near.destroyed && origin.near.destroyed).toBe(true);
  });

  it('by silence is called idle, and either direction keeps the tunnel alive', async () => {
    const { client, origin, closed } = await open(1_000);
    // Only the origin sends, for longer than the idle time and a quarter of it apart: the tunnel must live.
    for (let i = 0; i < 6; i += 1) {
      const arrived = once(client.far, 'data');
      setTimeout(() => origin.far.write('.'), 250);
      await arrived;
    }
    expect(await closed).toEqual({ reason: 'idle', bytesUp: 0, bytesDown: 6 });
  });
});
