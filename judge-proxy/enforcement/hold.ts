/**
 * Mode `hold`: nothing of the answer goes out before its verdict. What is held is bounded, for this answer and for all
 * together; what is more cannot be judged before it is delivered, so the route's `on_judge_failure` has the word.
 *
 * Keep-alive comments commit the answer to its status, and can only stand in a stream that is not content-coded: with
 * `keep_alive` a coded stream is decoded here, and delivered so.
 */

import type { Block } from '../apis/block.ts';
import type { StreamReader } from '../apis/stream-reader.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { StopCode } from '../judge/inline-judge.ts';
import type { RuleHit } from '../ledger/records.ts';
import { AnswerBytes } from './answer-bytes.ts';
import type { EnforcedGate, Overflow } from './enforced-gate.ts';
import type { Outlet } from './gate.ts';
import { HeldBytes } from './held-bytes.ts';
import { KEEP_ALIVE_COMMENT, KeepAlive } from './keep-alive.ts';

export interface HoldOptions {
  readonly outlet: Outlet;
  /** Shared by all gates; `limits.held` bytes. */
  readonly budget: CopyBudget;
  /** Most bytes held of this answer. */
  readonly most: number;
  readonly overflow: Overflow;
  /** For an event stream of a route with `keep_alive`. */
  readonly stream?: {
    readonly keepAliveMs: number;
    readonly contentEncoding: string | null;
    /** null for an API that is not known: a stream that has begun can only be cut. */
    readonly reader: StreamReader | null;
  };
}

export class HoldGate implements EnforcedGate {
  readonly body: 'as_sent' | 'decoded';
  readonly windows = 0;
  readonly delivered = false;
  readonly hits: readonly RuleHit[] = [];
  readonly #options: HoldOptions;
  readonly #bytes: AnswerBytes;
  readonly #held: HeldBytes;
  readonly #keepAlive: KeepAlive | null;
  #passed = false;
  #stop: StopCode | null = null;
  #closed = false;

  constructor(options: HoldOptions) {
    const { outlet, stream } = options;
    this.#options = options;
    this.#held = new HeldBytes(options.most, options.budget);
    const events = { piece: (piece: Uint8Array) => this.#take(piece), damaged: () => this.#end('judge_unavailable') };
    this.#bytes = new AnswerBytes(stream?.contentEncoding ?? null, events, outlet);
    this.body = this.#bytes.decodes ? 'decoded' : 'as_sent';
    this.#keepAlive =
      stream === undefined ? null : new KeepAlive(stream.keepAliveMs, () => void outlet.release(KEEP_ALIVE_COMMENT));
  }

  get passed(): boolean {
    return this.#passed;
  }

  get stop(): StopCode | null {
    return this.#stop;
  }

  push(chunk: Buffer): boolean {
    return this.#closed || this.#stop !== null || this.#bytes.push(chunk);
  }

  drained(): void {
    this.#bytes.clientDrained();
  }

  async drain(whole: boolean): Promise<void> {
    if (whole && this.#stop === null && !this.#closed) await this.#bytes.end();
  }

  /** There are no windows. */
  settle(): Promise<void> {
    return Promise.resolve();
  }

  readToEnd(): Promise<boolean> {
    return Promise.resolve(false);
  }

  /** What is held waits for the model, too. */
  clearedByRules(): void {}

  takeRest(): readonly Uint8Array[] {
    this.#keepAlive?.close();
    this.#bytes.close();
    return this.#held.takeAll();
  }

  tail(block: Block): Uint8Array | null {
    const reader = this.#options.stream?.reader ?? null;
    return reader === null ? null : Buffer.from(reader.block(block));
  }

  close(): void {
    this.#closed = true;
    this.#keepAlive?.close();
    this.#bytes.close();
    this.#held.drop();
  }

  #take(piece: Uint8Array): void {
    if (this.#closed || this.#stop !== null) return;
    if (this.#passed) {
      this.#release(piece);
      return;
    }
    if (this.#held.take(piece)) return;
    if (this.#options.overflow === 'stop') {
      this.#end('judge_unavailable');
      return;
    }
    this.#passed = true;
    this.#keepAlive?.close();
    for (const held of this.#held.takeAll()) this.#release(held);
    this.#release(piece);
  }

  #release(piece: Uint8Array): void {
    if (!this.#options.outlet.release(piece)) this.#bytes.clientIsSlow();
  }

  #end(code: StopCode): void {
    if (this.#closed || this.#stop !== null) return;
    this.#stop = code;
    this.#keepAlive?.close();
    this.#held.drop();
    this.#bytes.close();
    this.#options.outlet.stop();
  }
}
