/** The clients of a rig: tunnels on either hop, TLS in them, requests by a library or byte by byte. */

import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { RawPeer } from './raw-peer.ts';

/** What a tunnel is: a socket (HTTP/1.1) or a stream (HTTP/2). */
export type Hop = 'h1' | 'h2';

export const HOST = 'api.openai.test';

export abstract class RigClient {
  abstract readonly hop: Hop;
  /** Port of the HTTP/1.1 door. */
  abstract readonly port: number;
  /** Port of the HTTP/2 door. */
  abstract readonly h2Port: number;
  abstract readonly caPem: string;
  #opened: http2.ClientHttp2Session | null = null;

  /** A tunnel as the client sees it, before TLS. */
  async tunnel(authority = `${HOST}:443`): Promise<Duplex> {
    if (this.hop === 'h2') return this.#tunnelH2(authority);
    const socket = net.connect({ port: this.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    let head = '';
    while (!head.endsWith('\r\n\r\n')) {
      await once(socket, 'readable');
      head += socket.read()?.toString('latin1') ?? '';
    }
    return socket;
  }

  async #tunnelH2(authority: string): Promise<Duplex> {
    const stream = this.#session().request({ ':method': 'CONNECT', ':authority': authority });
    stream.on('error', () => {});
    await once(stream, 'response');
    return stream;
  }

  /** TLS inside a tunnel, done. */
  async secure(options: tls.ConnectionOptions = {}, authority = `${HOST}:443`): Promise<tls.TLSSocket> {
    const socket = this.startTls(await this.tunnel(authority), options);
    await once(socket, 'secureConnect');
    return socket;
  }

  startTls(tunnel: Duplex, options: tls.ConnectionOptions = {}): tls.TLSSocket {
    const socket = tls.connect({
      socket: tunnel as net.Socket,
      ca: this.caPem,
      servername: HOST,
      ALPNProtocols: ['http/1.1'],
      ...options,
    });
    socket.on('error', () => {});
    return socket;
  }

  /** TLS inside a tunnel, done, with both directions in the test's hands. */
  async peer(options: tls.ConnectionOptions = {}): Promise<RawPeer> {
    return new RawPeer(await this.secure(options));
  }

  /** One request inside a new tunnel of its own (or `socket`), by Node's client. */
  async request(options: http.RequestOptions & { body?: Buffer | string } = {}, socket?: Duplex): Promise<Answer> {
    const request = await this.send(options, socket);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    return await readAnswer(response);
  }

  /** The same, given out before its answer. */
  async send(
    { body, ...options }: http.RequestOptions & { body?: Buffer | string } = {},
    socket?: Duplex,
  ): Promise<http.ClientRequest> {
    const connection = socket ?? (await this.secure());
    const request = http.request({
      createConnection: () => connection as net.Socket,
      headers: { host: HOST },
      setHost: false,
      ...options,
    });
    request.on('error', () => {});
    request.end(body);
    return request;
  }

  /**
   * A plain request on the HTTP/2 hop.
   * @param body sent whole; null leaves the stream open for more, undefined ends it with the head
   */
  async h2Request(headers: http2.OutgoingHttpHeaders, body?: Buffer | null): Promise<http2.ClientHttp2Stream> {
    const stream = this.#session().request(headers, { endStream: body === undefined });
    stream.on('error', () => {});
    if (body) stream.end(body);
    return stream;
  }

  /** Ends what was opened over HTTP/2. */
  protected endSession(): void {
    this.#opened?.destroy();
  }

  #session(): http2.ClientHttp2Session {
    if (this.#opened !== null) return this.#opened;
    this.#opened = http2.connect(`http://127.0.0.1:${this.h2Port}`);
    this.#opened.on('error', () => {});
    return this.#opened;
  }
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: readonly string[];
}

/** Reads a response to its end; rejects when it breaks off. */
export async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    rawHeaders: response.rawHeaders,
    headers: response.headers,
    body: Buffer.concat(chunks),
    trailers: response.rawTrailers,
  };
}
