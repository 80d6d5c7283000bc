/** CONNECT: from the decision over the answer to the end of the tunnel. */

import type { IncomingMessage } from 'node:http';
import { Http2ServerRequest } from 'node:http2';
import type { Socket } from 'node:net';
import { ProxyError } from '../errors.ts';
import { TunnelLimit } from '../tunnel/limit.ts';
import { type Relay, relay } from '../tunnel/relay.ts';
import { admit } from './admit.ts';
import { type ConnectChannel, socketChannel, streamChannel } from './connect-channel.ts';
import type { Admitted } from './decide.ts';
import type { Peer } from './identity.ts';
import type { Reception } from './reception.ts';
import type { Visit } from './records.ts';

export class Tunnels {
  readonly #reception: Reception;
  readonly #limit: TunnelLimit;
  readonly #relays = new Set<Relay>();

  constructor(reception: Reception) {
    this.#reception = reception;
    this.#limit = new TunnelLimit(reception.options.config.limits.tunnels);
  }

  /** Tunnels open or being opened, blind and terminated. */
  get open(): number {
    return this.#limit.open;
  }

  /** Takes a CONNECT over. `socket` and `head` are of HTTP/1; on HTTP/2 the request carries its stream. */
  onConnect(peer: Peer, request: IncomingMessage | Http2ServerRequest, socket: Socket, head: Buffer): void {
    const channel =
      request instanceof Http2ServerRequest ? streamChannel(request) : socketChannel(request, socket, head);
    const visit = this.#reception.visit(peer, channel.head);
    const { decision } = visit;
    if (decision.outcome === 'refuse') {
      channel.refuse(this.#reception.refuse(visit, decision.error));
      return;
    }
    // TLS over a half-open socket keeps the socket for ever when its client goes away (measured). To be switched off
    // before anything is awaited; a blind tunnel needs it on, so that either end may finish first.
    if (decision.outcome === 'terminate') channel.stream.allowHalfOpen = false;
    const release = this.#limit.acquire();
    if (release === undefined) channel.refuse(this.#reception.refuse(visit, new ProxyError('too_many_tunnels')));
    else void this.#admit(visit, decision, channel, release);
  }

  /** Ends every blind tunnel, with `shutdown` in its record. Terminated ones belong to the interceptor. */
  destroy(): void {
    for (const tunnel of this.#relays) tunnel.destroy();
  }

  /** Resolves when no tunnel is open. */
  idle(): Promise<void> {
    return this.#limit.idle();
  }

  /** Never rejects: failures are refusals. */
  async #admit(visit: Visit, decision: Admitted, channel: ConnectChannel, release: () => void): Promise<void> {
    const { recorder, options } = this.#reception;
    let origin: Socket | null;
    try {
      origin = await admit(decision, options, channel.gone);
    } catch (error) {
      release();
      if (channel.gone.aborted) recorder.abandoned(visit);
      else channel.refuse(this.#reception.refuse(visit, error));
      return;
    }
    if (!channel.accept()) {
      origin?.destroy();
      channel.stream.destroy();
      release();
      recorder.abandoned(visit);
      return;
    }
    recorder.admitted(visit);
    if (origin !== null) this.#relay(visit, channel, origin, release);
    else this.#intercept(visit, decision, channel, release);
  }

  #relay(visit: Visit, channel: ConnectChannel, origin: Socket, release: () => void): void {
    const { recorder, options } = this.#reception;
    const tunnel = relay(channel.stream, origin, {
      idleMs: options.config.limits.tunnel_idle,
      onClose: (end) => {
        this.#relays.delete(tunnel);
        recorder.tunnelClosed(visit, end);
        release();
      },
    });
    this.#relays.add(tunnel);
  }

  #intercept(visit: Visit, decision: Admitted, channel: ConnectChannel, release: () => void): void {
    const { recorder, options } = this.#reception;
    const { connectionId, requestId } = visit;
    const { authority, route, client } = decision;
    const context = { connectionId, requestId, authority, route, client };
    options.interceptor.accept(channel.stream, context, (reason) => {
      recorder.tunnelClosed(visit, { reason, bytesUp: 0, bytesDown: 0 });
      release();
    });
  }
}
