/**
 * An origin that reads requests to the letter of RFC 9112 and nothing else: it takes exactly the requests whose end is
 * beyond doubt, answers each with 200, and remembers what was in doubt. A lenient parser here would hide what a
 * lenient parser in front let through. `script` lets a test take the connection at any point instead.
 */

import { EventEmitter, once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';

export interface StrictRequest {
  /** Request line without its version. */
  readonly line: string;
  readonly head: string;
  readonly body: string;
}

/** Called once for each new connection; true: the test answers on it, nothing is parsed. */
export type Script = (socket: Socket, origin: StrictOrigin) => boolean;

export class StrictOrigin {
  readonly requests: StrictRequest[] = [];
  /** What could be read in two ways. */
  readonly doubts: string[] = [];
  /** Emits `request` and `closed`. */
  readonly events = new EventEmitter();
  connections = 0;
  /** False: a connection carries one request, so that the next one meets the script. */
  keepsConnections = true;
  script: Script = () => false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(tls: { readonly cert: string; readonly key: string } | null) {
    this.events.setMaxListeners(0);
    this.#server = tls === null ? createServer() : createTlsServer(tls);
    this.#server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => this.#take(socket));
    this.#server.on('tlsClientError', () => {});
  }

  static async start(tls: { readonly cert: string; readonly key: string } | null): Promise<StrictOrigin> {
    const origin = new StrictOrigin(tls);
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.#sockets.size;
  }

  /** Ends the connection with a TCP reset; under TLS with the kernel's, which needs unread input, or else a bare FIN. */
  reset(socket: Socket): void {
    if (socket instanceof TLSSocket) socket.destroy();
    else socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #take(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.events.emit('closed');
    });
    if (this.script(socket, this)) return;
    let rest = '';
    socket.on('data', (chunk: Buffer) => {
      rest += chunk.toString('latin1');
      for (;;) {
        const found = readRequest(rest);
        if (found === 'more') return;
        if (typeof found === 'string') {
          this.doubts.push(found);
          socket.destroy();
          return;
        }
        rest = rest.slice(found.length);
        this.requests.push(found.request);
        this.events.emit('request', found.request);
        if (this.keepsConnections) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      }
    });
  }
}

type Found = { readonly request: StrictRequest; readonly length: number };

/** The first request of the text, `more`, or what is in doubt about it. */
function readRequest(text: string): Found | string {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return 'more';
  const head = text.slice(0, end);
  const [line = '', ...fields] = head.split('\r\n');
  const start = /^([A-Z]+ \/[!-~]*) HTTP\/1\.1$/.exec(line)?.[1];
  if (start === undefined) return `request line: ${line}`;
  const odd = fields.find((field) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t ]*[\t\x20-\x7e\x80-\xff]*$/.test(field));
  if (odd !== undefined) return `field: ${JSON.stringify(odd)}`;
  const valuesOf = (name: string) =>
    fields
      .filter((field) => field.toLowerCase().startsWith(`${name}:`))
      .map((field) => field.slice(name.length + 1).trim());
  const [hosts, lengths, codings] = [valuesOf('host'), valuesOf('content-length'), valuesOf('transfer-encoding')];
  if (hosts.length !== 1) return `${hosts.length} Host fields`;
  if (lengths.length + codings.length > 1) return `framing: ${[...lengths, ...codings].join(' | ')}`;
  const body = text.slice(end + 4);
  const done = (content: string, length: number): Found => ({
    request: { line: start, head, body: content },
    length: end + 4 + length,
  });
  if (codings[0] !== undefined) return codings[0] === 'chunked' ? readChunks(body, done) : `coding: ${codings[0]}`;
  if (lengths[0] === undefined) return done('', 0);
  if (!/^\d+$/.test(lengths[0])) return `length: ${lengths[0]}`;
  const length = Number(lengths[0]);
  return body.length < length ? 'more' : done(body.slice(0, length), length);
}

function readChunks(text: string, done: (content: string, length: number) => Found): Found | string {
  let content = '';
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return 'more';
    const line = text.slice(at, end);
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) return `chunk size: ${JSON.stringify(line)}`;
    const size = Number.parseInt(line, 16);
    const next = end + 2 + size + 2;
    if (text.length < next) return 'more';
    if (text.slice(next - 2, next) !== '\r\n') return `chunk of ${size} without its end`;
    if (size === 0) return done(content, next);
    content += text.slice(end + 2, next - 2);
    at = next;
  }
}
