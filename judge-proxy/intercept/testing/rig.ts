/**
 * What is tested here, put together for real: interceptor, forwarder and upstream between real sockets. Only the ends
 * are made for the test: a door that answers every CONNECT, and a ledger that keeps records in memory and can be told
 * to wait. `hop` chooses what a tunnel is: a socket (HTTP/1.1) or a stream (HTTP/2).
 */

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { loadCa, type SigningCa } from '../../../certs-tool/authority.ts';
import { makeInterceptionCa } from '../../../certs-tool/make-ca.ts';
import { makeOriginCa, makeOriginCertificate } from '../../../test/support/certificates.ts';
import { Origin, type OriginHandler } from '../../../test/support/origin.ts';
import { configSchema, type Limits, type RouteConfig } from '../../config/schema.ts';
import { routeConfig } from '../../config/testing/route.ts';
import { createRecorder } from '../../enforcement/create-recorder.ts';
import type { Recorder } from '../../enforcement/recorder.ts';
import { type ErrorCode, ProxyError } from '../../errors.ts';
import type { Capture } from '../../exchange/capture.ts';
import { CopyBudget } from '../../exchange/tap.ts';
import { createForwarder } from '../../forward/forward.ts';
import type { ClientRequest, ClientResponse, Forwarder } from '../../forward/forwarder.ts';
import { createAddressGuard } from '../../policy/address.ts';
import { parseAbsoluteUrl, parseAuthority } from '../../policy/authority.ts';
import type { FailurePolicy } from '../../policy/failure-policy.ts';
import { type Clock, newId, systemClock } from '../../telemetry/clock.ts';
import type { Log, LogFields } from '../../telemetry/log.ts';
import { createUpstream } from '../../upstream/create-upstream.ts';
import { loadTrust } from '../../upstream/trust.ts';
import type { HandshakeEnd } from '../distrust.ts';
import { createInterceptor } from '../intercept.ts';
import type { Interceptor } from '../interceptor.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { RawOrigin } from './raw-peer.ts';
import { HOST, type Hop, RigClient } from './rig-client.ts';
import { RigDoor } from './rig-door.ts';

export { HOST, type Hop, readAnswer } from './rig-client.ts';

export interface RigOptions {
  readonly hop?: Hop;
  readonly handler?: OriginHandler;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** HOST leads to `raw` and `plainRaw`. */
  readonly raw?: boolean;
  /** In place of the observing recorder and its ledger. */
  readonly recorder?: Recorder;
  /** In place of ROUTE, behind CONNECT. */
  readonly route?: RouteConfig;
  /** What happens to what cannot be judged; `block` without. */
  readonly onJudgeFailure?: FailurePolicy;
  /** More hosts than HOST that the interception CA may sign for. */
  readonly hosts?: readonly string[];
}

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

export class Rig extends RigClient {
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
  readonly #door: RigDoor;

  private constructor(options: RigOptions, folder: string, origins: Origins, originCa: string) {
    super();
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
    const recorder = options.recorder ?? this.#observer(log);
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
      onJudgeFailure: () => options.onJudgeFailure ?? 'block',
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
    this.#door = new RigDoor({
      request: (request, response) => this.#absolute(request, response),
      connect: (stream, target) => this.#accept(stream, target),
    });
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
    await rig.#door.listen();
    for (const each of [origin, plainOrigin]) each.events.on('request', () => rig.ledger.order.push('request'));
    return rig;
  }

  get hop(): Hop {
    return this.#options.hop ?? 'h1';
  }

  get #clock(): Clock {
    return this.#options.clock ?? systemClock;
  }

  get port(): number {
    return this.#door.port;
  }

  get h2Port(): number {
    return this.#door.h2Port;
  }

  /** Connections of clients that are open at the doors. */
  get sockets(): number {
    return this.#door.sockets;
  }

  /** Resolves when the condition holds; asked again whenever something happens here. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Shuts down and shows what is left: nothing. */
  async close(): Promise<void> {
    this.endSession();
    await this.interceptor.close();
    this.#door.close();
    await this.#upstream.close();
    await Promise.all([this.origin.close(), this.plainOrigin.close(), this.raw.close(), this.plainRaw.close()]);
    await rm(this.#folder, { recursive: true });
  }

  #observer(log: Log): Recorder {
    return createRecorder({
      ledger: this.ledger,
      analyser: { analyse: async (capture) => this.#analyse(capture) },
      cost: () => null,
      log,
      metrics: { exchange: () => {}, ledgerGap: () => {} },
      clock: systemClock,
      newId,
    });
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
      ...(capture.ids === undefined ? {} : { ids: capture.ids }),
    };
  }

  #accept(stream: Duplex, target: string): void {
    const authority = parseAuthority(target);
    if (authority === null) throw new ProxyError('bad_authority');
    const route = this.#options.route ?? ROUTE;
    const context = { connectionId: newId(), requestId: newId(), authority, route, client: 'address:127.0.0.1' };
    this.interceptor.accept(stream, context, (reason) => {
      this.ends.push(reason);
      this.events.emit('end', reason);
    });
  }

  #absolute(request: ClientRequest, response: ClientResponse): void {
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
