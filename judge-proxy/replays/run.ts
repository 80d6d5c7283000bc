/** The questions of a replay: some at one time, by the same way to the models as traffic, with a budget of their own. */

import { setTimeout } from 'node:timers/promises';
import { backoffMs, isLastAttempt } from '../judge/backoff.ts';
import { Budgets } from '../judge/budget.ts';
import type { Consultant, Consultation } from '../judge/consult.ts';
import { createConsultant } from '../judge/consultant.ts';
import type { ModelOutcome } from '../judge/decide.ts';
import type { Judge } from '../judge/judges.ts';
import type { Prices } from '../judge/prices.ts';
import { type ReplayCase, replayVerdict, replayWithoutModel } from '../judge/replay.ts';
import type { Turns } from '../judge/turns.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import type { Bound, BoundName } from './bound.ts';

export type OnFailure = 'allow' | 'block' | 'review';

export interface RunOptions {
  readonly judge: Judge;
  readonly prices: Prices;
  readonly concurrency: number;
  /** Calls that are under way when it is spent end. */
  readonly bound: Bound;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Ends the run; calls that are open are given up. */
  readonly signal: AbortSignal;
  /** Those of traffic, which goes first; its own unless given. */
  readonly turns?: Turns;
  /** What earlier runs of the same replay spent: it counts towards the bound. */
  readonly spent?: Spent;
}

export interface Spent {
  /** Calls of models, repetitions included. */
  calls: number;
  tokens: { in: number; out: number };
  /** Of calls whose price is known. */
  usd: number;
  /** Calls whose price is not known. */
  unpriced: number;
}

/** What became of one case; null: it was not judged, because the run ends. */
export type JudgedCase = NewVerdict | null;

/** Stands for the client of what was spent before. */
const EARLIER = '';

export class ReplayRun {
  readonly #options: RunOptions;
  readonly #consultant: Consultant;
  /** Of questions that wait for another try, and of calls, when a result cannot be kept. */
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly spent: Spent;
  #overBudget = false;

  constructor(options: RunOptions) {
    const { judge, prices, concurrency, bound, clock, randomBytes } = options;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#end.signal]);
    this.spent = options.spent ?? { calls: 0, tokens: { in: 0, out: 0 }, usd: 0, unpriced: 0 };
    const limits = { day: limitOf(bound), month: {}, client_day: {}, client_month: {} };
    // A clock that stands: the budget is that of the run, whatever the day.
    const started = clock.now();
    const budgets = new Budgets(new Map([[judge.name, limits]]), { now: () => started });
    const { tokens, usd } = this.spent;
    budgets.charge(judge.name, EARLIER, { tokens: tokens.in + tokens.out, usd });
    this.#consultant = createConsultant({
      limits: { judge_queue: concurrency, judge_concurrency: concurrency },
      ...{ prices, clock, randomBytes },
      budgets,
      metrics: {
        judgeCall: ({ tokens, usd }) => this.#count(tokens, usd),
        judgeCache: () => undefined,
        judgeBudget: () => undefined,
      },
      ...(options.turns === undefined ? {} : { turns: options.turns }),
    });
  }

  /** What is spent: then what was not judged yet stays so. */
  get spentBound(): BoundName | null {
    if (!this.#overBudget) return null;
    const { usd, tokens } = this.#options.bound;
    if (usd === null) return 'max_tokens';
    return tokens === null || this.spent.usd >= usd ? 'max_usd' : 'max_tokens';
  }

  /**
   * Calls `each` with all cases, so many at one time, until they are through or the run ends. Rejects with the first
   * error of `each` or of the cases.
   */
  async forEach<T>(cases: AsyncIterator<T>, each: (one: T) => Promise<void>): Promise<void> {
    const lane = async (): Promise<void> => {
      while (!this.#signal.aborted && !this.#overBudget) {
        const next = await cases.next();
        if (next.done === true) return;
        await each(next.value);
      }
    };
    const guarded = () =>
      lane().catch((error: unknown) => {
        this.#end.abort();
        throw error;
      });
    const ended = await Promise.allSettled(Array.from({ length: this.#options.concurrency }, guarded));
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async judge(replay: ReplayCase, onFailure: OnFailure): Promise<JudgedCase> {
    const { judge, clock } = this.#options;
    const known = replayWithoutModel(replay, judge);
    const consultation = known === null ? await this.#consult(replay) : null;
    if (known === null && consultation === null) return null;
    const outcome: ModelOutcome | undefined = known ?? consultation?.outcome;
    if (outcome === undefined) return null;
    return replayVerdict(replay, {
      ...{ judge, outcome, consultation, onFailure },
      verdictId: newId(),
      ts: timestamp(clock),
    });
  }

  async #consult({ opened, input, document }: ReplayCase): Promise<Consultation | null> {
    if (input === null || document === null) return null;
    const { judge, randomBytes, turns } = this.#options;
    const urgency = turns === undefined ? 'background' : 'spare';
    // Nothing stands between: a replay asks about all that it was told to, and wants no answer of yesterday.
    const uncached: Judge = { ...judge, cache: { ...judge.cache, entries: 0 } };
    for (let attempt = 1; ; attempt += 1) {
      const consultation = await this.#consultant.consult({
        ...{ exchangeId: opened.exchange_id, client: opened.client, route: opened.route },
        ...{ judge: uncached, input, document, sampling: 1, urgency, signal: this.#signal },
      });
      if (consultation?.outcome.state === 'budget_exhausted') {
        this.#overBudget = true;
        return null;
      }
      const again = consultation?.again ?? null;
      if (consultation === null || again === null || isLastAttempt(attempt, again.state)) return consultation;
      const wait = backoffMs(attempt, again.afterMs, randomBytes);
      const waited = await setTimeout(wait, true, { signal: this.#signal }).catch(() => false);
      if (!waited) return null;
    }
  }

  #count(tokens: { readonly in: number; readonly out: number } | null, usd: number | null): void {
    this.spent.calls += 1;
    if (tokens !== null) {
      this.spent.tokens.in += tokens.in;
      this.spent.tokens.out += tokens.out;
    }
    if (usd === null) this.spent.unpriced += 1;
    else this.spent.usd += usd;
  }
}

function limitOf({ usd, tokens }: Bound): { readonly usd?: number; readonly tokens?: number } {
  return { ...(usd === null ? {} : { usd }), ...(tokens === null ? {} : { tokens }) };
}
