/**
 * A recorder that does what a test says: it holds, releases, stops and blocks without a judge, a ledger or a policy of
 * its own. What forwarding tells it is kept, in order.
 */

import { EventEmitter, once } from 'node:events';
import type { Ending, Gate, Outlet, ResponseHead } from '../../enforcement/gate.ts';
import type { ExchangeEnd, ExchangeStart, RecordedExchange, Recorder, Unjudged } from '../../enforcement/recorder.ts';
import type { CapturedBody } from '../../exchange/capture.ts';

/** One answer behind its gate. */
export class ScriptedGate implements Gate {
  readonly outlet: Outlet;
  readonly head: ResponseHead;
  readonly request: () => CapturedBody;
  readonly chunks: Buffer[] = [];
  body: 'as_sent' | 'decoded' = 'as_sent';
  /** What `push` answers. */
  takesMore = true;
  /** Called within `push`. */
  onPush: (chunk: Buffer) => void = () => {};
  closed = 0;
  readonly #events: EventEmitter;

  constructor(events: EventEmitter, head: ResponseHead, outlet: Outlet, request: () => CapturedBody) {
    this.#events = events;
    this.head = head;
    this.outlet = outlet;
    this.request = request;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  push(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    this.onPush(chunk);
    this.#events.emit('change');
    return this.takesMore;
  }

  close(): void {
    this.closed += 1;
    this.#events.emit('change');
  }
}

export interface Script {
  /** Without it answers have no gate. Called with each new gate. */
  readonly gate?: (gate: ScriptedGate) => void;
  /** How an answer ends. Without it what was held is delivered. */
  readonly finish?: (end: ExchangeEnd, gate: ScriptedGate | null) => Ending | Promise<Ending>;
  /** When the ledger knows an exchange; at once unless given. */
  readonly committed?: () => Promise<void>;
  /** With it requests are held. */
  readonly clear?: (request: CapturedBody, signal: AbortSignal) => Ending | null | Promise<Ending | null>;
}

export class ScriptedRecorder implements Recorder {
  readonly starts: ExchangeStart[] = [];
  readonly gates: ScriptedGate[] = [];
  readonly ends: ExchangeEnd[] = [];
  readonly cleared: CapturedBody[] = [];
  readonly unjudgedOnes: Unjudged[] = [];
  readonly #script: Script;
  readonly #events = new EventEmitter().setMaxListeners(0);

  constructor(script: Script) {
    this.#script = script;
  }

  begin(start: ExchangeStart): RecordedExchange {
    this.starts.push(start);
    this.#events.emit('change');
    const script = this.#script;
    let own: ScriptedGate | null = null;
    return {
      exchangeId: `exchange-${this.starts.length}`,
      committed: script.committed?.() ?? Promise.resolve(),
      holdsRequest: script.clear !== undefined,
      clearRequest: async (request, signal) => {
        this.cleared.push(request);
        this.#events.emit('change');
        return (await script.clear?.(request, signal)) ?? null;
      },
      gate: (head, outlet, request) => {
        if (script.gate === undefined) return null;
        own = new ScriptedGate(this.#events, head, outlet, request);
        this.gates.push(own);
        script.gate(own);
        this.#events.emit('change');
        return own;
      },
      finish: async (end) => {
        this.ends.push(end);
        this.#events.emit('change');
        return (await script.finish?.(end, own)) ?? { kind: 'deliver', rest: own?.chunks ?? [] };
      },
    };
  }

  unjudged(what: Unjudged): void {
    this.unjudgedOnes.push(what);
  }

  /** Resolves when the condition holds, asked whenever forwarding told something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.#events, 'change');
  }

  /** The n-th gate, from 0. */
  async gate(index = 0): Promise<ScriptedGate> {
    for (;;) {
      const gate = this.gates[index];
      if (gate !== undefined) return gate;
      await once(this.#events, 'change');
    }
  }
}

/** A block of ours, and what it says in the middle of a stream. */
export function blocked(tail: string | null = null): Ending {
  const body = '{"error":"no"}';
  return {
    kind: 'block',
    whole: {
      status: 403,
      headers: ['content-type', 'application/json', 'content-length', String(body.length), 'x-judge-code', 'no'],
      body,
    },
    tail: tail === null ? null : Buffer.from(tail),
  };
}
