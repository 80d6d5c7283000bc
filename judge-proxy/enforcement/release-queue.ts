/**
 * The units of a stream that wait, and how far each judge has come: what may go out, in order. Pure: no judging and no
 * sending here.
 *
 * Numbers count units from 1. A unit goes out when all text up to it is cleared; nothing of a tool call before all of it
 * is; the end of the stream, as the format marks it, never before the last verdict.
 */

import type { StreamUnit } from './sse-splitter.ts';

export interface WaitingUnit<U extends StreamUnit = StreamUnit> {
  readonly unit: U;
  readonly number: number;
  /** Nothing that is judged: it goes out behind what went before it. */
  readonly idle: boolean;
}

/** What a unit costs beside its bytes, in memory: a hostile stream can have a million of a few bytes each. */
const LEAST_WEIGHT = 256;

/** Bytes that a waiting unit is counted with. */
export function weightOf({ bytes }: StreamUnit): number {
  return Math.max(bytes.byteLength, LEAST_WEIGHT);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ReleaseRule {
  /** Text up to this unit was read by the rules. */
  readonly rules: number;
  /** Text up to this unit was judged by the model. */
  readonly model: number;
  /** `eager`: the model is waited for only with tool calls. */
  readonly release: 'cleared' | 'eager';
}

export class ReleaseQueue<U extends StreamUnit> {
  #waiting: WaitingUnit<U>[] = [];
  /** Taken from the front of the list, which is cut now and then. */
  #taken = 0;
  #weight = 0;
  #spans: Span[] = [];
  #openSince: number | null = null;
  #ends = Number.POSITIVE_INFINITY;
  #last = 0;

  /** Of all that waits, in bytes. */
  get weight(): number {
    return this.#weight;
  }

  /** Number of the unit that came last. */
  get last(): number {
    return this.#last;
  }

  /** A tool call has begun and is not complete. */
  get callOpen(): boolean {
    return this.#openSince !== null;
  }

  /** @param what it does to tool calls and to the stream */
  push(
    unit: U,
    what: { readonly idle: boolean; readonly call: boolean; readonly callOpen: boolean; readonly ends: boolean },
  ) {
    this.#last += 1;
    const number = this.#last;
    this.#waiting.push({ unit, number, idle: what.idle });
    this.#weight += weightOf(unit);
    if (what.ends && this.#ends === Number.POSITIVE_INFINITY) this.#ends = number;
    if (!what.call && !what.callOpen && this.#openSince === null) return;
    this.#openSince ??= number;
    if (what.callOpen) return;
    this.#spans.push({ from: this.#openSince, to: number });
    this.#openSince = null;
  }

  /** A tool call is complete that the model has not cleared. */
  hasCall(model: number): boolean {
    return this.#spans.some(({ to }) => to > model);
  }

  /** Takes what may go out now. */
  take(rule: ReleaseRule, begun: boolean): U[] {
    this.#spans = this.#spans.filter(({ to }) => to > Math.min(rule.rules, rule.model));
    const limit = this.#limit(rule);
    const taken: U[] = [];
    for (let next = this.#peek(); next !== undefined; next = this.#peek()) {
      const follows = next.idle && (begun || taken.length > 0) && next.number < this.#barrier();
      if (next.number > limit && !follows) break;
      taken.push(next.unit);
      this.#taken += 1;
      this.#weight -= weightOf(next.unit);
    }
    if (this.#taken > 64) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    return taken;
  }

  /** Takes everything. */
  takeAll(): U[] {
    const units = this.#waiting.slice(this.#taken).map(({ unit }) => unit);
    this.#waiting = [];
    this.#taken = 0;
    this.#weight = 0;
    return units;
  }

  #limit({ rules, model, release }: ReleaseRule): number {
    const judged = release === 'eager' ? rules : Math.min(rules, model);
    return Math.min(judged, this.#barrier() - 1);
  }

  /** The first unit that no clearing of text lets through. */
  #barrier(): number {
    return Math.min(this.#spans[0]?.from ?? this.#ends, this.#openSince ?? this.#ends, this.#ends);
  }

  #peek(): WaitingUnit<U> | undefined {
    return this.#waiting[this.#taken];
  }
}
