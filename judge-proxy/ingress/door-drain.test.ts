/**
 * The end of the door: nothing new is taken, what is open may finish until the deadline, what is left is cut, and the
 * log says which of the three it was. Afterwards no socket is left, not even one that Node forgot at CONNECT.
 */

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { expect, it } from 'vitest';
import { http2Session, plainWire, refusalOf, send, text, tlsWire } from './clients.fixture.ts';
import { startDoor } from './door.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite();

const LONG = 20_000;

it('ends at once when nothing is open: idle connections are closed', async () => {
  const wire = await plainWire(suite.door);
  wire.socket.write('GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n\r\n');
  await wire.until((received) => received.endsWith('}'));
  const session = await http2Session(suite.door);
  const closed = once(session, 'close');
  expect(await suite.door.door.close(LONG)).toEqual({ outcome: 'idle', cut: 0 });
  await closed;
  wire.socket.destroy();
  await suite.door.log.line('drained', (line) => line.outcome === 'idle' && line.level === 'info');
});

it('waits for a request and a blind tunnel, refuses new ones meanwhile, and closes idle terminated tunnels', async () => {
  let answer: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    suite.door.forwarder.before = () => {
      resolve();
      return new Promise((release) => {
        answer = release;
      });
    };
  });
  const request = await plainWire(suite.door);
  request.socket.write('GET http://judged.test/slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked;
  const tunnel = await tlsWire(suite.door);
  tunnel.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\nping`);
  await tunnel.until((received) => received.endsWith('ping'));
  const session = await http2Session(suite.door);
  const judged = await send(session, { ':method': 'CONNECT', ':authority': 'judged.test:443' });
  const judgedClosed = new Promise((resolve) => judged.stream.once('close', resolve));
  const blind = await send(session, { ':method': 'CONNECT', ':authority': `echo.test:${suite.echo.port}` });
  const told = once(session, 'goaway');

  const closing = suite.door.door.close(LONG);
  await told;
  await judgedClosed;
  const late = connectTcp(suite.door.plain.port, '127.0.0.1');
  const [refused] = await once(late, 'error');
  expect(refused.code).toBe('ECONNREFUSED');
  blind.stream.end('over HTTP/2');
  expect(await text(blind.stream)).toBe('over HTTP/2');
  tunnel.socket.write('pong');
  await tunnel.until((received) => received.endsWith('pong'));
  tunnel.socket.end();
  answer();
  await request.until((received) => received.includes('/slow'));
  expect(await closing).toEqual({ outcome: 'finished', cut: 0 });
  await request.whole();
  request.socket.destroy();
  expect(suite.door.door.tunnels).toBe(0);
});

it('refuses a new request on a connection that is still busy', async () => {
  const tunnel = await plainWire(suite.door);
  tunnel.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await tunnel.until((received) => received.includes('200'));
  // Accepted before the drain, and has said nothing so far.
  const early = await plainWire(suite.door);
  early.socket.write('CONNECT echo.test:443');
  const closing = suite.door.door.close(LONG);
  early.socket.write(' HTTP/1.1\r\nHost: x\r\n\r\n');
  const received = await early.whole();
  if (received !== '') expect(refusalOf(received).code).toBe('shutting_down');
  early.socket.destroy();
  tunnel.socket.end();
  await closing;
  expect(suite.door.interceptor.contexts).toEqual([]);
});

it('cuts at the deadline what does not end, with shutdown in its record', async () => {
  const tunnel = await plainWire(suite.door);
  tunnel.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\nping`);
  await tunnel.until((received) => received.endsWith('ping'));
  const session = await http2Session(suite.door);
  const stalled = await send(session, { ':method': 'CONNECT', ':authority': `echo.test:${suite.echo.port}` });
  expect(await suite.door.door.close(100)).toEqual({ outcome: 'cut', cut: 2 });
  await tunnel.whole();
  stalled.stream.destroy();
  session.destroy();
  expect(suite.door.ledger.records.map((record) => record.reason)).toEqual(['shutdown', 'shutdown']);
  await suite.door.log.line('drained', (line) => line.outcome === 'cut' && line.count === 2 && line.level === 'warn');
  await Promise.all([...suite.echo.sockets].map((socket) => once(socket, 'close')));
  expect(suite.door.door.tunnels).toBe(0);
});

it('may be asked to close twice, and gives the same answer', async () => {
  const [first, second] = await Promise.all([suite.door.door.close(LONG), suite.door.door.close(0)]);
  expect(second).toBe(first);
});

it('leaves nothing open when a port is taken', async () => {
  const taken = suite.door.plain.port;
  await expect(startDoor(suite.certificates, { ports: [], fixed: { proxy: 0, plain: taken } })).rejects.toThrow(
    'EADDRINUSE',
  );
  await suite.door.door.close(0);
});
