/** One exchange through a recorder as forwarding drives it; its sockets are buffers. */

import type { RouteConfig } from '../../config/schema.ts';
import type { CapturedBody } from '../../exchange/capture.ts';
import { bodyOf } from '../../judge/testing/captures.ts';
import type { Ending, Gate, Outlet } from '../gate.ts';
import type { ExchangeEnd, RecordedExchange } from '../recorder.ts';

export interface HeadOver {
  readonly status?: number;
  readonly contentType?: string;
  readonly contentEncoding?: string | null;
}

/** The client's side of one exchange, as forwarding would drive it. */
export class RigExchange implements Outlet {
  readonly recorded: RecordedExchange;
  readonly route: RouteConfig;
  readonly #request: CapturedBody;
  readonly #copy: number;
  readonly #chunks: Buffer[] = [];
  readonly #released: Uint8Array[] = [];
  #head = { status: 200, contentType: 'text/event-stream; charset=utf-8', contentEncoding: null as string | null };
  #gate: Gate | null = null;
  #paused = false;
  #stopped = false;
  #changed: (() => void)[] = [];
  readonly #ending = Promise.withResolvers<Ending>();
  #finishing = false;

  constructor(recorded: RecordedExchange, route: RouteConfig, request: CapturedBody, copy: number) {
    this.recorded = recorded;
    this.route = route;
    this.#request = request;
    this.#copy = copy;
  }

  get gate(): Gate {
    if (this.#gate === null) throw new Error('no gate');
    return this.#gate;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** What has gone out so far. */
  get released(): Buffer {
    return Buffer.concat(this.#released);
  }

  open(over: HeadOver = {}): Gate | null {
    this.#head = { ...this.#head, ...over };
    this.#gate = this.recorded.gate(this.#head, this, () => this.#request);
    return this.#gate;
  }

  push(chunk: string | Uint8Array): void {
    if (this.#finishing) return;
    const bytes = Buffer.from(chunk);
    this.#chunks.push(bytes);
    if (!this.gate.push(bytes)) this.#paused = true;
  }

  /** Pushes pieces one after the other, each when the gate can take it. */
  async feed(all: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of all) {
      while (this.#paused && !this.#finishing) await new Promise<void>((resolve) => this.#changed.push(resolve));
      this.push(piece);
      // Other work goes on between two reads of a socket.
      await new Promise(setImmediate);
    }
  }

  /** The origin's answer ends; resolves with what the client has got, and how. */
  async end(outcome: ExchangeEnd['outcome'] = 'complete'): Promise<Got> {
    this.#finish(outcome);
    const ending = await this.#ending.promise;
    const before = this.released;
    if (ending.kind === 'deliver') {
      const body = Buffer.concat([before, ...ending.rest.map((piece) => Buffer.from(piece))]);
      return { ending, before, body: body.toString('latin1'), text: body.toString('utf8') };
    }
    const told = before.byteLength === 0 ? Buffer.from(ending.whole.body) : Buffer.from(ending.tail ?? []);
    const body = Buffer.concat([before, told]);
    return { ending, before, body: body.toString('latin1'), text: body.toString('utf8') };
  }

  /** Resolves when so many bytes have gone out. */
  async receives(bytes: number): Promise<void> {
    while (this.released.byteLength < bytes && !this.#stopped) {
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  release(bytes: Uint8Array): boolean {
    this.#released.push(bytes);
    this.#notify();
    return true;
  }

  resume(): void {
    this.#paused = false;
    this.#notify();
  }

  stop(): void {
    if (this.#stopped) throw new Error('stopped twice');
    this.#stopped = true;
    this.#notify();
    this.#finish('blocked');
  }

  #notify(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  #finish(outcome: ExchangeEnd['outcome']): void {
    if (this.#finishing) return;
    this.#finishing = true;
    const all = Buffer.concat(this.#chunks);
    const { contentType, contentEncoding, status } = this.#head;
    const response = bodyOf(all.subarray(0, this.#copy), {
      total: all.byteLength,
      cut: all.byteLength > this.#copy ? 'cap' : null,
      ended: outcome === 'complete',
      contentType,
      contentEncoding,
    });
    const end: ExchangeEnd = {
      outcome,
      errorCode: null,
      status: outcome === 'blocked' && this.#gate === null ? null : status,
      clientRequestId: null,
      originRequestId: null,
      request: this.#request,
      response,
      firstByteMs: 1,
      durationMs: 2,
    };
    this.recorded.finish(end).then(this.#ending.resolve, this.#ending.reject);
  }
}

/** What the client has in the end. */
export interface Got {
  readonly ending: Ending;
  /** What had gone out before the ending was known. */
  readonly before: Buffer;
  /** Bytes, one character each. */
  readonly body: string;
  readonly text: string;
}
