/**
 * What a client can use up has a bound, and reaching it gives a coded answer:
 * tunnels, header blocks and their time, silence in a tunnel, targets that lead back to us, bodies nobody reads.
 */

import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { http2Session, plainWire, refusalOf, send, tlsWire } from './clients.fixture.ts';
import type { DoorOverrides } from './door.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite('itself');

const start = (overrides: Partial<DoorOverrides>) => suite.start(overrides);

describe('tunnels', () => {
  it('above the cap are refused with 503 and Retry-After; a closed one makes room', async () => {
    await start({ limits: { tunnels: 2 } });
    const session = await http2Session(suite.door);
    const connect = { ':method': 'CONNECT', ':authority': `echo.test:${suite.echo.port}` };
    const first = await send(session, connect);
    const second = await plainWire(suite.door);
    second.socket.write('CONNECT judged.test:443 HTTP/1.1\r\nHost: x\r\n\r\na');
    await second.until((received) => received.endsWith('A'));
    const third = await send(session, connect);
    expect(third.headers).toMatchObject({ ':status': 503, 'x-judge-code': 'too_many_tunnels', 'retry-after': '1' });
    const fourth = await plainWire(suite.door);
    fourth.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(refusalOf(await fourth.whole())).toMatchObject({ status: 503, code: 'too_many_tunnels' });
    first.stream.close();
    await suite.door.log.line('tunnel_closed');
    expect((await send(session, connect)).headers[':status']).toBe(200);
    session.destroy();
    second.socket.destroy();
    fourth.socket.destroy();
  });

  it('that fail before the 200 give their place back', async () => {
    await start({ limits: { tunnels: 1 } });
    for (const target of ['echo.test:80', '127.0.0.2:443', 'denied.test:443', 'echo.test:80']) {
      const wire = await plainWire(suite.door);
      wire.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(refusalOf(await wire.whole()).code).not.toBe('too_many_tunnels');
      wire.socket.destroy();
    }
    expect(suite.door.door.tunnels).toBe(0);
  });

  it('are closed when both directions are silent for the idle time, and not before', async () => {
    await start({ limits: { tunnel_idle: '250ms' } });
    const wire = await plainWire(suite.door);
    wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await wire.whole();
    const line = await suite.door.log.line('tunnel_closed');
    expect(line.reason).toBe('idle');
    expect(line.duration_ms).toBeGreaterThanOrEqual(240);
  });

  it('to a name without addresses are refused', async () => {
    await start({ names: { 'empty.test': [] } });
    const wire = await plainWire(suite.door);
    wire.socket.write('CONNECT empty.test:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(refusalOf(await wire.whole())).toMatchObject({ status: 502, code: 'dns_failed', reason: 'ENODATA' });
    wire.socket.destroy();
  });
});

describe('slow heads', () => {
  it.each([
    ['plain', () => plainWire(suite.door)],
    ['mTLS', () => tlsWire(suite.door)],
  ] as const)('get 408 on the %s listener', async (_name, connect) => {
    await start({ limits: { headers: '300ms' } });
    const wire = await connect();
    wire.socket.write('CONNECT echo.test:443 HTTP/1.1\r\nHost:');
    expect(refusalOf(await wire.whole())).toMatchObject({ status: 408, code: 'header_timeout' });
    wire.socket.destroy();
  });

  it('hold no connection that says nothing at all', async () => {
    await start({ limits: { headers: '300ms', tls_handshake: '300ms' } });
    const plain = await plainWire(suite.door);
    expect(refusalOf(await plain.whole()).code).toBe('header_timeout');
    plain.socket.destroy();
    const silent = connectTcp(suite.door.proxy.port, '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'close'); // before the ClientHello
    await suite.door.log.line('handshake_failed', (line) => line.cause === 'ERR_TLS_HANDSHAKE_TIMEOUT');
    // A failed handshake is not HTTP: only the plain connection was refused as such.
    expect(suite.door.log.lines.filter((line) => line.event === 'refused')).toHaveLength(1);
  });
});

describe('header blocks', () => {
  it('above limits.header_block are refused on HTTP/2 too, and the connection goes on', async () => {
    await start({ limits: { header_block: '16KiB' } });
    const session = await http2Session(suite.door);
    const request = { ':method': 'GET', ':scheme': 'http', ':authority': 'judged.test', ':path': '/' };
    const large = session.request({ ...request, a: 'a'.repeat(20_000) });
    const [error] = await once(large, 'error');
    expect(error.code).toMatch(/ERR_HTTP2/);
    expect((await send(session, request, true)).headers[':status']).toBe(200);
    session.destroy();
  });
});

describe('bodies', () => {
  it('of refused requests are not read without end', async () => {
    await start({});
    const wire = await plainWire(suite.door);
    wire.socket.write('POST http://denied.test/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    let sent = 0;
    const pump = () => {
      while (!wire.socket.destroyed && wire.socket.write(chunk)) sent += chunk.length;
    };
    wire.socket.on('drain', pump);
    pump();
    await wire.whole();
    expect(refusalOf(wire.received).code).toBe('route_denied');
    // The kernel's buffers on both sides come on top of the 32 MiB that are read.
    expect(sent).toBeLessThan(64 << 20);
    wire.socket.destroy();
  });
});

describe('slow bodies', () => {
  it('end with the ceiling over a whole request', async () => {
    await start({ limits: { headers: '200ms', tunnel_idle: '400ms' } });
    const wire = await plainWire(suite.door);
    wire.socket.write('POST http://judged.test/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx');
    // One byte every now and then keeps any idle timer alive.
    const drip = setInterval(() => wire.socket.write('x'), 50);
    expect(await wire.whole()).toBe('');
    clearInterval(drip);
    wire.socket.destroy();
  });
});

describe('targets that lead back', () => {
  it('are refused as loops: our own addresses, by literal and by name, on every listener', async () => {
    await start({ ports: [1, 2] });
    const own = [suite.door.proxy.port, suite.door.plain.port];
    await suite.stop();
    // The same ports again, now covered by the routes.
    await suite.start({
      ports: own,
      fixed: { proxy: own[0] ?? 0, plain: own[1] ?? 0 },
      allow: ['127.0.0.0/8', '::1/128'],
    });
    for (const port of own) {
      for (const target of [`127.0.0.1:${port}`, `self.test:${port}`, `LOCALHOST:${port}`]) {
        const wire = await plainWire(suite.door);
        wire.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
        expect(refusalOf(await wire.whole())).toMatchObject({ status: 508, code: 'proxy_loop' });
        wire.socket.destroy();
        const second = await plainWire(suite.door);
        second.socket.write(`GET http://${target}/metrics HTTP/1.1\r\nHost: x\r\n\r\n`);
        expect(refusalOf(await second.until((received) => received.endsWith('}}'))).code).toBe('proxy_loop');
        second.socket.destroy();
      }
    }
  });
});

describe('any target of CONNECT', () => {
  it('gets an answer with a code, and the door stands', async () => {
    await start({});
    const odd = fc.string({ unit: fc.constantFrom(...'abc019.:[]@/\\%?#-_ \té\u0001*'), maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(odd, async (target) => {
        const wire = await plainWire(suite.door);
        wire.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`, 'latin1');
        expect(await wire.whole()).toMatch(
          /^HTTP\/1\.1 (400|403|502|504) [^\r]+\r\n(.+\r\n)*x-judge-code: [a-z_]+\r\n/,
        );
        wire.socket.destroy();
      }),
      { numRuns: 200 },
    );
    const wire = await plainWire(suite.door);
    wire.socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\nhello`);
    await wire.until((received) => received.endsWith('hello'));
    wire.socket.destroy();
  });
});
