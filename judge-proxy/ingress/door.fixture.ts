/**
 * A real door on free ports for tests, with real upstream, routes and guard. Its neighbours are the smallest things that
 * keep their contracts: an interceptor that echoes in capitals, a forwarder that answers with what it was told.
 */

import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { type Config, configSchema } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { Forwarder, ForwardTarget } from '../forward/forwarder.ts';
import type { Interceptor, TunnelContext } from '../intercept/interceptor.ts';
import type { ConnectionRecord } from '../ledger/records.ts';
import { createAddressGuard } from '../policy/address.ts';
import { compileRoutes } from '../policy/routes.ts';
import { newId, systemClock } from '../telemetry/clock.ts';
import type { Log, LogFields, LogLevel } from '../telemetry/log.ts';
import { createUpstream, type PooledUpstream } from '../upstream/create-upstream.ts';
import type { Lookup } from '../upstream/resolve.ts';
import { loadTrust } from '../upstream/trust.ts';
import { type ChainCertificates, makeChainCertificates } from './chain-certificates.fixture.ts';
import { createDoor, type Door, type DoorAddresses } from './door.ts';

export interface LogLine extends LogFields {
  readonly level: LogLevel;
  readonly event: string;
}

/** A log that is kept, and can be waited for. */
export class MemoryLog extends EventEmitter implements Log {
  readonly lines: LogLine[] = [];

  write(level: LogLevel, event: string, fields: LogFields = {}): void {
    this.lines.push({ level, event, ...fields });
    this.emit('line');
  }

  verdict(): void {}

  flush(): void {}

  /** The first line of the event that fits, now or when it comes. */
  async line(event: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.lines.find((line) => line.event === event && fits(line));
      if (found !== undefined) return found;
      await once(this, 'line');
    }
  }
}

/** Records of connections, kept, and can be waited for. */
export class MemoryLedger extends EventEmitter {
  readonly records: ConnectionRecord[] = [];
  fails = false;

  async connection(record: ConnectionRecord): Promise<void> {
    if (this.fails) throw new ProxyError('ledger_unavailable');
    this.records.push(record);
    this.emit('record');
  }

  async record(fits: (record: ConnectionRecord) => boolean): Promise<ConnectionRecord> {
    for (;;) {
      const found = this.records.find(fits);
      if (found !== undefined) return found;
      await once(this, 'record');
    }
  }
}

/** Says what came in back in capitals, without any TLS. */
export class CapitalsInterceptor implements Interceptor {
  readonly contexts: TunnelContext[] = [];
  /** Whether the streams that came were half-open. */
  readonly halfOpen: boolean[] = [];
  readonly #streams = new Set<Parameters<Interceptor['accept']>[0]>();
  prepareFails: ProxyError | undefined;
  active = 0;

  async prepare(): Promise<void> {
    if (this.prepareFails !== undefined) throw this.prepareFails;
  }

  accept(
    stream: Parameters<Interceptor['accept']>[0],
    context: TunnelContext,
    onClose: (reason: string) => void,
  ): void {
    this.contexts.push(context);
    this.halfOpen.push(stream.allowHalfOpen);
    this.active += 1;
    this.#streams.add(stream);
    stream.once('close', () => {
      this.active -= 1;
      this.#streams.delete(stream);
      onClose('client_closed');
    });
    const capitals = new Transform({
      transform: (chunk, _encoding, callback) => callback(null, String(chunk).toUpperCase()),
    });
    stream.pipe(capitals).pipe(stream);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy();
  }
}

/** Answers 200 with the target that it was given and the length of the body that came. */
export class TellingForwarder implements Forwarder {
  readonly webSockets = 0;
  readonly targets: ForwardTarget[] = [];
  active = 0;
  /** Runs before the answer; a test may hold it back. */
  before: () => Promise<void> = async () => undefined;

  forward(...[request, response, target]: Parameters<Forwarder['forward']>): void {
    this.targets.push(target);
    this.active += 1;
    response.once('close', () => {
      this.active -= 1;
    });
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    request.once('end', async () => {
      await this.before();
      const { authority, client, path, recorded } = target;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ authority, client, path, recorded, length, route: target.route.name }));
    });
  }

  upgrade(): void {}

  refuse(): void {}

  refused(): { requestId: string } {
    return { requestId: '' };
  }

  async drain(): Promise<void> {}
}

/** A TCP origin that echoes; half-open, so that it may answer after the client's end. */
export async function startEcho(): Promise<{ server: Server; port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port, sockets };
}

export interface TestDoor extends DoorAddresses {
  readonly door: Door;
  readonly config: Config;
  readonly upstream: PooledUpstream;
  readonly log: MemoryLog;
  readonly ledger: MemoryLedger;
  readonly interceptor: CapitalsInterceptor;
  readonly forwarder: TellingForwarder;
  readonly certificates: ChainCertificates;
  readonly plain: { readonly host: string; readonly port: number };
}

export interface DoorOverrides {
  /** Ports that the routes cover beside 443 and 80. */
  readonly ports: readonly number[];
  readonly limits?: Record<string, unknown>;
  readonly allow?: readonly string[];
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly clientCa?: string;
  readonly pseudonym?: string;
  /** Ports to listen on, free ones without. */
  readonly fixed?: { readonly proxy: number; readonly plain: number };
}

/** Certificates once for a test file. */
export async function withCertificates(): Promise<{ certificates: ChainCertificates; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'door-'));
  return {
    certificates: await makeChainCertificates(folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Routes: `denied.test` denied · `*.unrouted.test` none · `judged.test` terminated · everything else tunnelled, on the
 * given ports. Names resolve to 127.0.0.1 unless `names` says otherwise; 127.0.0.1 alone passes the guard.
 */
export async function startDoor(certificates: ChainCertificates, overrides: DoorOverrides): Promise<TestDoor> {
  const ports = [443, 80, ...overrides.ports];
  const config = configSchema.parse({
    listen: {
      proxy: {
        port: overrides.fixed?.proxy ?? 0,
        cert: certificates.server.certFile,
        key: certificates.server.keyFile,
        client_ca: overrides.clientCa ?? certificates.ca.certFile,
      },
      plain: { port: overrides.fixed?.plain ?? 0 },
    },
    routes: [
      { name: 'denied', hosts: ['denied.test'], ports, action: 'deny' },
      { name: 'judged', hosts: ['judged.test'], ports, action: 'terminate' },
      {
        name: 'rest',
        hosts: ['*.test', '127.0.0.1', '127.0.0.2', '169.254.169.254', 'localhost'],
        ports,
        action: 'tunnel',
      },
    ],
    limits: overrides.limits ?? {},
  });
  const names = overrides.names ?? {};
  const lookup: Lookup = async (name) => ({ addresses: names[name] ?? ['127.0.0.1'], ttlMs: 1_000 });
  const upstream = createUpstream({
    config: config.upstream,
    limits: config.limits,
    guard: createAddressGuard(overrides.allow ?? ['127.0.0.1/32']),
    trust: loadTrust([]),
    lookup,
  });
  const log = new MemoryLog();
  const ledger = new MemoryLedger();
  const interceptor = new CapitalsInterceptor();
  const forwarder = new TellingForwarder();
  const door = createDoor({
    config,
    routes: compileRoutes(config.routes),
    upstream,
    interceptor,
    forwarder,
    ledger,
    log,
    clock: systemClock,
    newId,
    pseudonym: overrides.pseudonym ?? 'judge-test',
  });
  const { proxy, plain } = await door.listen();
  if (plain === null) throw new Error('no plain listener');
  return { door, config, upstream, log, ledger, interceptor, forwarder, certificates, proxy, plain };
}

export async function stopDoor(running: TestDoor): Promise<void> {
  await running.door.close(0);
  await running.upstream.close();
}
