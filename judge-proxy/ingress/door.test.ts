/**
 * The door, from outside, on real sockets, over its three ways in (plain HTTP/1.1, mTLS with HTTP/1.1, mTLS with HTTP/2):
 * - what is admitted becomes a tunnel or goes to the forwarder; what is not gets a coded JSON answer before any 200;
 * - the same policy holds whichever way and in whichever form a target is named;
 * - each decision is one log line, and what was not judged is a record of the ledger;
 * - no socket is left, neither here nor at the origin.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../errors.ts';
import { plainWire, refusalOf, tlsWire } from './clients.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite();

const FIRST_LINE = 'HTTP/1.1 200 Connection Established\r\n\r\n';

describe.each([
  ['plain HTTP/1.1', () => plainWire(suite.door)],
  ['mTLS HTTP/1.1', () => tlsWire(suite.door)],
] as const)('CONNECT over %s', (_name, connect) => {
  it('relays blindly what the route lets through, and answers 200 without headers', async () => {
    const wire = await connect();
    wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: other\r\n\r\n`);
    await wire.until((text) => text === FIRST_LINE);
    wire.socket.write('ping');
    await wire.until((text) => text === `${FIRST_LINE}ping`);
    wire.socket.end();
    await wire.whole();
    const record = await suite.door.ledger.record((entry) => entry.host === 'echo.test');
    expect(record).toMatchObject({ action: 'tunnel', route: 'rest', error_code: null, bytes_up: 4, bytes_down: 4 });
    expect(record.reason).toBe('client_closed');
  });

  it('takes bytes that come with the CONNECT, HTTP/1.0, and CONNECT as a later request of the connection', async () => {
    const wire = await connect();
    wire.socket.write('GET http://judged.test/first HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until((text) => text.includes('/first'));
    wire.received = '';
    wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.0\r\n\r\nearly`);
    await wire.until((text) => text === `${FIRST_LINE}early`);
    wire.socket.destroy();
  });

  it('hands a judged host to the interceptor, with bytes that came early', async () => {
    const wire = await connect();
    wire.socket.write('CONNECT Judged.TEST.:443 HTTP/1.1\r\nHost: x\r\n\r\nhello');
    await wire.until((text) => text === `${FIRST_LINE}HELLO`);
    expect(suite.door.interceptor.contexts[0]?.authority).toEqual({ host: 'judged.test', kind: 'name', port: 443 });
    expect(suite.door.interceptor.halfOpen).toEqual([false]);
    wire.socket.end();
    await suite.door.log.line('tunnel_closed');
    expect(suite.door.ledger.records).toEqual([]);
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
    expect(suite.door.log.lines.filter((line) => line.event === 'refused')).toHaveLength(1);
    expect(suite.door.ledger.records.map((record) => record.error_code)).toEqual(
      code === 'bad_authority' ? [] : [code],
    );
  });
});

describe.each([
  ['plain HTTP/1.1', () => plainWire(suite.door)],
  ['mTLS HTTP/1.1', () => tlsWire(suite.door)],
] as const)('absolute-form over %s', (_name, connect) => {
  it('hands the request to the forwarder, recorded on judged routes only, and keeps the connection', async () => {
    const wire = await connect();
    wire.socket.write('GET http://judged.test/a?b=%2e HTTP/1.1\r\nHost: another.test\r\n\r\n');
    await wire.until((text) => text.endsWith('}'));
    wire.socket.write('GET HTTP://open.test:80 HTTP/1.1\r\nHost: open.test\r\n\r\n');
    await wire.until(() => suite.door.forwarder.targets.length === 2);
    const [judged, open] = suite.door.forwarder.targets;
    expect(judged).toMatchObject({ authority: { host: 'judged.test', port: 80 }, path: '/a?b=%2e', recorded: true });
    expect(judged?.secure).toBe(false);
    expect(open).toMatchObject({ authority: { host: 'open.test', port: 80 }, path: '/', recorded: false });
    wire.socket.destroy();
  });

  it.each([
    ['a denied host', 'GET http://denied.test/ HTTP/1.1', 403, 'route_denied'],
    ['a host without a route', 'GET http://nowhere.example/ HTTP/1.1', 403, 'no_route'],
    ['a literal that is not public', 'GET http://127.0.0.2/ HTTP/1.1', 403, 'address_denied'],
    ['https', 'GET https://judged.test/ HTTP/1.1', 400, 'bad_request'],
    ['another scheme', 'GET ftp://judged.test/ HTTP/1.1', 400, 'bad_authority'],
    ['an origin-form: nothing administrative answers here', 'GET /metrics HTTP/1.1', 400, 'bad_request'],
    ['an asterisk', 'OPTIONS * HTTP/1.1', 400, 'bad_request'],
    ['a WebSocket scheme', 'GET ws://judged.test/ HTTP/1.1', 501, 'upgrade_refused'],
    [
      'a request that was here before',
      'GET http://judged.test/ HTTP/1.1\r\nVia: 1.0 a, 1.1 JUDGE-test',
      508,
      'proxy_loop',
    ],
  ])('refuses %s and keeps the connection', async (_what, head, status, code) => {
    const wire = await connect();
    wire.socket.write(`${head}\r\nHost: x\r\n\r\n`);
    const refusal = refusalOf(await wire.until((text) => text.endsWith('}}')));
    expect(refusal).toMatchObject({ status, code });
    expect(refusal.headers).not.toMatch(/connection: close/i);
    wire.received = '';
    wire.socket.write('GET http://judged.test/again HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until((text) => text.includes('/again'));
    wire.socket.destroy();
  });

  it('refuses a WebSocket and ends the connection: what came behind it is lost in Node', async () => {
    const wire = await connect();
    wire.socket.write(
      'GET http://judged.test/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: x\r\n\r\n',
    );
    const refusal = refusalOf(await wire.whole());
    expect(refusal).toMatchObject({ status: 501, code: 'upgrade_refused' });
    expect(refusal.headers).toMatch(/connection: close/i);
  });

  it('answers a refused upload at once, and the client that only writes first gets the answer', async () => {
    const wire = await connect();
    wire.socket.write(`POST http://denied.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n`);
    await wire.until((text) => text.endsWith('}}'));
    wire.socket.write('x'.repeat(200_000));
    expect(refusalOf(await wire.whole())).toMatchObject({ code: 'route_denied' });
    wire.socket.destroy();
  });

  it('lets Expect: 100-continue and other expectations through', async () => {
    const wire = await connect();
    const head = 'POST http://judged.test/up HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n';
    wire.socket.write(`${head}Expect: 100-continue\r\n\r\n`);
    await wire.until((text) => text.startsWith('HTTP/1.1 100 Continue'));
    wire.socket.write('body');
    await wire.until((text) => text.includes('"length":4'));
    wire.received = '';
    wire.socket.write(`${head}Expect: something\r\n\r\nbody`);
    await wire.until((text) => text.includes('"length":4'));
    wire.socket.destroy();
  });

  it.each([
    ['rubbish', 'rubbish\r\n\r\n', 400, 'bad_request'],
    [
      'two lengths',
      'POST http://judged.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'bad_request',
    ],
    [
      'a length and a coding',
      'POST http://judged.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'bad_request',
    ],
    ['a bare line feed', 'GET http://judged.test/ HTTP/1.1\nHost: x\n\n', 400, 'bad_request'],
    [
      'too long a head',
      `GET http://judged.test/ HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`,
      431,
      'header_too_large',
    ],
    [
      'CONNECT with a body',
      'CONNECT echo.test:443 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody',
      400,
      'ambiguous_framing',
    ],
    [
      'CONNECT with a coding',
      'CONNECT echo.test:443 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'ambiguous_framing',
    ],
    ['CONNECT with two hosts', 'CONNECT echo.test:443 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400, 'bad_request'],
  ])('refuses %s and closes', async (_what, sent, status, code) => {
    const wire = await connect();
    wire.socket.write(sent);
    expect(refusalOf(await wire.whole())).toMatchObject({ status, code });
    wire.socket.destroy();
    expect(suite.door.log.lines.filter((line) => line.event === 'refused')).toHaveLength(1);
  });

  it('cuts a CONNECT that is pipelined behind an unfinished answer, instead of mixing the two', async () => {
    const wire = await connect();
    let answer: () => void = () => undefined;
    suite.door.forwarder.before = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    wire.socket.write(
      `GET http://judged.test/slow HTTP/1.1\r\nHost: x\r\n\r\nCONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(await wire.whole()).toBe('');
    answer();
    expect(suite.door.ledger.records).toEqual([]);
  });
});

describe('records', () => {
  it('keeps going, and the tunnel too, when the ledger cannot write', async () => {
    suite.door.ledger.fails = true;
    const wire = await plainWire(suite.door);
    wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\n\r\nping`);
    await wire.until((text) => text.endsWith('ping'));
    wire.socket.end();
    await wire.whole();
    await suite.door.log.line('tunnel_closed');
  });

  it('tells nothing internal: a refusal is the code, fixed text, and ids of ours', async () => {
    suite.door.interceptor.prepareFails = new ProxyError('internal', { cause: new Error('/secret/path 10.1.2.3') });
    const wire = await plainWire(suite.door);
    wire.socket.write('CONNECT judged.test:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    const raw = await wire.whole();
    expect(raw).not.toMatch(/secret|10\.1\.2\.3|at .*\.ts/);
    const { error } = JSON.parse(raw.split('\r\n\r\n')[1] ?? '');
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'request_id', 'route', 'type']);
    const line = await suite.door.log.line('refused');
    expect(line.request_id).toBe(error.request_id);
  });

  it('uses ids of its own: the same client id twice, long, or with line breaks changes nothing', async () => {
    const ids = new Set<unknown>();
    for (const id of ['same', 'same', 'x'.repeat(10_000)]) {
      const wire = await plainWire(suite.door);
      wire.socket.write(`GET http://denied.test/ HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${id}\r\n\r\n`);
      await wire.until((text) => text.endsWith('}}'));
      ids.add(/x-judge-request-id: (\S+)/.exec(wire.received)?.[1]);
      expect(wire.received).not.toContain(id);
      wire.socket.destroy();
    }
    expect(ids.size).toBe(3);
    expect(suite.door.ledger.records.map((record) => record.request_id)).toEqual([...ids]);
  });

  it('leaves no socket at the origin when the client goes away at any moment', async () => {
    for (const cut of ['before', 'after'] as const) {
      const wire = await plainWire(suite.door);
      wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\n\r\n`);
      if (cut === 'after') await wire.until((text) => text === FIRST_LINE);
      wire.socket.resetAndDestroy();
    }
    await suite.door.log.line('tunnel_closed');
    await Promise.all([...suite.echo.sockets].map((socket) => once(socket, 'close')));
    expect(suite.echo.sockets.size).toBe(0);
  });
});
