/**
 * Which response a message of Responses over WebSocket belongs to. Lanes (`stream_id`, or none) are independent; within
 * one, requests are answered first come, first served, and one response is under way at a time (OpenAI's description of
 * `ResponsesClientEventResponseCreate.stream_id`). Ids decide before order does. Pure: envelopes in, slots out.
 */

import type { Envelope } from './openai-responses-websocket-envelope.ts';
import { isSessionType } from './openai-responses-websocket-session.ts';

/** One response that is asked for or under way. */
export interface Slot {
  /** Name of the lane, null for the one without. */
  readonly lane: string | null;
  /** `create`: asked for · `steer`: may follow the response `parent` by itself · `unasked`: the origin began it. */
  readonly kind: 'create' | 'steer' | 'unasked';
  readonly parent: string | null;
  /** null until the origin names it. */
  readonly responseId: string | null;
}

export type ClientStep =
  /** A response is asked for: `slot` is new. */
  | { readonly kind: 'opens'; readonly slot: Slot }
  /** More input for a response that is known. */
  | { readonly kind: 'joins'; readonly slot: Slot }
  /** Nothing of this protocol as we know it, or for a response that we do not know. */
  | { readonly kind: 'stranger' };

export interface ServerStep {
  /** The response that the event belongs to; null: to none that is open. */
  readonly slot: Slot | null;
  /** The origin began it unasked: `slot` is new. */
  readonly opens: boolean;
  /** The response is over with this event. */
  readonly ends: boolean;
  /** Another response of the lane, which is over: only one is under way at a time, and its own end was not understood. */
  readonly superseded: Slot | null;
  /** About the session (steering, limits), in names and numbers: carries nothing that a model said. */
  readonly session: boolean;
}

interface MutableSlot extends Slot {
  kind: Slot['kind'];
  responseId: string | null;
  started: boolean;
  /** Steering inputs that the origin has not refused. */
  steers: number;
}

const TERMINAL: ReadonlySet<string> = new Set([
  'response.completed',
  'response.failed',
  'response.incomplete',
  'response.cancelled',
]);
const STEERING: ReadonlySet<string> = new Set([
  'response.steer.accepted',
  'response.steer.pending',
  'response.steer.failed',
]);
const NONE: ServerStep = { slot: null, opens: false, ends: false, superseded: null, session: false };

export class Lanes {
  /** In the order in which they were asked for. */
  readonly #slots = new Set<MutableSlot>();

  /** Responses that are not over. */
  get open(): readonly Slot[] {
    return [...this.#slots];
  }

  get size(): number {
    return this.#slots.size;
  }

  /** A message of the client. */
  client(envelope: Envelope | null): ClientStep {
    switch (envelope?.type) {
      case 'response.create':
        return this.#create(envelope);
      case 'response.steer':
        return this.#steer(envelope);
      default: {
        const slot = this.#named(envelope?.responseId ?? null);
        return slot === null || !envelope?.type?.startsWith('response.') ? { kind: 'stranger' } : joins(slot);
      }
    }
  }

  /**
   * A message of the origin.
   * @param plain whether it has no room for words of a model; asked only of what may be about the session
   */
  server(envelope: Envelope | null, plain: () => boolean): ServerStep {
    if (envelope === null) return NONE;
    const type = envelope.type ?? '';
    const session = isSessionType(type) && plain();
    if (STEERING.has(type)) return this.#steering(type, envelope, session);
    if (session) return { ...NONE, session };
    if (type === 'response.created') return this.#superseding(this.#created(envelope));
    const slot = this.#running(envelope) ?? (type.startsWith('response.') ? this.#unstarted(envelope.lane) : null);
    if (slot !== null) return this.#event(slot, envelope, TERMINAL.has(type) || type === 'error');
    if (type === 'error') return this.#error(envelope);
    return type.startsWith('response.') ? this.#superseding(this.#unannounced(envelope, TERMINAL.has(type))) : NONE;
  }

  /** The response will not come, or nobody waits for it any more. */
  drop(slot: Slot): void {
    this.#slots.delete(slot as MutableSlot);
  }

  #create({ lane, previousId }: Envelope): ClientStep {
    // Steering that waits for the client's own tool results goes with the request that brings them.
    const steer = this.#find((slot) => slot.kind === 'steer' && slot.parent === previousId && slot.lane === lane);
    if (steer === null || this.#named(steer.parent) !== null) return this.#open('create', lane, null);
    steer.kind = 'create';
    this.#slots.delete(steer);
    this.#slots.add(steer); // its turn is that of the request
    return joins(steer);
  }

  #steer({ previousId }: Envelope): ClientStep {
    if (previousId === null) return { kind: 'stranger' };
    const waiting = this.#find((slot) => slot.kind === 'steer' && slot.parent === previousId);
    if (waiting !== null) {
      waiting.steers += 1;
      return joins(waiting);
    }
    // The origin says on which lane the response is; of one that we do not know, it may be any.
    return this.#open('steer', this.#named(previousId)?.lane ?? null, previousId);
  }

  /** Of the request that is next on the lane, else of none, and then told by itself. */
  #error(envelope: Envelope): ServerStep {
    const slot = this.#waiting(envelope.lane);
    return slot === null ? this.#unannounced(envelope, true) : this.#event(slot, envelope, true);
  }

  #steering(type: string, envelope: Envelope, session: boolean): ServerStep {
    const { previousId } = envelope;
    const slot = this.#find((candidate) => candidate.kind === 'steer' && candidate.parent === previousId);
    if (slot === null) return session ? { ...NONE, session } : this.#unannounced(envelope, true);
    if (type === 'response.steer.failed') slot.steers -= 1;
    const ends = slot.steers <= 0;
    if (ends) this.#slots.delete(slot);
    return { ...NONE, slot, ends, session };
  }

  #superseding(step: ServerStep): ServerStep {
    const { slot } = step;
    const stale = this.#find((other) => other !== slot && other.started && other.lane === slot?.lane);
    if (stale === null) return step;
    this.#slots.delete(stale);
    return { ...step, superseded: stale };
  }

  #created(envelope: Envelope): ServerStep {
    const { lane, responseId, previousId } = envelope;
    const slot =
      this.#named(responseId) ??
      this.#find(
        (candidate) =>
          candidate.kind === 'steer' && !candidate.started && candidate.parent === previousId && previousId !== null,
      ) ??
      this.#waiting(lane);
    return slot === null ? this.#unannounced(envelope, false) : this.#event(slot, envelope, false);
  }

  #event(slot: MutableSlot, { responseId }: Envelope, ends: boolean): ServerStep {
    slot.started = true;
    slot.responseId ??= responseId;
    if (ends) this.#slots.delete(slot);
    return { ...NONE, slot, ends };
  }

  /** An event of a response that nobody asked for as far as we know. */
  #unannounced({ lane, responseId }: Envelope, ends: boolean): ServerStep {
    const slot: MutableSlot = { lane, kind: 'unasked', parent: null, responseId, started: true, steers: 0 };
    if (!ends) this.#slots.add(slot);
    return { ...NONE, slot, opens: true, ends };
  }

  /** The response under way that the event is of: by its id, else by its lane. */
  #running({ lane, responseId }: Envelope): MutableSlot | null {
    if (responseId !== null) {
      const named = this.#named(responseId);
      if (named !== null) return named;
    }
    return this.#find(
      (slot) => slot.started && slot.lane === lane && (responseId === null || slot.responseId === null),
    );
  }

  /** Of an origin that leaves `response.created` out: what comes is of the one that is next. */
  #unstarted(lane: string | null): MutableSlot | null {
    return this.#find((slot) => slot.started && slot.lane === lane) === null ? this.#waiting(lane) : null;
  }

  #waiting(lane: string | null): MutableSlot | null {
    return this.#find((slot) => !slot.started && slot.kind === 'create' && slot.lane === lane);
  }

  #named(responseId: string | null): MutableSlot | null {
    return responseId === null ? null : this.#find((slot) => slot.responseId === responseId);
  }

  #find(fits: (slot: MutableSlot) => boolean): MutableSlot | null {
    for (const slot of this.#slots) if (fits(slot)) return slot;
    return null;
  }

  #open(kind: Slot['kind'], lane: string | null, parent: string | null): ClientStep {
    const slot: MutableSlot = {
      lane,
      kind,
      parent,
      responseId: null,
      started: false,
      steers: kind === 'steer' ? 1 : 0,
    };
    this.#slots.add(slot);
    return { kind: 'opens', slot };
  }
}

function joins(slot: Slot): ClientStep {
  return { kind: 'joins', slot };
}
