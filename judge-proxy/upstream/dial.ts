/**
 * One TCP connection to one of several vetted addresses.
 *
 * Attempts overlap as in RFC 8305 §5. Node's own `autoSelectFamily` is not that: it ends an attempt before it starts
 * the next one, so an origin that is farther away than its 250–500 ms is never reached by any address but the last.
 */

import { connect, type Socket } from 'node:net';
import { ProxyError } from '../errors.ts';
import { sameAddress } from './ip.ts';
import type { VettedTarget } from './upstream.ts';

/** RFC 8305 §5, Connection Attempt Delay. */
const ATTEMPT_DELAY_MS = 250;
/** First TCP keepalive probe after this much silence: a vanished peer is noticed although nobody sends. */
const KEEPALIVE_MS = 60_000;

export interface DialOptions {
  /** All attempts together, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether our side stays writable after the origin's FIN: yes for blind tunnels, no under HTTP or TLS. */
  readonly allowHalfOpen: boolean;
  /** Ends the attempts: whoever asked is gone. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param target vetted addresses; nothing else is ever dialled
 * @returns the first socket that is connected, with a listener for `error` that keeps the process alive
 * @throws ProxyError `connect_failed` or `connect_timeout`
 */
export function dial(target: VettedTarget, options: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => new Race(target, options, resolve, reject).start());
}

class Race {
  readonly #target: VettedTarget;
  readonly #options: DialOptions;
  readonly #resolve: (socket: Socket) => void;
  readonly #reject: (error: ProxyError) => void;
  readonly #pending = new Set<Socket>();
  #next = 0;
  #failure: unknown;
  #stagger: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    target: VettedTarget,
    options: DialOptions,
    resolve: (socket: Socket) => void,
    reject: (error: ProxyError) => void,
  ) {
    this.#target = target;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#deadline = setTimeout(() => this.#fail(new ProxyError('connect_timeout')), timeoutMs);
    this.#attempt();
  }

  readonly #onAbort = (): void => this.#fail(new ProxyError('connect_failed', { reason: 'aborted' }));

  #attempt(): void {
    clearTimeout(this.#stagger);
    const address = this.#target.addresses[this.#next];
    if (address === undefined) {
      if (this.#pending.size === 0) this.#fail(connectFailure(this.#failure));
      return;
    }
    this.#next += 1;
    const socket = connect({
      host: address.ip,
      port: address.port,
      allowHalfOpen: this.#options.allowHalfOpen,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_MS,
    });
    this.#pending.add(socket);
    socket.once('connect', () => this.#connected(socket, address.ip));
    // Stays on the winner too: between here and its owner's own listener an error must not end the process.
    socket.on('error', (error) => this.#attemptFailed(socket, error));
    this.#stagger = setTimeout(() => this.#attempt(), ATTEMPT_DELAY_MS);
  }

  #connected(socket: Socket, ip: string): void {
    if (this.#over) return;
    // The kernel connected where we asked it to, unless someone changed the target under us: assert, not trust.
    if (!sameAddress(socket.remoteAddress, ip)) {
      socket.destroy();
      this.#attemptFailed(socket, undefined);
      return;
    }
    this.#pending.delete(socket);
    this.#finish();
    this.#resolve(socket);
  }

  #attemptFailed(socket: Socket, error: unknown): void {
    if (this.#over || !this.#pending.delete(socket)) return;
    this.#failure ??= error;
    this.#attempt();
  }

  #fail(error: ProxyError): void {
    if (this.#over) return;
    this.#finish();
    this.#reject(error);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stagger);
    clearTimeout(this.#deadline);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    for (const socket of this.#pending) socket.destroy();
    this.#pending.clear();
  }
}

function connectFailure(error: unknown): ProxyError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === 'ETIMEDOUT') return new ProxyError('connect_timeout', { reason: code, cause: error });
  const reason = code !== undefined && /^E[A-Z]{2,15}$/.test(code) ? code : 'unknown';
  return new ProxyError('connect_failed', { reason, cause: error });
}
