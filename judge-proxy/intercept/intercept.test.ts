/**
 * Contract: a tunnel to a terminated host shows that host's certificate, whatever the client says or leaves out; its
 * requests go to that host and no other; and when its client goes away, at whatever moment, nothing of it is left.
 * Every test ends with no tunnel and no socket open.
 */

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { nothingIsLeft, tunnelEnds } from './testing/leftovers.ts';
import { HOST, type Hop, Rig, type RigOptions } from './testing/rig.ts';

let rig: Rig;
async function start(options: RigOptions = {}): Promise<Rig> {
  rig = await Rig.start(options);
  return rig;
}
afterEach(async () => {
  await rig.close();
});

const GET = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

describe.each<Hop>(['h1', 'h2'])('on the %s hop', (hop) => {
  test('a request inside a tunnel is answered, and so is the next on the same connection', async () => {
    await start({
      hop,
      handler: (request, response) => void response.end(`${request.method} ${request.url} ${request.body}`),
    });
    const client = await rig.peer();
    client.write(`POST /v1/x?q=1 HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\n\r\nabc`);
    await client.includes('POST /v1/x?q=1 abc');
    client.write(GET);
    await client.includes('GET / ');
    expect(rig.ledger.order).toEqual(['open', 'request', 'complete', 'open', 'request', 'complete']);
    client.stream.end();
    await nothingIsLeft(rig, hop);
    expect(rig.ends).toEqual(['client_closed']);
    expect(rig.handshakes).toEqual([]);
  });

  test('clients without SNI see the certificate of the host that they connected to', async () => {
    const hosts = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test', 'f.test'];
    await start({ hop, hosts });
    const subjects = await Promise.all(
      hosts.map(async (host) => {
        const tunnel = await rig.tunnel(`${host}:443`);
        const socket = tls.connect({
          socket: tunnel as net.Socket,
          ca: rig.caPem,
          checkServerIdentity: () => undefined,
        });
        socket.on('error', () => {});
        await once(socket, 'secureConnect');
        const names = socket.getPeerCertificate().subjectaltname;
        const answer = await rig.request({ headers: { host } }, socket);
        socket.destroy();
        return [names, answer.status];
      }),
    );
    expect(subjects).toEqual(hosts.map((host) => [`DNS:${host}`, 200]));
  });

  test('a client that trusts us not leaves nothing behind', async () => {
    await start({ hop });
    const socket = rig.startTls(await rig.tunnel(), { ca: [] });
    await once(socket, 'error');
    socket.destroy();
    await nothingIsLeft(rig, hop);
    expect(rig.handshakes).toHaveLength(1);
  });

  test('half a ClientHello, then the end', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]));
    tunnel.end();
    await nothingIsLeft(rig, hop);
  });

  test('half a ClientHello, then silence', async () => {
    await start({ hop, limits: { tls_handshake: '100ms' } });
    const tunnel = await rig.tunnel();
    tunnel.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]));
    await nothingIsLeft(rig, hop);
    expect(rig.ends).toEqual(['handshake_timeout']);
    expect(rig.handshakes).toEqual(['timeout']);
  });

  test('no byte at all', async () => {
    await start({ hop, limits: { first_byte: '100ms' } });
    await rig.tunnel();
    await nothingIsLeft(rig, hop);
    expect(rig.ends).toEqual(['first_byte_timeout']);
  });

  test('an end before the first byte', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.end();
    await nothingIsLeft(rig, hop);
    expect(rig.ends).toEqual(['client_closed']);
  });

  test('a reset at any moment of the handshake', async () => {
    await start({ hop });
    for (let written = 0; written < 4; written += 1) {
      const tunnel = await rig.tunnel();
      if (written > 0) rig.startTls(tunnel);
      for (let turn = 0; turn < written * 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (tunnel instanceof net.Socket) tunnel.resetAndDestroy();
      else tunnel.destroy();
      await tunnelEnds(rig, written + 1);
    }
    await nothingIsLeft(rig, hop);
  });

  test('no TLS at all', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.write('GET / HTTP/1.1\r\n\r\n');
    await nothingIsLeft(rig, hop);
    expect(rig.handshakes).toEqual(['not_tls']);
  });

  test('a protocol that we do not speak', async () => {
    await start({ hop });
    const socket = rig.startTls(await rig.tunnel(), { ALPNProtocols: ['h2'] });
    await once(socket, 'error');
    await nothingIsLeft(rig, hop);
    expect(rig.handshakes).toEqual(['no_protocol']);
  });

  test('a client that speaks of no protocol gets HTTP/1.1', async () => {
    await start({ hop });
    const socket = rig.startTls(await rig.tunnel(), { ALPNProtocols: [] });
    await once(socket, 'secureConnect');
    expect((await rig.request({}, socket)).status).toBe(200);
  });

  test('a connection that is opened and never used is counted, not more', async () => {
    await start({ hop });
    const socket = await rig.secure();
    socket.end();
    await nothingIsLeft(rig, hop);
    expect(rig.handshakes).toEqual(['unused']);
    expect(rig.ends).toEqual(['client_closed']);
  });

  test('our own shutdown ends what is open', async () => {
    await start({ hop });
    const sockets = [await rig.secure(), await rig.secure()];
    const closed = sockets.map((socket) => once(socket, 'close'));
    await rig.tunnel();
    await rig.interceptor.close();
    expect(rig.interceptor.active).toBe(0);
    await Promise.all(closed);
    expect(rig.ends).toEqual(['shutdown', 'shutdown', 'shutdown']);
  });

  test('after our shutdown a tunnel that was on its way is closed, and closing again is no matter', async () => {
    await start({ hop });
    await Promise.all([rig.interceptor.close(), rig.interceptor.close()]);
    void rig.tunnel(); // may close before its 200 has arrived
    await tunnelEnds(rig);
    expect(rig.ends).toEqual(['shutdown']);
    await rig.interceptor.close();
  });

  describe('names', () => {
    test('SNI of another host: every request is refused, and none reaches an origin', async () => {
      await start({ hop });
      const client = await rig.peer({ servername: 'other.test', checkServerIdentity: () => undefined });
      for (const count of [1, 2]) {
        client.write(GET);
        const text = await client.until(
          (seen) => seen.endsWith('}') && seen.split('HTTP/1.1 421 ').length === count + 1,
        );
        expect(text.split('"code":"name_mismatch"').length).toBe(count + 1);
        expect(text.split('"reason":"sni"').length).toBe(count + 1);
      }
      expect(rig.origin.seen).toEqual([]);
      expect(rig.ledger.connections).toMatchObject([{ action: 'deny', error_code: 'name_mismatch', host: HOST }, {}]);
    });

    test('Host and target are compared for each request, and the connection stays good', async () => {
      await start({ hop, hosts: ['other.test'] });
      const client = await rig.peer();
      const requests: [string, number][] = [
        [GET, 200],
        ['GET / HTTP/1.1\r\nHost: other.test\r\n\r\n', 421],
        [`GET https://other.test/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 421],
        [`GET https://${HOST}/ HTTP/1.1\r\nHost: other.test\r\n\r\n`, 421],
        [`GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 421],
        [`GET https://${HOST}/abs?x HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`, 200],
        [GET, 200],
      ];
      for (const [index, [request, status]] of requests.entries()) {
        client.write(request);
        const text = await client.until(
          (seen) => seen.split('HTTP/1.1 ').length === index + 2 && /hello$|\}$/.test(seen),
        );
        expect(text.split('HTTP/1.1 ')[index + 1]?.slice(0, 3)).toBe(String(status));
      }
      expect(rig.origin.seen.map(({ url, headers, servername }) => [url, headers.host, servername])).toEqual([
        ['/', HOST, HOST],
        ['/abs?x', HOST, HOST],
        ['/', HOST, HOST],
      ]);
    });
  });
});

test('a ClientHello in one packet with the CONNECT', async () => {
  await start();
  const client = tls.connect({ socket: eagerTunnel(rig.port), ca: rig.caPem, servername: HOST });
  await once(client, 'secureConnect');
  expect((await rig.request({}, client)).status).toBe(200);
  client.destroy();
});

/** A tunnel whose first bytes travel with the CONNECT, without waiting for the 200. */
function eagerTunnel(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  let connect = `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  let established = Buffer.alloc(0);
  const tunnel = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      socket.write(Buffer.concat([Buffer.from(connect), chunk]), done);
      connect = '';
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  const pass = (chunk: Buffer) => tunnel.push(chunk);
  socket.on('data', function strip(chunk: Buffer) {
    established = Buffer.concat([established, chunk]);
    const end = established.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.off('data', strip).on('data', pass);
    if (established.length > end + 4) pass(established.subarray(end + 4));
  });
  return tunnel as net.Socket;
}

test("Node's own agent keeps its connection for the next request", async () => {
  await start();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const socket = await rig.secure();
  agent.createConnection = () => socket as unknown as net.Socket;
  for (const _ of [1, 2, 3]) {
    const request = http.request({ agent, host: HOST, headers: { host: HOST } }).end();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    await once(response, 'end');
  }
  expect(rig.origin.seen.map((seen) => seen.connection)).toEqual([1, 1, 1]);
  agent.destroy();
});
