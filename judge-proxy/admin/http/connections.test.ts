/**
 * Contract: the port always takes one connection more. Of the network that holds most the connection goes that was used
 * longest ago, and never one with an answer to somebody who was admitted: of one person so many and no more.
 */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeOriginCa } from '../../../test/support/certificates.ts';
import { Connections, MOST_KEPT } from './connections.ts';

const MOST = MOST_KEPT + 4;

let server: Server;
let connections: Connections;
const sockets: Socket[] = [];
const answers: ServerResponse[] = [];

beforeEach(async () => await watch(createServer()));
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  answers.length = 0;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

/** `/keep/NAME` is admitted and has its answer when the test gives it; everything else is answered at once. */
async function watch(made: Server): Promise<void> {
  server = made;
  connections = new Connections(server, MOST);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const [, name] = /^\/keep\/(.*)$/.exec(request.url ?? '') ?? [];
    if (name === undefined) {
      response.end('ok');
      return;
    }
    connections.keep(request, response, name);
    response.writeHead(200).write('begun');
    answers.push(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

function port(): number {
  return (server.address() as AddressInfo).port;
}

/** A connection that the server has taken, and by which it has answered. */
async function ask(path = '/', localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port: port(), host: '127.0.0.1', localAddress });
  sockets.push(socket);
  await again(socket, path);
  return socket;
}

/** The answer to another request by the same connection. */
async function again(socket: Socket, path = '/'): Promise<string> {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [text] = (await once(socket, 'data')) as [Buffer];
  return text.toString();
}

async function many(count: number, path = '/', from = '127.0.0.1'): Promise<Socket[]> {
  const made: Socket[] = [];
  // One after the other: which was used longest ago is known.
  for (let index = 0; index < count; index += 1) made.push(await ask(path, from));
  return made;
}

test('one more makes the one go that was used longest ago', async () => {
  const [first, second, third] = await many(MOST);
  if (first === undefined || second === undefined || third === undefined) throw new Error('too few');
  await again(first);
  const gone = once(second, 'close');
  await ask();
  await gone;
  expect(await again(first)).toContain('200 OK');
  expect(await again(third)).toContain('200 OK');
});

test('one network alone makes room for others: its own connections go, used or not, theirs stay', async () => {
  const [theirs] = await many(1, '/', '127.0.0.2');
  const mine = await many(MOST - 1);
  const gone = mine.slice(0, 3).map((socket) => once(socket, 'close'));
  const more = await many(3, '/', '127.0.0.3');
  await Promise.all(gone);
  for (const socket of [theirs, ...more]) expect(socket && (await again(socket))).toContain('200 OK');
});

test('connections by which nothing was asked yet go as well', async () => {
  const silent = Array.from({ length: MOST }, async () => {
    const socket = connect(port(), '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  });
  const gone = Promise.race((await Promise.all(silent)).map((socket) => once(socket.resume(), 'close')));
  await ask('/', '127.0.0.2');
  await gone;
});

test('an answer to somebody who was admitted is not broken off, and its connection may go afterwards', async () => {
  const kept = await ask('/keep/anna');
  const [oldest] = await many(MOST - 1);
  const gone = once(oldest ?? kept, 'close');
  await many(MOST);
  await gone;
  answers[0]?.end('done');
  await once(kept, 'data');
  const keptGone = once(kept, 'close');
  await many(MOST);
  await keptGone;
});

test('of one person so many are kept: an account alone does not hold the port', async () => {
  const all = await many(MOST, '/keep/anna');
  const [first] = all;
  const [beyond] = all.slice(MOST_KEPT);
  if (first === undefined || beyond === undefined) throw new Error('too few');
  const gone = once(beyond, 'close');
  const other = await ask('/keep/ben', '127.0.0.2');
  await gone;
  answers.at(-1)?.write('more');
  answers[0]?.write('more');
  await Promise.all([once(other, 'data'), once(first, 'data')]);
});

test('the same with TLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'connections-'));
  const { cert, key } = await makeOriginCa(folder);
  rmSync(folder, { recursive: true });
  server.close();
  await watch(createTlsServer({ cert, key }) as unknown as Server);
  const secure = async (path: string) => {
    const socket = connectTls({ port: port(), host: '127.0.0.1', rejectUnauthorized: false });
    sockets.push(socket);
    await again(socket, path);
    return socket;
  };
  const kept = await secure('/keep/anna');
  const idle: Socket[] = [];
  for (let index = 1; index < MOST; index += 1) idle.push(await secure('/'));
  const gone = once(idle[0] ?? kept, 'close');
  await secure('/');
  await gone;
  answers[0]?.write('more');
  await once(kept, 'data');
});
