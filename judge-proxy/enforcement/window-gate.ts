/** A stream of server-sent events of a known API, window by window. A content-coded one is decoded, and delivered so. */

import type { Block } from '../apis/block.ts';
import type { StopCode } from '../judge/inline-judge.ts';
import type { RuleHit } from '../ledger/records.ts';
import { AnswerBytes } from './answer-bytes.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import type { Outlet } from './gate.ts';
import { KEEP_ALIVE_COMMENT, KeepAlive } from './keep-alive.ts';
import { SseSplitter } from './sse-splitter.ts';
import { createWindow } from './window.ts';
import type { Window, WindowOptions } from './window-contract.ts';

export interface WindowGateOptions extends Omit<WindowOptions, 'release' | 'stop' | 'progressed'> {
  readonly outlet: Outlet;
  readonly contentEncoding: string | null;
  /** null without comments. */
  readonly keepAliveMs: number | null;
}

export class WindowGate implements EnforcedGate {
  readonly body: 'as_sent' | 'decoded';
  readonly #options: WindowGateOptions;
  readonly #window: Window;
  readonly #bytes: AnswerBytes;
  readonly #splitter = new SseSplitter();
  readonly #keepAlive: KeepAlive | null;
  /** Bytes of the event that is not whole yet, as the budget knows them. */
  #open = 0;
  #damaged = false;
  #closed = false;

  constructor(options: WindowGateOptions) {
    const { outlet, contentEncoding, keepAliveMs } = options;
    this.#options = options;
    const events = { piece: (piece: Uint8Array) => this.#take(piece), damaged: () => this.#damage() };
    this.#bytes = new AnswerBytes(contentEncoding, events, outlet);
    this.body = this.#bytes.decodes ? 'decoded' : 'as_sent';
    this.#keepAlive =
      keepAliveMs === null ? null : new KeepAlive(keepAliveMs, () => void outlet.release(KEEP_ALIVE_COMMENT));
    this.#window = createWindow({
      ...options,
      release: ({ bytes }) => {
        this.#keepAlive?.touch();
        this.#release(bytes);
      },
      stop: () => {
        this.#end();
        outlet.stop();
      },
      progressed: () => {
        if (!this.#window.full) this.#bytes.resume();
      },
    });
  }

  get passed(): boolean {
    return this.#window.passed;
  }

  get stop(): StopCode | null {
    return this.#window.stopped ?? (this.#damaged ? 'judge_unavailable' : null);
  }

  get delivered(): boolean {
    return this.#window.delivered;
  }

  get windows(): number {
    return this.#window.windows;
  }

  get hits(): readonly RuleHit[] {
    return this.#window.hits;
  }

  push(chunk: Buffer): boolean {
    return this.#closed || this.stop !== null || this.#bytes.push(chunk);
  }

  drained(): void {
    this.#bytes.clientDrained();
  }

  async drain(whole: boolean): Promise<void> {
    if (!whole || this.stop !== null || this.#closed) return;
    await this.#bytes.end();
    const rest = this.#splitter.end();
    this.#giveOpen();
    if (rest !== null) this.#window.push(rest);
  }

  settle(): Promise<void> {
    return this.#window.settle();
  }

  readToEnd(): Promise<boolean> {
    return this.#window.readToEnd();
  }

  clearedByRules(): void {
    this.#window.clearedByRules();
  }

  takeRest(): readonly Uint8Array[] {
    this.#end();
    return this.#window.takeRest().map(({ bytes }) => bytes);
  }

  tail(block: Block): Uint8Array | null {
    return Buffer.from(this.#window.block(block));
  }

  close(): void {
    this.#closed = true;
    this.#end();
    this.#window.close();
  }

  #take(piece: Uint8Array): void {
    if (this.#closed || this.stop !== null) return;
    if (this.#window.passed) {
      this.#release(piece);
      return;
    }
    const units = this.#splitter.push(piece);
    this.#giveOpen();
    for (const unit of units) this.#window.push(unit);
    if (this.#splitter.open > 0) this.#keepOpen();
    if (this.#window.passed) this.#keepAlive?.close();
    if (this.#window.full) this.#bytes.pause();
  }

  #release(bytes: Uint8Array): void {
    if (!this.#options.outlet.release(bytes)) this.#bytes.clientIsSlow();
  }

  /** An event that does not end is held like one that waits. */
  #keepOpen(): void {
    const { open } = this.#splitter;
    if (!this.#window.passed && open <= this.#options.most && this.#options.budget.take(open)) {
      this.#open = open;
      return;
    }
    this.#window.overflow();
    // What stands in the middle of an event means nothing to a reader. A window that was stopped takes nothing.
    const rest = this.#splitter.end();
    if (rest !== null) this.#window.push({ bytes: rest.bytes, event: null });
  }

  #giveOpen(): void {
    this.#options.budget.give(this.#open);
    this.#open = 0;
  }

  #damage(): void {
    if (this.#closed || this.stop !== null) return;
    this.#damaged = true;
    this.#options.outlet.stop();
  }

  #end(): void {
    this.#keepAlive?.close();
    this.#giveOpen();
    this.#bytes.close();
  }
}
