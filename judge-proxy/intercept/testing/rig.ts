/**
 * What is tested here, put together for real: interceptor, forwarder and upstream between real sockets. Only the ends
 * are made for the test: a door that answers every CONNECT, and a ledger that keeps records in memory and can be told
 * to wait. `hop` chooses what a tunnel is: a socket (HTTP/1.1) or a stream (HTTP/2).
 */

import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { loadCa, type SigningCa } from '../../../certs-tool/authority.ts';
import { makeInterceptionCa } from '../../../certs-tool/make-ca.ts';
import { makeOriginCa, makeOriginCertificate } from '../../../test/support/certificates.ts';
import { Origin, type OriginHandler } from '../../../test/support/origin.ts';
import { configSchema, type Limits } from '../../config/schema.ts';
import { routeConfig } from '../../config/testing/route.ts';
import { createRecorder } from '../../enforcement/observe.ts';
import { type ErrorCode, ProxyError } from '../../errors.ts';
import type { Capture } from '../../exchange/capture.ts';
import { CopyBudget } from '../../exchange/tap.ts';
import { createForwarder } from '../../forward/forward.ts';
import type { Forwarder } from '../../forward/forwarder.ts';
import { createAddressGuard } from '../../policy/address.ts';
import { parseAbsoluteUrl, parseAuthority } from '../../policy/authority.ts';
import { type Clock, newId, systemClock } from '../../telemetry/clock.ts';
import type { LogFields } from '../../telemetry/log.ts';
import { createUpstream } from '../../upstream/create-upstream.ts';
import { loadTrust } from '../../upstream/trust.ts';
import type { HandshakeEnd } from '../distrust.ts';
import { createInterceptor } from '../intercept.ts';
import type { Interceptor } from '../interceptor.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { RawOrigin, RawPeer } from './raw-peer.ts';

export type Hop = 'h1' | 'h2';

export interface RigOptions {
  readonly hop?: Hop;
  readonly handler?: OriginHandler;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** HOST leads to `raw` and `plainRaw`. */
  readonly raw?: boolean;
  /** More hosts than HOST that the interception CA may sign for. */
  readonly hosts?: readonly string[];
}

export const HOST = 'api.openai.test';

export const ROUTE = routeConfig({
  name: 'openai',
  hosts: [HOST],
  ports: [443],
  action: 'terminate',
  judge: 'default',
  mode: 'observe',
  on_judge_failure: 'review',
});

interface Origins {
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  readonly raw: RawOrigin;
  readonly plainRaw: RawOrigin;
}

export interface LogEntry extends LogFields {
  readonly level: string;
  readonly event: string;
}

/** Limits as the schema gives them, with some set otherwise (written as in a config file). */
export function limitsWith(limits: Readonly<Record<string, unknown>> = {}): Limits {
  return configSchema.parse({ routes: [ROUTE], judges: {}, limits }).limits;
}

/** The wait of a test for what it brings about itself: a promise and the function that ends it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

export class Rig {
  readonly ledger = new MemoryLedger();
  readonly captures: Capture[] = [];
  readonly log: LogEntry[] = [];
  readonly refused: ErrorCode[] = [];
  readonly handshakes: HandshakeEnd[] = [];
  /** Reasons of closed tunnels. */
  readonly ends: string[] = [];
  /** Emits `end` when a tunnel closed, `log` for each line. */
  readonly events = new EventEmitter();
  readonly limits: Limits;
  readonly caPem: string;
  ca: SigningCa;
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  /** Stand behind HOST instead of `origin` and `plainOrigin` when the rig is started with `raw`. */
  readonly raw: RawOrigin;
  readonly plainRaw: RawOrigin;
  readonly interceptor: Interceptor;
  readonly forwarder: Forwarder;
  readonly budget: CopyBudget;
  readonly held: CopyBudget;
  readonly via = `judge-${randomBytes(4).toString('hex')}`;
  readonly #options: RigOptions;
  readonly #folder: string;
  readonly #upstream: ReturnType<typeof createUpstream>;
  readonly #h1: http.Server;
  readonly #h2: http2.Http2Server;
  /** Sockets of clients at the door. */
  readonly #sockets = new Set<net.Socket>();
  #session: http2.ClientHttp2Session | null = null;

  private constructor(options: RigOptions, folder: string, origins: Origins, originCa: string) {
    this.#options = options;
    this.#folder = folder;
    const { origin, plainOrigin, raw, plainRaw } = origins;
    this.origin = origin;
    this.plainOrigin = plainOrigin;
    this.raw = raw;
    this.plainRaw = plainRaw;
    this.limits = limitsWith(options.limits);
    const random = (length: number) => randomBytes(length);
    const ca = makeInterceptionCa([HOST, ...(options.hosts ?? [])], { now: new Date(this.#clock.now()), random });
    this.caPem = ca.certPem;
    this.ca = loadCa(ca.certPem, ca.keyPem);
    this.#upstream = createUpstream({
      config: {
        connect_to: {
          [`${HOST}:443`]: `127.0.0.1:${options.raw === true ? raw.port : origin.port}`,
          [`${HOST}:80`]: `127.0.0.1:${options.raw === true ? plainRaw.port : plainOrigin.port}`,
          ...Object.fromEntries((options.hosts ?? []).map((host) => [`${host}:443`, `127.0.0.1:${origin.port}`])),
        },
      },
      limits: this.limits,
      guard: createAddressGuard([]),
      trust: loadTrust([originCa]),
    });
    this.budget = new CopyBudget(this.limits.copies);
    this.held = new CopyBudget(this.limits.held);
    const log = {
      write: (level: string, event: string, fields: LogFields = {}) => {
        const entry = { level, event, ...fields };
        this.log.push(entry);
        this.events.emit('log', entry);
      },
      verdict: () => {},
      flush: () => {},
    };
    const recorder = createRecorder({
      ledger: this.ledger,
      analyser: { analyse: async (capture) => this.#analyse(capture) },
      cost: () => null,
      log,
      metrics: { exchange: () => {}, ledgerGap: () => {} },
      clock: systemClock,
      newId,
    });
    this.forwarder = createForwarder({
      upstream: this.#upstream,
      recorder,
      limits: this.limits,
      clock: systemClock,
      budget: this.budget,
      held: this.held,
      via: this.via,
      log,
      metrics: { refused: (code) => this.refused.push(code) },
      newId,
    });
    this.interceptor = createInterceptor({
      ca: () => this.ca,
      limits: this.limits,
      forwarder: this.forwarder,
      log,
      metrics: { handshakeEnded: (end) => this.handshakes.push(end) },
      clock: this.#clock,
      randomBytes: random,
    });
    this.#h1 = http.createServer((request, response) => this.#absolute(request, response));
    this.#h1.on('connect', (request, socket: net.Socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      this.#accept(socket, request.url ?? '');
    });
    this.#h1.on('connection', (socket) => this.#track(socket));
    this.#h2 = http2.createServer((request, response) => this.#absolute(request, response));
    this.#h2.on('connect', (request, response) => {
      response.stream.respond({ ':status': 200 });
      this.#accept(response.stream, request.headers[':authority'] ?? '');
    });
    this.#h2.on('session', (session) => session.on('error', () => {}));
    this.#h2.on('connection', (socket) => this.#track(socket));
  }

  static async start(options: RigOptions = {}): Promise<Rig> {
    const folder = await mkdtemp(join(tmpdir(), 'rig-'));
    const ca = await makeOriginCa(folder);
    const names = [HOST, ...(options.hosts ?? [])].map((host) => `DNS:${host}`);
    const tlsPair = await makeOriginCertificate(ca, folder, 'origin', names);
    const handler: OriginHandler = options.handler ?? ((_request, response) => void response.end('hello'));
    const origin = await Origin.start({ tls: tlsPair, handler });
    const plainOrigin = await Origin.start({ handler });
    const raw = await RawOrigin.start(tlsPair);
    const plainRaw = await RawOrigin.start();
    const rig = new Rig(options, folder, { origin, plainOrigin, raw, plainRaw }, ca.certFile);
    for (const server of [rig.#h1, rig.#h2]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    for (const each of [origin, plainOrigin]) each.events.on('request', () => rig.ledger.order.push('request'));
    return rig;
  }

  get hop(): Hop {
    return this.#options.hop ?? 'h1';
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock;
  }

  /** Port of the HTTP/1.1 door. */
  get port(): number {
    return (this.#h1.address() as AddressInfo).port;
  }

  /** Port of the HTTP/2 door. */
  get h2Port(): number {
    return (this.#h2.address() as AddressInfo).port;
  }

  /** Connections of clients that are open at the doors. */
  get sockets(): number {
    return this.#sockets.size;
  }

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
    const stream = this.#client().request({ ':method': 'CONNECT', ':authority': authority });
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
    const stream = this.#client().request(headers, { endStream: body === undefined });
    stream.on('error', () => {});
    if (body) stream.end(body);
    return stream;
  }

  #client(): http2.ClientHttp2Session {
    if (this.#session !== null) return this.#session;
    this.#session = http2.connect(`http://127.0.0.1:${this.h2Port}`);
    this.#session.on('error', () => {});
    return this.#session;
  }

  /** Resolves when the condition holds; asked again whenever something happens here. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Shuts down and shows what is left: nothing. */
  async close(): Promise<void> {
    this.#session?.destroy();
    await this.interceptor.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#h1.close();
    this.#h2.close();
    await this.#upstream.close();
    await Promise.all([this.origin.close(), this.plainOrigin.close(), this.raw.close(), this.plainRaw.close()]);
    await rm(this.#folder, { recursive: true });
  }

  #analyse(capture: Capture) {
    this.captures.push(capture);
    return {
      api: 'unknown',
      streamed: false,
      model_requested: null,
      model_returned: null,
      tokens_in: null,
      tokens_out: null,
      tokens_cached: null,
      coverage: { level: 'none', reasons: ['unknown_api'] } as const,
      llm_error: null,
      content: null,
      summary: null,
      analysis_ms: 0,
    };
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #accept(stream: Duplex, target: string): void {
    const authority = parseAuthority(target);
    if (authority === null) throw new ProxyError('bad_authority');
    const context = { connectionId: newId(), requestId: newId(), authority, route: ROUTE, client: 'address:127.0.0.1' };
    this.interceptor.accept(stream, context, (reason) => {
      this.ends.push(reason);
      this.events.emit('end', reason);
    });
  }

  #absolute(
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ): void {
    const url = request.httpVersionMajor === 2 ? `http://${request.headers[':authority']}${request.url}` : request.url;
    const parsed = parseAbsoluteUrl(url ?? '');
    if (parsed === null) throw new ProxyError('bad_authority');
    this.forwarder.forward(request, response, {
      authority: parsed.authority,
      secure: false,
      route: ROUTE,
      client: 'address:127.0.0.1',
      path: parsed.path,
      recorded: request.headers['x-test-unrecorded'] === undefined,
    });
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
