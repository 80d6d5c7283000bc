/**
 * Mode `window`: a stream reaches the client as far as it is cleared. This is the machine for units of any stream
 * (server-sent events, WebSocket messages): what each brings is told by the format's reader, what it may do by the judge.
 *
 * - Rules read every `rulesTokens` of new text, with an overlap longer than any secret that a pattern describes.
 * - The model is asked about every `tokens` of new text, one question at a time; what comes meanwhile joins the next.
 *   It is shown the request and the window. `cleared` waits for it, `eager` does not, and is cut.
 * - A tool call goes out whole, and after the model has seen all of it, in both.
 * - The rest, at the end, waits for the last question: that is the exchange's, about the whole pair.
 */

import type { Block } from '../apis/block.ts';
import { scoredState } from '../judge/decide.ts';
import { type Matter, type StopCode, UNREAD } from '../judge/inline-judge.ts';
import type { WindowReading } from '../judge/input.ts';
import type { RuleHit } from '../ledger/records.ts';
import { ReleaseQueue, weightOf } from './release-queue.ts';
import type { StreamUnit } from './sse-splitter.ts';
import { stepOf } from './unit-step.ts';
import type { Window, WindowOptions } from './window-contract.ts';
import { windowMatter } from './window-matter.ts';
import { CHARACTERS_PER_TOKEN, WindowText } from './window-text.ts';

export function createWindow<U extends StreamUnit>(options: WindowOptions<U>): Window<U> {
  const window = new StreamWindow(options);
  window.start();
  return window;
}

/** Longer than what a pattern describes in full, as the rules themselves cut long texts (`rules/rule.ts`). */
const RULES_OVERLAP = 4_096;
/** Text that may wait for a question that is open: joined to the next one, it must leave room for the request. */
const MOST_JOINED = 32_768;
/** Hits of windows that are kept beside those of the whole. */
const MOST_HITS = 200;

class StreamWindow<U extends StreamUnit> implements Window<U> {
  readonly #options: WindowOptions<U>;
  readonly #queue = new ReleaseQueue<U>();
  readonly #text: WindowText;
  readonly #hits = new Map<string, RuleHit>();
  /** Of units since the last window was read. */
  readonly #events: string[] = [];
  #request: Matter | null = null;
  /** Text up to these units was read and judged. */
  #rules = 0;
  #model = 0;
  #reading = false;
  #asking = false;
  #windows = 0;
  #delivered = false;
  #settled = false;
  #passed = false;
  #closed = false;
  #stopped: StopCode | null = null;
  #whenIdle: (() => void)[] = [];

  constructor(options: WindowOptions<U>) {
    const { overlap_tokens } = options.settings;
    const overlap = overlap_tokens * CHARACTERS_PER_TOKEN;
    this.#options = options;
    this.#text = new WindowText({ rules: Math.max(overlap, RULES_OVERLAP), model: overlap });
  }

  get full(): boolean {
    if (this.#over || !this.#busy) return false;
    return this.#queue.weight > this.#options.most / 2 || this.#text.fresh('model') > MOST_JOINED;
  }

  get stopped(): StopCode | null {
    return this.#stopped;
  }

  get passed(): boolean {
    return this.#passed;
  }

  get delivered(): boolean {
    return this.#delivered;
  }

  get windows(): number {
    return this.#windows;
  }

  get hits(): readonly RuleHit[] {
    return [...this.#hits.values()];
  }

  /** A violation in the request stops the stream before anything of it goes out. */
  async start(): Promise<void> {
    const request = await this.#options.readRequest().catch(() => UNREAD);
    if (this.#closed) return;
    this.#request = request;
    const stop = this.#options.judge.stopByRules(request.input?.rule_hits ?? []);
    if (stop !== null) this.#stop(stop);
    this.#work();
    this.#idle();
  }

  push(unit: U): void {
    if (this.#closed || this.#stopped !== null) return;
    if (this.#passed) {
      this.#send(unit);
      return;
    }
    const weight = weightOf(unit);
    const room = this.#queue.weight + weight <= this.#options.most && this.#options.budget.take(weight);
    const step = stepOf(unit, this.#options.reader, this.#queue.callOpen);
    const call = step.deltas.some(({ kind }) => kind === 'tool_call');
    const idle = step.deltas.length === 0 && (unit.event === null || unit.event.event === 'ping');
    if (!room) {
      this.#overflow(unit);
      return;
    }
    if (this.#options.keepsEvents === true && unit.event !== null) this.#events.push(unit.event.data);
    const wasOpen = this.#queue.callOpen;
    this.#queue.push(unit, { idle, call, callOpen: step.toolCallOpen, ends: step.ended });
    const kept = step.deltas.every((delta) => this.#text.add(delta, this.#queue.last));
    if (!kept) this.#overflow(null);
    else {
      // Of a kind that is not known, a call may end without a word that it was one.
      if ((call || wasOpen) && !this.#queue.callOpen) this.#text.closeWords();
      this.#work();
    }
  }

  settle(): Promise<void> {
    this.#settled = true;
    if (!this.#busy || this.#over) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async readToEnd(): Promise<boolean> {
    await this.settle();
    if (this.#over) return false;
    this.#text.closeWords();
    const reader = this.#options.judge.asksModel ? 'model' : 'rules';
    if (this.#text.fresh(reader) > 0) await (reader === 'model' ? this.#ask() : this.#readRules());
    const { input } = this.#request ?? UNREAD;
    return !this.#over && input !== null && scoredState(input.coverage) === 'scored';
  }

  clearedByRules(): void {
    if (this.#options.settings.release !== 'eager' || this.#over) return;
    this.#rules = this.#queue.last;
    this.#release();
  }

  takeRest(): U[] {
    this.#options.budget.give(this.#queue.weight);
    return this.#queue.takeAll();
  }

  block(block: Block): string {
    return this.#options.reader.block(block);
  }

  overflow(): void {
    if (!this.#over) this.#overflow(null);
  }

  close(): void {
    this.#closed = true;
    this.takeRest();
    this.#idle();
  }

  get #over(): boolean {
    return this.#closed || this.#passed || this.#stopped !== null;
  }

  get #busy(): boolean {
    return this.#reading || this.#asking || this.#request === null;
  }

  /** Goes on wherever something can: rules, model, release. */
  #work(): void {
    if (this.#over) return;
    this.#release();
    if (this.#settled || this.#request === null) return;
    // One that waits for nothing can only be full of what is no text: nothing will clear it but its own size.
    const pressed = this.#queue.weight > this.#options.most / 2;
    if (!this.#reading && this.#isDue('rules', pressed)) void this.#readRules();
    if (!this.#asking && this.#isDue('model', pressed)) void this.#ask();
    if (pressed && !this.#busy && !this.#queue.callOpen) this.#clearIdle();
  }

  #isDue(reader: 'rules' | 'model', pressed: boolean): boolean {
    const { tokens, rules_tokens } = this.#options.settings;
    if (reader === 'model' && (this.#queue.callOpen || !this.#options.judge.asksModel)) return false;
    const fresh = this.#text.fresh(reader);
    const done = reader === 'rules' ? this.#rules : this.#model;
    const window = (reader === 'rules' ? rules_tokens : tokens) * CHARACTERS_PER_TOKEN;
    return fresh >= window || (fresh > 0 && pressed) || (this.#queue.hasCall(done) && !this.#queue.callOpen);
  }

  #read(reader: 'rules' | 'model'): Promise<WindowReading | null> {
    return this.#options.readWindow(this.#text.take(reader), this.#events.splice(0));
  }

  async #readRules(): Promise<void> {
    this.#reading = true;
    const upTo = this.#stableUnit();
    const reading = await this.#read('rules');
    this.#reading = false;
    this.#apply(this.#stopOf(reading), () => {
      this.#rules = Math.max(this.#rules, upTo);
      if (!this.#options.judge.asksModel) this.#model = this.#rules;
    });
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    const upTo = this.#stableUnit();
    const reading = await this.#read('model');
    const unread = this.#stopOf(reading);
    let stop: StopCode | null | 'aborted' = unread;
    if (unread === null && reading !== null && !this.#over) {
      const judged = await this.#options.judge.judgeMatter(windowMatter(this.#request ?? UNREAD, reading));
      stop = judged === 'aborted' ? judged : judged.stop;
      if (judged !== 'aborted' && judged.asked) this.#windows += 1;
    }
    this.#asking = false;
    this.#apply(stop, () => {
      this.#model = Math.max(this.#model, upTo);
    });
  }

  /** The unit up to which no word is still growing. */
  #stableUnit(): number {
    return Math.min(this.#queue.last, this.#text.growsSince - 1);
  }

  #apply(stop: StopCode | null | 'aborted', cleared: () => void): void {
    if (stop !== null && stop !== 'aborted') this.#stop(stop);
    else if (stop === null && !this.#over) {
      cleared();
      this.#work();
    }
    this.#idle();
  }

  /** What rules say of a window; one that they could not read through is a failure to judge. */
  #stopOf(reading: WindowReading | null): StopCode | null {
    const hits = reading?.rule_hits ?? [];
    for (const hit of hits) this.#note(hit);
    const stop = this.#options.judge.stopByRules(hits);
    if (stop !== null) return stop;
    return reading?.complete !== true && this.#options.judge.onFailure === 'block' ? 'judge_unavailable' : null;
  }

  #note(hit: RuleHit): void {
    if (this.#hits.size < MOST_HITS) this.#hits.set(`${hit.rule} ${hit.place} ${hit.preview}`, hit);
  }

  /** Nothing that waits is text: it goes out behind what was cleared before it. */
  #clearIdle(): void {
    if (this.#text.fresh('rules') > 0 || (this.#options.judge.asksModel && this.#text.fresh('model') > 0)) return;
    const upTo = this.#stableUnit();
    this.#rules = Math.max(this.#rules, upTo);
    this.#model = Math.max(this.#model, upTo);
    this.#release();
  }

  #release(): void {
    const rule = { rules: this.#rules, model: this.#model, release: this.#options.settings.release };
    for (const unit of this.#queue.take(rule, this.#delivered)) {
      this.#options.budget.give(weightOf(unit));
      this.#send(unit);
    }
  }

  #send(unit: U): void {
    this.#delivered = true;
    if (unit.event !== null) this.#options.reader.released(unit.event);
    this.#options.release(unit);
  }

  #overflow(unit: U | null): void {
    if (this.#options.overflow === 'stop') {
      this.#stop('judge_unavailable');
      return;
    }
    this.#passed = true;
    for (const held of this.takeRest()) this.#send(held);
    if (unit !== null) this.#send(unit);
    this.#idle();
  }

  #stop(code: StopCode): void {
    if (this.#over) return;
    this.#stopped = code;
    this.takeRest();
    this.#options.stop();
  }

  #idle(): void {
    if (!this.#busy || this.#over) for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (!this.#closed) this.#options.progressed();
  }
}
