/** The door: what Envoy's connections and, without Envoy, the clients' own come in by. Composed here, decided elsewhere. */

import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import type { ProxyError } from '../errors.ts';
import type { ClientRequest, ClientResponse } from '../forward/forwarder.ts';
import { refuseSocket } from '../forward/refuse-socket.ts';
import type { Peer } from './identity.ts';
import { type ListenerAddress, type ListenerHandlers, PlainListener, TlsListener } from './listeners.ts';
import { type DoorOptions, Reception } from './reception.ts';
import { Requests } from './requests.ts';
import { Tunnels } from './tunnels.ts';

export type { DoorOptions } from './reception.ts';

export interface DoorAddresses {
  readonly proxy: ListenerAddress;
  readonly plain: ListenerAddress | null;
}

/** How a drain ended: nothing was open, all ended in time, or what was left was cut. */
export interface DrainResult {
  readonly outcome: 'idle' | 'finished' | 'cut';
  /** Tunnels, and requests outside of tunnels, that were cut. */
  readonly cut: number;
}

export interface Door {
  /** Brings the listeners up. Rejects when a certificate is unusable or a port is taken; nothing stays open then. */
  listen(): Promise<DoorAddresses>;
  /** Tunnels open now, blind and terminated. */
  readonly tunnels: number;
  /**
   * Stops accepting, waits for what is open, and after `deadlineMs` ends it. Drains the forwarder and closes the
   * interceptor on its way. Safe to call more than once: the first deadline counts.
   */
  close(deadlineMs: number): Promise<DrainResult>;
}

export function createDoor(options: DoorOptions): Door {
  return new ProxyDoor(options);
}

class ProxyDoor implements Door, ListenerHandlers {
  readonly #reception: Reception;
  readonly #tunnels: Tunnels;
  readonly #requests: Requests;
  readonly #listeners: (TlsListener | PlainListener)[] = [];
  #closing: Promise<DrainResult> | undefined;

  constructor(options: DoorOptions) {
    this.#reception = new Reception(options);
    this.#tunnels = new Tunnels(this.#reception);
    this.#requests = new Requests(this.#reception);
  }

  get tunnels(): number {
    return this.#tunnels.open;
  }

  async listen(): Promise<DoorAddresses> {
    const { listen, limits } = this.#reception.options.config;
    try {
      const proxy = await this.#start(new TlsListener(listen.proxy, limits, this, this.#reception.options.log));
      const plain = listen.plain ? await this.#start(new PlainListener(listen.plain, limits, this)) : null;
      return { proxy, plain };
    } catch (error) {
      await Promise.all(this.#listeners.map((listener) => listener.stop()));
      throw error;
    }
  }

  close(deadlineMs: number): Promise<DrainResult> {
    this.#reception.draining = true;
    this.#closing ??= this.#drain(deadlineMs);
    return this.#closing;
  }

  onConnect(peer: Peer, request: IncomingMessage | Http2ServerRequest, socket: Socket, head: Buffer): void {
    this.#tunnels.onConnect(peer, request, socket, head);
  }

  onRequest(peer: Peer, request: ClientRequest, response: ClientResponse): void {
    this.#requests.onRequest(peer, request, response);
  }

  onClientError(socket: Socket, error: ProxyError): void {
    refuseSocket(socket, this.#reception.refuseUnread(error));
  }

  async #start(listener: TlsListener | PlainListener): Promise<ListenerAddress> {
    const { upstream, log } = this.#reception.options;
    this.#listeners.push(listener);
    const address = await listener.listen();
    upstream.ownListener(address.host, address.port);
    log.write('info', 'listening', { address: address.host, port: address.port, mode: listener.kind });
    return address;
  }

  async #drain(deadlineMs: number): Promise<DrainResult> {
    const { forwarder, interceptor, log } = this.#reception.options;
    const idle = this.#open === 0;
    const stopped = Promise.all(this.#listeners.map((listener) => listener.stop()));
    // A terminated tunnel without a request in flight has nothing to wait for; a blind one may have, nobody knows.
    void forwarder.drain().then(() => interceptor.close());
    const inTime = deadlineMs > 0 && (await withinDeadline(stopped, deadlineMs));
    const cut = inTime ? 0 : this.#open;
    // Tunnels first, so that their records say why. In time there is at most an origin that takes its last bytes slowly.
    this.#tunnels.destroy();
    await interceptor.close();
    for (const listener of this.#listeners) listener.cut();
    await stopped;
    await this.#tunnels.idle();
    const outcome = cut > 0 ? 'cut' : idle ? 'idle' : 'finished';
    log.write(cut > 0 ? 'warn' : 'info', 'drained', { outcome, count: cut });
    return { outcome, cut };
  }

  /** Tunnels, and requests in absolute-form. */
  get #open(): number {
    return this.#tunnels.open + this.#requests.open;
  }
}

async function withinDeadline(done: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs);
  });
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
