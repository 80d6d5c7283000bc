/**
 * Carries out orders to erase: what they are about is found in the reader's thread, erased by the writer in short steps
 * between the traffic's, and then the log of SQLite is emptied, which still has it. An order that was begun is finished
 * after a kill: it is kept beside the chain until it is done.
 */

import { hash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { ProxyError } from '../errors.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import type { ErasureRecord } from './acts.ts';
import type { ErasablePage, ErasableQuestion } from './erasable.ts';
import type { ErasureOrder, ErasureReport } from './ledger.ts';
import type { Erased, EraseStep } from './thread-protocol.ts';

export interface ErasureParts {
  readonly erasable: (question: ErasableQuestion) => Promise<ErasablePage>;
  readonly underWay: () => Promise<readonly string[]>;
  readonly step: (step: EraseStep) => Promise<Erased>;
  /** Empties the log into the database. @returns false when somebody reads an older state of it */
  readonly emptyLog: () => Promise<boolean>;
  readonly clock: Clock;
}

/**
 * Exchanges of one step: as many as keep the writer busy for so long, at which its other work waits. How long one takes
 * depends on the disk and on what it holds, so the last step says how many the next may have.
 */
const STEP = { ms: 8, first: 10, most: 100 };
/** How long, and how often, to wait for those who read an older state of the ledger: an export, a check. */
const LOG_MS = { every: 100, atMost: 30_000 };
/**
 * After this long retention looks at all of the ledger again: a note may have come to what was erased before, or older
 * records stand behind younger ones.
 */
const LOOK_AGAIN_MS = 86_400_000;

type Kept = { readonly order: ErasureOrder; readonly erasure: EraseStep['erasure'] };

export class Erasure {
  readonly #parts: ErasureParts;
  /** By tier of retention: where everything before is erased, and when that was found. */
  readonly #floors = new Map<string, { readonly seq: number; readonly foundAt: number }>();
  /** Something was erased since the log was emptied for the last time. */
  #inLog = false;

  constructor(parts: ErasureParts) {
    this.#parts = parts;
  }

  /** @throws ProxyError `ledger_unavailable` when it could not be finished: it goes on at the next start */
  async erase(order: ErasureOrder): Promise<ErasureReport> {
    const { actor, reason } = order;
    const erasure = { erasure_id: newId(), ts: timestamp(this.#parts.clock), actor, reason, scope: scopeOf(order) };
    return await this.#carryOut({ order, erasure });
  }

  /** Finishes what a process that died had begun. */
  async resume(): Promise<void> {
    for (const kept of await this.#parts.underWay()) await this.#carryOut(JSON.parse(kept) as Kept);
  }

  async #carryOut(kept: Kept): Promise<ErasureReport> {
    const { order, erasure } = kept;
    const report = { erasure_id: erasure.erasure_id, exchanges: 0, records: 0, left: 0, kept: 0 };
    const step = async (part: Partial<EraseStep>) => {
      const none = { exchanges: [], connections: [], begun: null, done: null };
      const erased = await this.#parts.step({ erasure, tier: order.tier, ...none, ...part });
      for (const name of ['exchanges', 'records', 'left', 'kept'] as const) report[name] += erased[name];
      this.#inLog ||= erased.records > 0;
      return erased.ms;
    };
    // Retention comes by itself again.
    if (order.reason === 'request') await step({ begun: JSON.stringify(kept) });
    await this.#pages(order, step, () => report.left);
    const unrecorded = order.reason === 'request' && report.records === 0;
    if (order.reason === 'request') await step({ done: unrecorded ? 'record' : 'done' });
    // Also when a process before this one erased it: the order itself names the client.
    if (order.reason === 'request' || this.#inLog) await this.#emptyLog();
    return report;
  }

  async #pages(
    order: ErasureOrder,
    step: (part: Partial<EraseStep>) => Promise<number>,
    left: () => number,
  ): Promise<void> {
    const { scope, tier } = order;
    const now = this.#parts.clock.now();
    const floor = this.#floors.get(tier);
    const known = scope.kind === 'age' && floor !== undefined && now - floor.foundAt < LOOK_AGAIN_MS ? floor : null;
    const pace = new Pace();
    let after: number | null = known?.seq ?? 0;
    let passed = after;
    let settled = true;
    while (after !== null) {
      if (settled) passed = after;
      const page: ErasablePage = await this.#parts.erasable({ scope, tier, after, inOrder: known !== null });
      settled &&= page.settled;
      for (const part of steps(page, pace)) pace.took(await step(part));
      // Cut in pieces: the writer waits for each, the longer the more there is to cut.
      if (page.exchanges.length > 0) await this.#parts.emptyLog();
      after = page.next;
    }
    // What was left is looked at again the next time.
    if (scope.kind === 'age' && left() === 0) {
      this.#floors.set(tier, { seq: passed, foundAt: known?.foundAt ?? now });
    }
  }

  async #emptyLog(): Promise<void> {
    for (let waited = 0; !(await this.#parts.emptyLog()); waited += LOG_MS.every) {
      if (waited >= LOG_MS.atMost) throw new ProxyError('ledger_unavailable', { reason: 'locked' });
      await setTimeout(LOG_MS.every);
    }
    this.#inLog = false;
  }
}

/** A client's name must not outlive what is erased of it. */
function scopeOf({ scope }: ErasureOrder): ErasureRecord['scope'] {
  switch (scope.kind) {
    case 'exchange':
      return { kind: 'exchange', of: scope.exchange_id };
    case 'client':
      return { kind: 'client', of: hash('sha256', scope.client) };
    case 'age':
      return { kind: 'age', of: String(scope.age_ms) };
    default:
      return scope satisfies never;
  }
}

/** How many exchanges, or connections, the next step takes. */
class Pace {
  size = STEP.first;

  took(ms: number): void {
    const fitting = Math.floor((this.size * STEP.ms) / Math.max(ms, 0.1));
    this.size = Math.min(Math.max(fitting, 1), this.size * 2, STEP.most);
  }
}

function* steps({ exchanges, connections }: ErasablePage, pace: Pace): Generator<Partial<EraseStep>> {
  for (const [name, all] of [
    ['exchanges', exchanges],
    ['connections', connections],
  ] as const) {
    for (let start = 0; start < all.length; ) {
      const { size } = pace;
      yield { [name]: all.slice(start, start + size) };
      start += size;
    }
  }
}
