/** What the tests of settings send, in the fewest words. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { CertificatePaths } from '../../certs-tool/paths.ts';
import { readAll, tlsThrough } from './clients.ts';
import type { RunningSettings } from './settings-running.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Code of a refusal, `undefined` for an answer of the origin. */
  readonly code: string | undefined;
}

export interface Sent {
  readonly host: string;
  readonly path?: string;
  readonly body?: string;
  /** Comes back as `client_request_id` of the verdict. */
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request in absolute-form over a connection of its own: POST with a body, GET without. */
export async function send(port: number, { host, path = '/v1/models', body, id, headers }: Sent): Promise<Answer> {
  const request = http.request({
    agent: false,
    host: '127.0.0.1',
    port,
    method: body === undefined ? 'GET' : 'POST',
    path: `http://${host}${path}`,
    headers: {
      host,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(id === undefined ? {} : { 'x-client-request-id': id }),
      ...headers,
    },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const code = response.headers['x-judge-code'];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks).toString('latin1'),
    code: typeof code === 'string' ? code : undefined,
  };
}

/** A chat completion in absolute-form. */
export function chat(port: number, host: string, id: string, text = 'hello'): Promise<Answer> {
  const body = JSON.stringify({ model: id, messages: [{ role: 'user', content: text }] });
  return send(port, { host, path: '/v1/chat/completions', body, id });
}

/** The same from a client whose address the holder of Envoy's certificate states. */
export async function chatFrom(
  address: string,
  running: Pick<RunningSettings, 'tlsPort'>,
  certificates: CertificatePaths,
  { host, id, text = 'hello' }: { readonly host: string; readonly id: string; readonly text?: string },
): Promise<void> {
  const [ca, cert, key] = await Promise.all(
    [certificates.caCert, certificates.clientCert, certificates.clientKey].map((file) => readFile(file, 'utf8')),
  );
  const request = https.request({
    ...{ agent: false, host: '127.0.0.1', port: running.tlsPort, servername: 'localhost', ca, cert, key },
    method: 'POST',
    path: `http://${host}/v1/chat/completions`,
    headers: { host, 'content-type': 'application/json', 'x-client-request-id': id, 'x-judge-client-ip': address },
  });
  request.end(JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: text }] }));
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  await once(response, 'end');
}

/** GET inside a tunnel; everything that came back, head first. */
export async function getThrough(port: number, host: string, ca: string, path = '/v1/models'): Promise<string> {
  const socket = await tlsThrough(port, `${host}:443`, ca);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return (await readAll(socket)).toString('latin1');
}

/** A TCP connection that says nothing until the test does. */
export async function wire(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  socket.on('error', () => {});
  return socket;
}

/** A TLS connection to the listener that asks for a certificate; refused ones break at the first read at the latest. */
export async function tlsWire(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = tlsConnect({ host: '127.0.0.1', port, servername: 'localhost', ...options });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** Whether somebody listens there. */
export async function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Ports that were free a moment ago, each another. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A loopback address beside 127.0.0.1: Linux has 127.0.0.0/8 on it, other systems at least ::1. */
export async function secondLoopback(): Promise<string> {
  const server = createServer();
  try {
    server.listen(0, '127.0.0.2');
    await once(server, 'listening');
    server.close();
    return '127.0.0.2';
  } catch {
    return '::1';
  }
}
