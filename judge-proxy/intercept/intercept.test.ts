/**
 * Contract: a tunnel to a terminated host shows that host's certificate, whatever the client says or leaves out; its
 * requests go to that host and no other; and when its client goes away, at whatever moment, nothing of it is left.
 * Every test ends with no tunnel and no socket open.
 */

import { spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
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

async function tunnelEnds(count = 1): Promise<void> {
  while (rig.ends.length < count) await once(rig.events, 'end');
  expect(rig.interceptor.active).toBe(0);
}

/** On HTTP/1.1 the client's socket is the tunnel; on HTTP/2 its connection stays for the next. */
async function nothingIsLeft(hop: Hop): Promise<void> {
  await tunnelEnds();
  await rig.until(() => rig.sockets === (hop === 'h1' ? 0 : 1));
}

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
    await nothingIsLeft(hop);
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
    await nothingIsLeft(hop);
    expect(rig.handshakes).toHaveLength(1);
  });

  test('half a ClientHello, then the end', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]));
    tunnel.end();
    await nothingIsLeft(hop);
  });

  test('half a ClientHello, then silence', async () => {
    await start({ hop, limits: { tls_handshake: '100ms' } });
    const tunnel = await rig.tunnel();
    tunnel.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]));
    await nothingIsLeft(hop);
    expect(rig.ends).toEqual(['handshake_timeout']);
    expect(rig.handshakes).toEqual(['timeout']);
  });

  test('no byte at all', async () => {
    await start({ hop, limits: { first_byte: '100ms' } });
    await rig.tunnel();
    await nothingIsLeft(hop);
    expect(rig.ends).toEqual(['first_byte_timeout']);
  });

  test('an end before the first byte', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.end();
    await nothingIsLeft(hop);
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
      await tunnelEnds(written + 1);
    }
    await nothingIsLeft(hop);
  });

  test('no TLS at all', async () => {
    await start({ hop });
    const tunnel = await rig.tunnel();
    tunnel.write('GET / HTTP/1.1\r\n\r\n');
    await nothingIsLeft(hop);
    expect(rig.handshakes).toEqual(['not_tls']);
  });

  test('a protocol that we do not speak', async () => {
    await start({ hop });
    const socket = rig.startTls(await rig.tunnel(), { ALPNProtocols: ['h2'] });
    await once(socket, 'error');
    await nothingIsLeft(hop);
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
    await nothingIsLeft(hop);
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
    await tunnelEnds();
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

describe('input that is no request', () => {
  test.each([
    ['garbage', 'not http at all\r\n\r\n', 400, 'bad_request'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, ''],
    ['a bare line feed in a header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\nb\r\n\r\n`, 400, 'bad_request'],
    ['a folded header', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: a\r\n b\r\n\r\n`, 400, 'bad_request'],
    [
      'both lengths',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
      400,
      'ambiguous_framing',
    ],
    [
      'two lengths',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n`,
      400,
      'ambiguous_framing',
    ],
    ['CONNECT', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400, 'bad_request'],
    [
      'a head beyond the limit',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      431,
      'header_too_large',
    ],
  ])('%s is refused, recorded, and the connection closed', async (_name, bytes, status, code) => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(bytes);
    const text = await client.untilClosed();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (code !== '') {
      expect(text).toContain(`x-judge-code: ${code}\r\n`);
      expect(rig.ledger.connections).toMatchObject([{ error_code: code, action: 'deny' }]);
    }
    expect(rig.raw.peers).toHaveLength(0);
    await tunnelEnds();
  });

  test('bytes behind a request cut the connection, and are never sent on', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 2\r\n\r\nokGARBAGE / HTTP/9\r\n\r\n`);
    await client.untilClosed();
    await rig.until(() => rig.forwarder.active === 0);
    for (const peer of rig.raw.peers) expect(peer.text).not.toContain('GARBAGE');
    expect(rig.ledger.completed.map((record) => record.outcome)).toEqual(['client_aborted']);
  });

  test('a chunk without a size cuts the upload', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`);
    const origin = await rig.raw.peer();
    await origin.includes('ok');
    client.write('zz\r\n');
    await client.untilClosed();
    await origin.untilClosed();
    expect(origin.text).not.toContain('\r\n0\r\n');
  });

  test('headers that never end', async () => {
    await start({ limits: { headers: '100ms' } });
    const client = await rig.peer();
    client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `);
    const text = await client.untilClosed();
    expect(text).toMatch(/^HTTP\/1.1 408 .*x-judge-code: header_timeout/s);
  });
});

describe('a client that waits for 100 Continue', () => {
  test('gets it, and the origin is not asked for one', async () => {
    await start({ raw: true });
    const client = await rig.peer();
    client.write(`POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`);
    await client.includes('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('ok');
    const origin = await rig.raw.peer();
    expect(await origin.includes('\r\n\r\nok')).not.toMatch(/expect/i);
    origin.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await client.includes('\r\n\r\nok');
  });

  test('gets a refusal at once when the names disagree', async () => {
    await start();
    const client = await rig.peer();
    client.write('POST / HTTP/1.1\r\nHost: other.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await client.includes('}')).toMatch(/^HTTP\/1.1 421 /);
  });

  test('for something else gets its answer all the same', async () => {
    await start();
    expect((await rig.request({ headers: { host: HOST, expect: 'tea' } })).status).toBe(200);
    expect(rig.origin.seen[0]?.headers.expect).toBeUndefined();
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

describe('clients that refuse our certificate', () => {
  test('curl with another pinned key: nothing is left, and the host is still terminated', async () => {
    await start();
    const pin = createHash('sha256')
      .update(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64');
    const caFile = join(tmpdir(), `intercept-ca-${process.pid}.crt`);
    await writeFile(caFile, rig.caPem);
    const curl = spawn(
      'curl',
      [
        '-sS',
        '-x',
        `http://127.0.0.1:${rig.port}`,
        '--cacert',
        caFile,
        '--pinnedpubkey',
        `sha256//${pin}`,
        `https://${HOST}/`,
      ],
      { stdio: 'ignore' },
    );
    const [code] = await once(curl, 'exit');
    expect(code).toBe(90); // CURLE_SSL_PINNEDPUBKEYNOTMATCH
    await nothingIsLeft('h1');
    expect(rig.origin.seen).toEqual([]);
    expect((await rig.request()).status).toBe(200);
  });

  test('curl that does not know the CA is a certain case', async () => {
    await start();
    const curl = spawn('curl', ['-sS', '-x', `http://127.0.0.1:${rig.port}`, `https://${HOST}/`], { stdio: 'ignore' });
    const [code] = await once(curl, 'exit');
    expect(code).toBe(60); // CURLE_PEER_FAILED_VERIFICATION
    await nothingIsLeft('h1');
    expect(rig.handshakes).toEqual(['distrust']);
    expect(rig.ends).toEqual(['client_distrusts']);
  });

  test('a hundred times: one report, a hundred counts, the action unchanged', async () => {
    await start();
    for (let i = 0; i < 100; i += 1) {
      const socket = rig.startTls(await rig.tunnel(), { ca: [] });
      await once(socket, 'error');
      socket.destroy();
      await tunnelEnds(i + 1);
    }
    expect(rig.handshakes).toHaveLength(100);
    const kinds = new Set(rig.handshakes).size;
    expect(rig.log.filter((line) => line.event === 'client_handshake')).toHaveLength(kinds);
    const socket = await rig.secure();
    expect(socket.getPeerCertificate().issuer.CN).toMatch(/interception CA/);
    expect((await rig.request({}, socket)).status).toBe(200);
  });
});

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
