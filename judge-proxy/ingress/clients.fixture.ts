/** Clients of the door for tests: as raw as the wire, so that a test sees every byte. */

import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { KeyPair } from './chain-certificates.fixture.ts';
import type { TestDoor } from './door.fixture.ts';

/** A socket with what it received so far, to be waited on. */
export class Wire {
  readonly socket: Socket;
  received = '';
  ended = false;
  #changed: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.#changed();
    });
    const end = () => {
      this.ended = true;
      this.#changed();
    };
    socket.on('error', end);
    socket.once('end', end);
    socket.once('close', end);
  }

  /** What was received, once it fits. @throws when the connection ends before */
  async until(fits: (text: string) => boolean): Promise<string> {
    while (!fits(this.received)) {
      if (this.ended) throw new Error(`ended after ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.received;
  }

  /** All that was received until the other side ended. */
  async whole(): Promise<string> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    return this.received;
  }
}

export async function plainWire(door: TestDoor): Promise<Wire> {
  const socket = connectTcp({ port: door.plain.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return new Wire(socket);
}

/** HTTP/1.1 over the mTLS listener. */
export async function tlsWire(door: TestDoor, pair: KeyPair = door.certificates.client): Promise<Wire> {
  const socket = connectTls({
    port: door.proxy.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: door.certificates.ca.cert,
    cert: pair.cert,
    key: pair.key,
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  return new Wire(socket);
}

export async function http2Session(
  door: TestDoor,
  pair: KeyPair = door.certificates.client,
): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://localhost:${door.proxy.port}`, {
    ca: door.certificates.ca.cert,
    cert: pair.cert,
    key: pair.key,
  });
  session.on('error', () => session.destroy());
  // The extended CONNECT may be used once the settings of the server are known.
  await Promise.all([once(session, 'connect'), once(session, 'remoteSettings')]);
  return session;
}

export interface Answer {
  readonly stream: ClientHttp2Stream;
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
}

/** Sends a request on the session and waits for its head. */
export async function send(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  endStream = false,
): Promise<Answer> {
  const stream = session.request(headers, { endStream });
  stream.on('error', () => undefined); // a tunnel may end with a reset
  const [received] = await once(stream, 'response');
  return { stream, headers: received };
}

export async function text(stream: ClientHttp2Stream): Promise<string> {
  let received = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) received += chunk;
  return received;
}

/** The body of a refusal, from a raw HTTP/1 answer. */
export function refusalOf(raw: string): {
  status: number;
  code: string;
  headers: string;
  reason?: string;
  route?: string;
} {
  const [head = '', body = ''] = raw.split('\r\n\r\n');
  const { error } = JSON.parse(body);
  return { ...error, status: Number(head.split(' ')[1]), headers: head };
}
