/**
 * The door, from outside, on real sockets, over its three ways in (plain HTTP/1.1, mTLS with HTTP/1.1, mTLS with HTTP/2):
 * - what is admitted becomes a tunnel or goes to the forwarder; what is not gets a coded JSON answer before any 200;
 * - the same policy holds whichever way and in whichever form a target is named;
 * - each decision is one log line, and what was not judged is a record of the ledger;
 * - no socket is left, neither here nor at the origin.
 */

import type { Server, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChainCertificates } from './chain-certificates.fixture.ts';
import { plainWire, refusalOf, tlsWire } from './clients.fixture.ts';
import { startDoor, startEcho, stopDoor, type TestDoor, withCertificates } from './door.fixture.ts';

let certificates: ChainCertificates;
let remove: () => Promise<void>;
let echo: { server: Server; port: number; sockets: Set<Socket> };
let door: TestDoor;

beforeAll(async () => {
  ({ certificates, remove } = await withCertificates());
  echo = await startEcho();
});

afterAll(async () => {
  echo.server.close();
  await remove();
});

beforeEach(async () => {
  door = await startDoor(certificates, { ports: [echo.port] });
});

afterEach(async () => {
  await stopDoor(door);
  expect(door.door.tunnels).toBe(0);
});

const FIRST_LINE = 'HTTP/1.1 200 Connection Established\r\n\r\n';

describe.each([
  ['plain HTTP/1.1', () => plainWire(door)],
  ['mTLS HTTP/1.1', () => tlsWire(door)],
] as const)('CONNECT over %s', (_name, connect) => {
  it('relays blindly what the route lets through, and answers 200 without headers', async () => {
    const wire = await connect();
    wire.socket.write(`CONNECT echo.test:${echo.port} HTTP/1.1\r\nHost: other\r\n\r\n`);
    await wire.until((text) => text === FIRST_LINE);
    wire.socket.write('ping');
    await wire.until((text) => text === `${FIRST_LINE}ping`);
    wire.socket.end();
    await wire.whole();
    const record = await door.ledger.record((entry) => entry.host === 'echo.test');
    expect(record).toMatchObject({ action: 'tunnel', route: 'rest', error_code: null, bytes_up: 4, bytes_down: 4 });
    expect(record.reason).toBe('client_closed');
  });

  it('takes bytes that come with the CONNECT, HTTP/1.0, and CONNECT as a later request of the connection', async () => {
    const wire = await connect();
    wire.socket.write('GET http://judged.test/first HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until((text) => text.includes('/first'));
    wire.received = '';
    wire.socket.write(`CONNECT echo.test:${echo.port} HTTP/1.0\r\n\r\nearly`);
    await wire.until((text) => text === `${FIRST_LINE}early`);
    wire.socket.destroy();
  });

  it('hands a judged host to the interceptor, with bytes that came early', async () => {
    const wire = await connect();
    wire.socket.write('CONNECT Judged.TEST.:443 HTTP/1.1\r\nHost: x\r\n\r\nhello');
    await wire.until((text) => text === `${FIRST_LINE}HELLO`);
    expect(door.interceptor.contexts[0]?.authority).toEqual({ host: 'judged.test', kind: 'name', port: 443 });
    wire.socket.end();
    await door.log.line('tunnel_closed');
    expect(door.ledger.records).toEqual([]);
  });

  it.each([
    ['a denied host', 'denied.test:443', 403, 'route_denied', 'denied'],
    ['a host without a route', 'nowhere.example:443', 403, 'no_route', undefined],
    ['a port without a route', 'judged.test:444', 403, 'no_route', undefined],
    ['a literal that is not public', '127.0.0.2:443', 403, 'address_denied', 'rest'],
    ['the metadata address', '169.254.169.254:80', 403, 'address_denied', 'rest'],
    ['no port', 'echo.test', 400, 'bad_authority', undefined],
    ['port 0', 'echo.test:0', 400, 'bad_authority', undefined],
    ['userinfo', 'user@echo.test:443', 400, 'bad_authority', undefined],
    ['a closed port', 'echo.test:80', 502, 'connect_failed', 'rest'],
  ])('refuses %s', async (_what, target, status, code, route) => {
    const wire = await connect();
    wire.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const refusal = refusalOf(await wire.whole());
    expect(refusal).toMatchObject({ status, code });
    expect(refusal.route).toBe(route);
    expect(refusal.headers).toMatch(new RegExp(`x-judge-code: ${code}\r\n`));
    wire.socket.destroy();
    expect(door.log.lines.filter((line) => line.event === 'refused')).toHaveLength(1);
    expect(door.ledger.records.map((record) => record.error_code)).toEqual(code === 'bad_authority' ? [] : [code]);
  });
});
