/**
 * Who may come in, and whose word counts:
 * - without a certificate of our CA, valid, for clients and not revoked, no HTTP is spoken at all, and the log says why;
 * - with one that carries another name, HTTP is spoken and everything is refused;
 * - only who carries an accepted name may say who the client is; on the plain listener it is always the socket.
 * Each transport × identity × action gives the answer and the record.
 */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { KeyPair } from './chain-certificates.fixture.ts';
import { http2Session, plainWire, refusalOf, send, text, tlsWire } from './clients.fixture.ts';
import { startDoor, stopDoor, type TestDoor } from './door.fixture.ts';
import { doorSuite } from './door-suite.fixture.ts';

const suite = doorSuite();

/**
 * Everything that the peer hears. In TLS 1.3 it finishes its half before it is judged, so the refusal may show at the
 * handshake or at the first read.
 */
async function heard(at: TestDoor, pair: Pick<KeyPair, 'cert' | 'key'> | null, protocol: string): Promise<string> {
  const socket = connectTls({
    port: at.proxy.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: suite.certificates.ca.cert,
    ALPNProtocols: [protocol],
    ...(pair === null ? {} : { cert: pair.cert, key: pair.key }),
  });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => undefined);
  socket.write(`CONNECT echo.test:${suite.echo.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  return received;
}

describe('TLS refuses', () => {
  const refused: [what: string, pair: () => KeyPair | null, cause: string][] = [
    ['no certificate', () => null, 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    ['one of another CA', () => suite.certificates.foreign, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['an expired one', () => suite.certificates.expired, 'CERT_HAS_EXPIRED'],
    ['one for servers only', () => suite.certificates.serverOnly, 'INVALID_PURPOSE'],
  ];

  it.each(refused)('%s, over both protocols, and logs the reason', async (_what, pair, cause) => {
    for (const protocol of ['http/1.1', 'h2']) expect(await heard(suite.door, pair(), protocol)).toBe('');
    await suite.door.log.line('handshake_failed', (line) => line.cause === cause && line.code === 'client_unknown');
    expect(
      suite.door.log.lines.filter((line) => line.event !== 'handshake_failed' && line.event !== 'listening'),
    ).toEqual([]);
    expect(suite.door.ledger.records).toEqual([]);
  });

  it('a revoked one, when the CA file holds its revocation list', async () => {
    const wire = await tlsWire(suite.door, suite.certificates.revoked);
    wire.socket.write('GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until((received) => received.startsWith('HTTP/1.1 200')); // the control: without a list it passes
    wire.socket.destroy();
    const clientCa = join(suite.certificates.folder, 'ca-with-crl.crt');
    await writeFile(clientCa, suite.certificates.ca.cert + suite.certificates.crl);
    const strict = await startDoor(suite.certificates, { ports: [suite.echo.port], clientCa });
    expect(await heard(strict, suite.certificates.revoked, 'http/1.1')).toBe('');
    await strict.log.line('handshake_failed', (line) => line.cause === 'CERT_REVOKED');
    const good = await tlsWire(strict);
    good.socket.write('GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await good.until((received) => received.startsWith('HTTP/1.1 200'));
    good.socket.destroy();
    await stopDoor(strict);
  });

  it('TLS 1.2, in which the certificate would travel in clear', async () => {
    const { cert, key } = suite.certificates.client;
    const socket = connectTls({
      port: suite.door.proxy.port,
      host: '127.0.0.1',
      ca: suite.certificates.ca.cert,
      cert,
      key,
      maxVersion: 'TLSv1.2',
    });
    const [error] = await once(socket, 'error');
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });
});

describe('a certificate of our CA with another name', () => {
  const targets: [action: string, target: () => string][] = [
    ['tunnel', () => `echo.test:${suite.echo.port}`],
    ['terminate', () => 'judged.test:443'],
    ['deny', () => 'denied.test:443'],
  ];

  it.each(targets)('gets 403 for %s over HTTP/1.1', async (_action, target) => {
    const wire = await tlsWire(suite.door, suite.certificates.otherName);
    wire.socket.write(`CONNECT ${target()} HTTP/1.1\r\nX-Judge-Client-IP: 10.0.0.1\r\nHost: x\r\n\r\n`);
    expect(refusalOf(await wire.whole())).toMatchObject({ status: 403, code: 'client_unknown' });
    expect(suite.door.ledger.records).toMatchObject([
      { client: 'unknown', error_code: 'client_unknown', action: 'deny' },
    ]);
    wire.socket.destroy();
  });

  it.each(targets)('gets 403 for %s over HTTP/2', async (_action, target) => {
    const session = await http2Session(suite.door, suite.certificates.otherName);
    const { headers } = await send(session, {
      ':method': 'CONNECT',
      ':authority': target(),
      'x-judge-client-ip': '10.0.0.1',
    });
    expect(headers).toMatchObject({ ':status': 403, 'x-judge-code': 'client_unknown' });
    session.close();
  });

  it('gets 403 in absolute-form', async () => {
    const wire = await tlsWire(suite.door, suite.certificates.otherName);
    wire.socket.write('GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(refusalOf(await wire.until((received) => received.endsWith('}}'))).code).toBe('client_unknown');
    expect(suite.door.forwarder.targets).toEqual([]);
    wire.socket.destroy();
  });
});

describe('the client is', () => {
  const header: [header: string, client: string][] = [
    ['X-Judge-Client-IP: 10.1.2.3', 'address:10.1.2.3'],
    ['x-judge-client-ip: 2001:DB8::1', 'address:2001:db8::1'],
    ['x-judge-client-ip: ::ffff:10.1.2.3', 'address:10.1.2.3'],
    ['x-judge-client-ip: 10.1.2.3\r\nx-judge-client-ip: 10.9.9.9', 'certificate:envoy-proxy'],
    ['x-judge-client-ip: root', 'certificate:envoy-proxy'],
    ['x-judge-client-ip: 10.1.2.3, 10.9.9.9', 'certificate:envoy-proxy'],
    ['X-Forwarded-For: 10.1.2.3\r\nForwarded: for=10.1.2.3\r\nX-Real-IP: 10.1.2.3', 'certificate:envoy-proxy'],
    ['x_judge_client_ip: 10.1.2.3', 'certificate:envoy-proxy'],
  ];

  it.each(header)('with Envoy and %j: %s', async (line, client) => {
    const wire = await tlsWire(suite.door);
    wire.socket.write(`GET http://judged.test/ HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`);
    await wire.until((received) => received.endsWith('}'));
    expect(suite.door.forwarder.targets[0]?.client).toBe(client);
    wire.socket.destroy();
  });

  it.each(header)('without Envoy and %j: the socket', async (line) => {
    const wire = await plainWire(suite.door);
    wire.socket.write(`CONNECT judged.test:443 HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\nhello`);
    await wire.until((received) => received.endsWith('HELLO'));
    expect(suite.door.interceptor.contexts[0]?.client).toBe('address:127.0.0.1');
    wire.socket.destroy();
  });

  it('the one that the header names, stream by stream, over HTTP/2', async () => {
    const session = await http2Session(suite.door);
    for (const ip of ['10.0.0.1', '10.0.0.2']) {
      const request = {
        ':method': 'GET',
        ':scheme': 'http',
        ':authority': 'judged.test',
        ':path': '/',
        'x-judge-client-ip': ip,
      };
      const { stream } = await send(session, request, true);
      expect(JSON.parse(await text(stream)).client).toBe(`address:${ip}`);
    }
    session.close();
  });
});
