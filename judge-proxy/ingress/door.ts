/** The door: what Envoy's connections and, without Envoy, the clients' own come in by. Composed here, decided elsewhere. */

import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { Config } from '../config/schema.ts';
import { ProxyError, type Refusal, refusal } from '../errors.ts';
import type { ClientRequest, ClientResponse, Forwarder } from '../forward/forwarder.ts';
import type { Interceptor } from '../intercept/interceptor.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RouteTable } from '../policy/routes.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { TunnelLimit } from '../tunnel/limit.ts';
import { type Relay, relay } from '../tunnel/relay.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { admit } from './admit.ts';
import { type ConnectChannel, http2Head, socketChannel, streamChannel } from './connect-channel.ts';
import { type Admitted, type Decision, decide } from './decide.ts';
import type { Peer } from './identity.ts';
import { type ListenerAddress, type ListenerHandlers, PlainListener, TlsListener } from './listeners.ts';
import { type DoorMetrics, Recorder, type Visit } from './records.ts';
import { refuseResponse, refuseSocket } from './refuse.ts';
import type { RequestHead } from './target.ts';

export interface DoorOptions {
  readonly config: Pick<Config, 'listen' | 'limits'>;
  readonly routes: RouteTable;
  readonly upstream: Upstream;
  readonly interceptor: Interceptor;
  readonly forwarder: Forwarder;
  readonly ledger: Pick<Ledger, 'connection'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Our name in Via, the same that the forwarder writes. */
  readonly pseudonym: string;
  readonly metrics?: DoorMetrics;
}

export interface DoorAddresses {
  readonly proxy: ListenerAddress;
  readonly plain: ListenerAddress | null;
}

/** How a drain ended: nothing was open, all ended in time, or what was left was cut. */
export interface DrainResult {
  readonly outcome: 'idle' | 'finished' | 'cut';
  /** Connections that were cut. */
  readonly cut: number;
}

export interface Door {
  /** Brings the listeners up. Rejects when a certificate is unusable or a port is taken; nothing stays open then. */
  listen(): Promise<DoorAddresses>;
  /** Tunnels open now, blind and terminated. */
  readonly tunnels: number;
  /** Stops accepting, waits for what is open, and after `deadlineMs` ends it. Safe to call more than once. */
  close(deadlineMs: number): Promise<DrainResult>;
}

export function createDoor(options: DoorOptions): Door {
  return new ProxyDoor(options);
}

class ProxyDoor implements Door, ListenerHandlers {
  readonly #options: DoorOptions;
  readonly #recorder: Recorder;
  readonly #limit: TunnelLimit;
  readonly #listeners: (TlsListener | PlainListener)[] = [];
  readonly #relays = new Set<Relay>();
  #draining = false;
  #closing: Promise<DrainResult> | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#recorder = new Recorder(options);
    this.#limit = new TunnelLimit(options.config.limits.tunnels);
  }

  get tunnels(): number {
    return this.#limit.open;
  }

  async listen(): Promise<DoorAddresses> {
    const { config, log, upstream } = this.#options;
    const start = async (listener: TlsListener | PlainListener): Promise<ListenerAddress> => {
      this.#listeners.push(listener);
      const address = await listener.listen();
      upstream.ownListener(address.host, address.port);
      log.write('info', 'listening', { address: address.host, port: address.port, mode: listener.kind });
      return address;
    };
    try {
      const proxy = await start(new TlsListener(config.listen.proxy, config.limits, this, log));
      const plain = config.listen.plain
        ? await start(new PlainListener(config.listen.plain, config.limits, this))
        : null;
      return { proxy, plain };
    } catch (error) {
      await Promise.all(this.#listeners.map((listener) => listener.close(0, ignore)));
      throw error;
    }
  }

  close(deadlineMs: number): Promise<DrainResult> {
    this.#draining = true;
    this.#closing ??= this.#drain(deadlineMs);
    return this.#closing;
  }

  async #drain(deadlineMs: number): Promise<DrainResult> {
    const { forwarder, interceptor, log } = this.#options;
    const idle = this.#limit.open === 0 && forwarder.active === 0;
    // A terminated tunnel without a request in flight has nothing to wait for; a blind one may have, nobody knows.
    void forwarder.drain().then(() => interceptor.close());
    const endTunnels = () => {
      for (const tunnel of this.#relays) tunnel.destroy();
      void interceptor.close();
    };
    const cuts = await Promise.all(this.#listeners.map((listener) => listener.close(deadlineMs, endTunnels)));
    // No client is left. Origin sides may still be flushing to a slow reader.
    endTunnels();
    await this.#limit.idle();
    const cut = cuts.reduce((sum, count) => sum + count, 0);
    const outcome = cut > 0 ? 'cut' : idle ? 'idle' : 'finished';
    log.write(cut > 0 ? 'warn' : 'info', 'drained', { outcome, count: cut });
    return { outcome, cut };
  }

  onConnect(peer: Peer, request: IncomingMessage | Http2ServerRequest, socket: Socket, head: Buffer): void {
    const channel =
      request instanceof Http2ServerRequest ? streamChannel(request) : socketChannel(request, socket, head);
    const visit = this.#visit(peer, channel.head);
    const { decision } = visit;
    // TLS over a half-open socket keeps the socket for ever when its client goes away (measured). To be switched off
    // before anything is awaited; a blind tunnel needs it on, so that either end may finish first.
    if (decision.outcome === 'terminate' && 'allowHalfOpen' in channel.stream) channel.stream.allowHalfOpen = false;
    if (decision.outcome === 'refuse') {
      this.#recorder.refused(visit, decision.error);
      channel.refuse(this.#refusal(visit, decision.error));
      return;
    }
    const release = this.#limit.acquire();
    if (release === undefined) {
      this.#refuseTunnel(visit, channel, new ProxyError('too_many_tunnels'));
      return;
    }
    void this.#open(visit, decision, channel, release);
  }

  /** @returns always; failures are refusals */
  async #open(visit: Visit, decision: Admitted, channel: ConnectChannel, release: () => void): Promise<void> {
    let origin: Socket | null;
    try {
      origin = await admit(decision, this.#options, channel.gone);
    } catch (error) {
      release();
      if (channel.gone.aborted) this.#recorder.abandoned(visit);
      else this.#refuseTunnel(visit, channel, asProxyError(error));
      return;
    }
    if (!channel.accept()) {
      origin?.destroy();
      channel.stream.destroy();
      release();
      this.#recorder.abandoned(visit);
      return;
    }
    this.#recorder.admitted(visit);
    if (origin !== null) this.#relay(visit, channel, origin, release);
    else this.#intercept(visit, decision, channel, release);
  }

  #relay(visit: Visit, channel: ConnectChannel, origin: Socket, release: () => void): void {
    const tunnel = relay(channel.stream, origin, {
      idleMs: this.#options.config.limits.tunnel_idle,
      onClose: (end) => {
        this.#relays.delete(tunnel);
        this.#recorder.tunnelClosed(visit, end);
        release();
      },
    });
    this.#relays.add(tunnel);
  }

  #intercept(visit: Visit, decision: Admitted, channel: ConnectChannel, release: () => void): void {
    const { connectionId, requestId } = visit;
    const { authority, route, client } = decision;
    const context = { connectionId, requestId, authority, route, client };
    this.#options.interceptor.accept(channel.stream, context, (reason) => {
      this.#recorder.tunnelClosed(visit, { reason, bytesUp: 0, bytesDown: 0 });
      release();
    });
  }

  onRequest(peer: Peer, request: ClientRequest, response: ClientResponse): void {
    const visit = this.#visit(peer, requestHead(request));
    const { decision } = visit;
    // Until the forwarder owns them: an aborted request must not end the process.
    request.on('error', ignore);
    response.on('error', ignore);
    if (decision.outcome === 'refuse') {
      this.#recorder.refused(visit, decision.error);
      refuseResponse(request, response, this.#refusal(visit, decision.error));
      return;
    }
    void this.#forward(visit, decision, request, response);
  }

  /** @returns always; failures are refusals */
  async #forward(visit: Visit, decision: Admitted, request: ClientRequest, response: ClientResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      await admit(decision, this.#options, gone.signal);
    } catch (error) {
      const failure = asProxyError(error);
      this.#recorder.refused(visit, failure);
      refuseResponse(request, response, this.#refusal(visit, failure));
      return;
    }
    if (gone.signal.aborted) {
      this.#recorder.abandoned(visit);
      return;
    }
    this.#recorder.admitted(visit);
    const { authority, route, client, path, action } = decision;
    this.#options.forwarder.forward(request, response, {
      authority,
      secure: false,
      route,
      client,
      path,
      recorded: action === 'terminate',
    });
  }

  onClientError(socket: Socket, error: ProxyError): void {
    const requestId = this.#options.newId();
    this.#options.log.write('info', 'refused', {
      request_id: requestId,
      code: error.code,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
    });
    this.#options.metrics?.decided('refuse', error.code);
    refuseSocket(socket, refusal(error, { requestId }));
  }

  #visit(peer: Peer, head: RequestHead): Visit {
    const { routes, pseudonym, newId, clock } = this.#options;
    return {
      // Ours, whatever the client calls its request: two clients may choose the same id, or one that breaks a log line.
      requestId: newId(),
      connectionId: newId(),
      startedMs: clock.monotonic(),
      decision: decide(peer, head, { routes, pseudonym, draining: this.#draining }),
    };
  }

  #refuseTunnel(visit: Visit, channel: ConnectChannel, error: ProxyError): void {
    this.#recorder.refused(visit, error);
    channel.refuse(this.#refusal(visit, error));
  }

  #refusal(visit: Visit, error: ProxyError): Refusal {
    return refusal(error, { requestId: visit.requestId, route: routeName(visit.decision) });
  }
}

function requestHead(request: ClientRequest): RequestHead {
  if (request instanceof Http2ServerRequest) return http2Head(request);
  return {
    version: request.httpVersion === '1.0' ? '1.0' : '1.1',
    method: request.method ?? '',
    target: request.url ?? '',
    scheme: '',
    authority: '',
    protocol: '',
    rawHeaders: request.rawHeaders,
  };
}

function routeName(decision: Decision): string | undefined {
  return decision.route?.name;
}

function asProxyError(error: unknown): ProxyError {
  return error instanceof ProxyError ? error : new ProxyError('internal', { cause: error });
}

function ignore(): void {}
