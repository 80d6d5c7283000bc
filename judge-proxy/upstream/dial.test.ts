/**
 * Dialling vetted addresses: the first that accepts wins, overlapping attempts, one limit over all of them, and no
 * socket of a losing attempt is left.
 */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAuthority } from '../policy/authority.ts';
import { type DialOptions, dial } from './dial.ts';
import type { VettedTarget } from './upstream.ts';

let server: Server;
let port: number;
let stalled: { port: number; worker: Worker };

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = portOf(server);
  stalled = await startStalled();
});

afterAll(async () => {
  server.close();
  await stalled.worker.terminate();
});

function portOf(listener: Server): number {
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A listener whose backlog is full and whose thread sleeps: connections neither open nor fail. */
async function startStalled(): Promise<{ port: number; worker: Worker }> {
  const worker = new Worker(
    `const { createServer, connect } = require('node:net');
     const { parentPort, workerData } = require('node:worker_threads');
     const server = createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       const { port } = server.address();
       for (let i = 0; i < 8; i += 1) connect(port, '127.0.0.1').on('error', () => {});
       setImmediate(() => { parentPort.postMessage(port); Atomics.wait(new Int32Array(workerData), 0, 0); });
     });`,
    { eval: true, workerData: new SharedArrayBuffer(4) },
  );
  const [listening] = await once(worker, 'message');
  return { port: listening, worker };
}

function target(...addresses: { ip: string; port: number }[]): VettedTarget {
  const authority = parseAuthority('origin.test:443');
  if (authority === null) throw new Error('unreachable');
  return { authority, addresses };
}

const options: DialOptions = { timeoutMs: 5_000, allowHalfOpen: true };

async function closed(socket: Socket): Promise<void> {
  socket.destroy();
  await once(socket, 'close');
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const free = portOf(listener);
  listener.close();
  await once(listener, 'close');
  return free;
}

describe('dial', () => {
  it('connects to the first address that accepts, in order', async () => {
    const closedPort = await freePort();
    const socket = await dial(target({ ip: '127.0.0.1', port: closedPort }, { ip: '127.0.0.1', port }), options);
    expect(socket.remotePort).toBe(port);
    expect(socket.allowHalfOpen).toBe(true);
    await closed(socket);
  });

  it('does not wait for an address that stays silent before it tries the next', async () => {
    const socket = await dial(target({ ip: '127.0.0.1', port: stalled.port }, { ip: '127.0.0.1', port }), options);
    expect(socket.remotePort).toBe(port);
    await closed(socket);
  });

  it('fails with the code of the first failure when all addresses fail', async () => {
    const closedPort = await freePort();
    const failing = target({ ip: '127.0.0.1', port: closedPort }, { ip: '127.0.0.1', port: closedPort });
    await expect(dial(failing, options)).rejects.toMatchObject({ code: 'connect_failed', reason: 'ECONNREFUSED' });
  });

  it('has one limit over all attempts', async () => {
    const silent = { ip: '127.0.0.1', port: stalled.port };
    await expect(dial(target(silent, silent, silent), { ...options, timeoutMs: 400 })).rejects.toMatchObject({
      code: 'connect_timeout',
    });
  });

  it('ends when whoever asked is gone, before and during', async () => {
    const silent = target({ ip: '127.0.0.1', port: stalled.port });
    await expect(dial(silent, { ...options, signal: AbortSignal.abort() })).rejects.toMatchObject({
      reason: 'aborted',
    });
    const controller = new AbortController();
    const pending = dial(silent, { ...options, signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'connect_failed', reason: 'aborted' });
  });

  it('takes any spelling of the address that it was given', async () => {
    const socket = await dial(target({ ip: '::ffff:127.0.0.1', port }), options);
    await closed(socket);
  });
});
