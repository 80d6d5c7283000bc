/** The exchanges of one Responses connection: by the response that they are, and all that are not recorded to their end. */

import type { Slot } from '../apis/openai-responses-websocket-lanes.ts';
import { ProxyError } from '../errors.ts';
import { LaneExchange } from './websocket-lane.ts';
import type { LaneConnection } from './websocket-lane-contract.ts';
import type { PairEnd } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';

export class LaneExchanges {
  readonly #parts: WebSocketParts;
  readonly #connection: LaneConnection;
  readonly #changed: () => void;
  readonly #bySlot = new Map<Slot, LaneExchange>();
  readonly #live = new Set<LaneExchange>();
  #began = false;

  /** @param changed called when one is over */
  constructor(parts: WebSocketParts, connection: Omit<LaneConnection, 'before'>, changed: () => void) {
    this.#parts = parts;
    this.#connection = { ...connection, before: (exchange) => this.#before(exchange) };
    this.#changed = changed;
  }

  /** What is asked for, under way, or waits for its record. */
  get live(): number {
    return this.#live.size;
  }

  /** Whether anything was ever asked or said. */
  get began(): boolean {
    return this.#began;
  }

  /** Nothing is under way, and nothing waits for its record. */
  get idle(): boolean {
    return this.#bySlot.size === 0 && this.#live.size === 0;
  }

  /** Begins one that belongs to no response of the table. */
  begin(lane: string | null, inTurn = false): LaneExchange {
    const exchange = this.#new(lane, inTurn);
    this.#live.add(exchange);
    void exchange.done.then(() => {
      this.#live.delete(exchange);
      this.#changed();
    });
    return exchange;
  }

  /** Begins one that lives as long as its connection. */
  unlisted(): LaneExchange {
    return this.#new(null, false);
  }

  beginFor(slot: Slot): LaneExchange {
    const exchange = this.begin(slot.lane, slot.kind === 'create');
    this.#bySlot.set(slot, exchange);
    return exchange;
  }

  of(slot: Slot): LaneExchange | null {
    return this.#bySlot.get(slot) ?? null;
  }

  /** Nothing more belongs to the response. */
  forget(slot: Slot): void {
    this.#bySlot.delete(slot);
  }

  /** The response is over. @returns when it is recorded, and its ending with the client */
  complete(slot: Slot): Promise<void> | null {
    const exchange = this.#bySlot.get(slot);
    this.#bySlot.delete(slot);
    return exchange?.finish('complete', null) ?? null;
  }

  /** What is open cannot be followed to its end. @returns the responses that it was */
  cutShort(): Slot[] {
    const slots = [...this.#bySlot.keys()];
    for (const slot of slots) {
      this.#bySlot.get(slot)?.truncated();
      void this.complete(slot);
    }
    return slots;
  }

  /** Everything that is open ends with the connection. Resolves when all is recorded. */
  async endAll(end: PairEnd, clientGone: boolean): Promise<void> {
    const { outcome, error } = unfinished(end);
    this.#bySlot.clear();
    for (const exchange of this.#live) {
      if (clientGone) exchange.abandon();
      void exchange.finish(outcome, error);
    }
    await this.settled();
  }

  /** Resolves when all that is under way now is recorded. */
  async settled(): Promise<void> {
    await Promise.all([...this.#live].map((exchange) => exchange.done));
  }

  #new(lane: string | null, inTurn: boolean): LaneExchange {
    this.#began = true;
    const { exchange: parts, target, originHead, requestId } = this.#parts;
    const options = { parts, target, originHead, requestId: requestId(), lane, inTurn };
    return new LaneExchange(options, this.#connection);
  }

  /**
   * A response is told behind those that began before it on its lane; a refusal, which begins with nothing, behind the
   * requests before its own, too. Nothing waits for a refusal, so that no two wait for each other.
   */
  #before(exchange: LaneExchange): Promise<void> | null {
    const before: Promise<void>[] = [];
    let earlier = true;
    for (const other of this.#live) {
      if (other === exchange) earlier = false;
      else if (other.lane !== exchange.lane) continue;
      else if (other.started || (!exchange.started && earlier && other.inTurn && !other.over)) before.push(other.done);
    }
    return before.length === 0 ? null : Promise.all(before).then(() => {});
  }
}

/** What an exchange that was under way is called when its connection ends. */
function unfinished(end: PairEnd): { outcome: 'client_aborted' | 'origin_failed'; error: ProxyError | null } {
  switch (end) {
    case 'client_closed':
    case 'client_reset':
      return { outcome: 'client_aborted', error: null };
    case 'origin_closed':
    case 'origin_reset':
      return { outcome: 'origin_failed', error: new ProxyError('origin_reset') };
    case 'idle':
      return { outcome: 'origin_failed', error: new ProxyError('origin_timeout') };
    case 'shutdown':
      return { outcome: 'client_aborted', error: new ProxyError('shutting_down') };
    default:
      return end satisfies never;
  }
}
