/**
 * The hop over HTTP/2, from outside:
 * - plain CONNECT opens tunnels, many on one connection, and the end of one leaves the others alone;
 * - absolute-form travels as :scheme, :authority, :path; what disagrees is refused;
 * - a connection on which nothing happens is closed, one with an open tunnel stays;
 * - tunnels that the peer resets, thousands of them in a burst, neither end the connection nor the process.
 */

import { once } from 'node:events';
import { constants } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { http2Session, send, text } from './clients.fixture.ts';
import { startDoor, stopDoor } from './door.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite();

const request = { ':method': 'GET', ':scheme': 'http', ':authority': 'judged.test', ':path': '/a//b/../c?x=%2F' };

function connectTo(authority: string): Record<string, string> {
  return { ':method': 'CONNECT', ':authority': authority };
}

describe('CONNECT', () => {
  it('relays blindly, both halves', async () => {
    const session = await http2Session(suite.door);
    const { stream, headers } = await send(session, connectTo(`echo.test:${suite.echo.port}`));
    expect(headers[':status']).toBe(200);
    expect(headers['content-length']).toBeUndefined();
    stream.end('ping');
    expect(await text(stream)).toBe('ping');
    session.close();
    const record = await suite.door.ledger.record((entry) => entry.action === 'tunnel');
    expect(record).toMatchObject({ host: 'echo.test', bytes_up: 4, bytes_down: 4, reason: 'client_closed' });
  });

  it('hands a judged host to the interceptor', async () => {
    const session = await http2Session(suite.door);
    const { stream } = await send(session, connectTo('judged.test:443'));
    stream.write('hello');
    const [chunk] = await once(stream, 'data');
    expect(String(chunk)).toBe('HELLO');
    stream.close(constants.NGHTTP2_CANCEL);
    await suite.door.log.line('tunnel_closed', (line) => line.action === 'terminate');
    session.close();
  });

  it.each([
    ['a denied host', 'denied.test:443', 403, 'route_denied'],
    ['a literal that is not public', '127.0.0.2:443', 403, 'address_denied'],
    ['no port', 'echo.test', 400, 'bad_authority'],
    ['a closed port', 'echo.test:80', 502, 'connect_failed'],
  ])('refuses %s with a length, and the connection goes on', async (_what, authority, status, code) => {
    const session = await http2Session(suite.door);
    const { stream, headers } = await send(session, connectTo(authority));
    const body = await text(stream);
    expect(headers[':status']).toBe(status);
    expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
    expect(JSON.parse(body).error.code).toBe(code);
    const next = await send(session, connectTo(`echo.test:${suite.echo.port}`));
    expect(next.headers[':status']).toBe(200);
    next.stream.close();
    session.close();
  });

  it('refuses WebSockets by extended CONNECT', async () => {
    const session = await http2Session(suite.door);
    const { headers } = await send(session, {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':authority': 'judged.test',
      ':path': '/socket',
    });
    expect(headers).toMatchObject({ ':status': 501, 'x-judge-code': 'upgrade_refused' });
    session.close();
  });

  it('survives the end of every tunnel by RST_STREAM, in bursts, with a neighbour on the connection', async () => {
    const session = await http2Session(suite.door);
    const neighbour = await send(session, connectTo('judged.test:443'));
    for (let burst = 0; burst < 15; burst += 1) {
      const tunnels = Array.from({ length: 100 }, () =>
        session.request(connectTo('judged.test:443'), { endStream: false }),
      );
      await Promise.all(
        tunnels.map(async (stream) => {
          await once(stream, 'response');
          stream.on('error', () => undefined);
          const closed = new Promise((resolve) => stream.once('close', resolve));
          stream.close(constants.NGHTTP2_INTERNAL_ERROR);
          await closed;
        }),
      );
    }
    neighbour.stream.write('still here');
    const [chunk] = await once(neighbour.stream, 'data');
    expect(String(chunk)).toBe('STILL HERE');
    session.close();
    neighbour.stream.close();
  });

  it('announces the windows and the number of streams that the hop needs', async () => {
    const session = await http2Session(suite.door);
    expect(session.remoteSettings).toMatchObject({
      maxConcurrentStreams: 1_000,
      initialWindowSize: 1 << 18,
      enableConnectProtocol: true,
      maxHeaderListSize: 65_536,
    });
    session.close();
  });
});

describe('a connection', () => {
  it('without a stream is closed after limits.keep_alive, and one with a tunnel is not', async () => {
    const short = await startDoor(suite.certificates, { ports: [suite.echo.port], limits: { keep_alive: '500ms' } });
    const [unused, used, busy, usual] = await Promise.all(
      [short, short, short, suite.door].map((at) => http2Session(at)),
    );
    if (unused === undefined || used === undefined || busy === undefined || usual === undefined)
      throw new Error('none');
    const closed = [unused, used, busy].map((session) => once(session, 'close'));
    const { stream } = await send(busy, connectTo(`echo.test:${suite.echo.port}`));
    await text((await send(used, request, true)).stream);
    await Promise.all(closed.slice(0, 2));
    stream.write('still here');
    expect(String((await once(stream, 'data'))[0])).toBe('still here');
    stream.end();
    await closed[2];
    expect((await send(usual, request, true)).headers[':status']).toBe(200);
    usual.close();
    await stopDoor(short);
  });
});

describe('absolute-form', () => {
  it('goes to the forwarder with the path as it was written', async () => {
    const session = await http2Session(suite.door);
    const { stream, headers } = await send(session, request, true);
    expect(headers[':status']).toBe(200);
    expect(JSON.parse(await text(stream))).toMatchObject({ path: '/a//b/../c?x=%2F', route: 'judged', recorded: true });
    session.close();
  });

  it.each([
    ['a denied host', { ':authority': 'denied.test' }, 403, 'route_denied'],
    ['https', { ':scheme': 'https' }, 400, 'bad_request'],
    ['an asterisk', { ':method': 'OPTIONS', ':path': '*' }, 400, 'bad_request'],
    ['a bad host', { ':authority': 'a..test' }, 400, 'bad_authority'],
    ['another Host', { host: 'denied.test' }, 400, 'bad_request'],
    ['a request that was here before', { via: '2 judge-test' }, 508, 'proxy_loop'],
    ['a host that is ourselves', { ':authority': 'self.test' }, 403, 'no_route'],
  ])('refuses %s', async (_what, change, status, code) => {
    const session = await http2Session(suite.door);
    const target = code === 'no_route' ? { ...change, ':authority': `self.test:${suite.door.proxy.port}` } : change;
    const { headers } = await send(session, { ...request, ...target }, true);
    expect(headers).toMatchObject({ ':status': status, 'x-judge-code': code });
    session.close();
  });

  it('answers a refused upload without waiting for its end', async () => {
    const session = await http2Session(suite.door);
    const { stream, headers } = await send(session, { ...request, ':method': 'POST', ':authority': 'denied.test' });
    expect(headers[':status']).toBe(403);
    await text(stream);
    session.close();
  });
});
