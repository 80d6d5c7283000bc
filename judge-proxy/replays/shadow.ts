/**
 * Shadow judges: a second judge on what the first has judged, to compare them before one replaces the other. It follows
 * the ledger behind traffic, asks from the recorded input in turns that nobody else wants, and decides nothing. Its
 * verdict and the place up to which it has read are one transaction, so that none is there twice.
 */

import { setImmediate } from 'node:timers/promises';
import type { Consultant } from '../judge/consult.ts';
import type { Judge } from '../judge/judges.ts';
import { type ReplayCase, replayCase, replayVerdict, replayWithoutModel } from '../judge/replay.ts';
import { drawOf } from '../judge/sampling.ts';
import type { ShadowVerdictRecord } from '../ledger/acts.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ConflictError } from '../ledger/ledger-error.ts';
import type { Verdict } from '../ledger/records.ts';
import type { Subject } from '../policy/failure-policy.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import { isAnswered } from './diff.ts';
import type { OnFailure } from './run.ts';

/** What became of a verdict that was drawn. */
export const SHADOW_RESULTS = [
  'agreed', // the same label
  'differed',
  'failed', // the shadow judge gave no usable answer; recorded all the same
  'behind', // more had been recorded meanwhile than it may be behind: not asked
  'budget_exhausted', // not asked: the shadow judge has spent what it may
  'unusable', // the ledger does not have (any more) what was judged
  'not_asked', // nothing a model would be asked about
] as const;
export type ShadowResult = (typeof SHADOW_RESULTS)[number];

export interface ShadowParts {
  readonly ledger: Pick<Ledger, 'verdicts' | 'exchange' | 'append' | 'rows' | 'head' | 'onCommit'>;
  /** By name, as they are now. */
  readonly judges: ReadonlyMap<string, Judge>;
  /** By name of the judge that has one: the shadow's name, and the share of verdicts. */
  readonly shadows: ReadonlyMap<string, { readonly judge: string; readonly sampling: number }>;
  /** Of its own, with the turns and budgets of all. */
  readonly consultant: Consultant;
  readonly onFailure: (route: string, subject?: Subject) => OnFailure;
  readonly clock: Clock;
  readonly log: Log;
  /** @param judge the one that has the shadow */
  readonly counted: (judge: string, result: ShadowResult) => void;
  /** Records that it may be behind before it skips; MOST_BEHIND unless given. */
  readonly mostBehind?: number;
}

export interface Shadows {
  /** Resolves when everything that the ledger has was read. */
  idle(): Promise<void>;
  /** Gives up the question that is open; it is asked again after the next start. */
  close(): Promise<void>;
}

const CURSOR = 'shadow';
/** About ten thousand exchanges: an hour of three a second. */
const MOST_BEHIND = 30_000;
const PAGE = 100;
/** Questions at one time; spare turns bound them further. */
const LANES = 4;
/** A place is written by itself only so often: verdicts that were not drawn need no write each. */
const NOTE_EVERY = 500;
/** Pause after the ledger failed. */
const LEDGER_PAUSE_MS = 1_000;

/** Starts where an earlier process ended; where there was none, with what is recorded from now on. */
export function startShadows(parts: ShadowParts): Shadows {
  const follower = new ShadowFollower(parts);
  follower.wake();
  return follower;
}

class ShadowFollower implements Shadows {
  readonly #parts: ShadowParts;
  readonly #abort = new AbortController();
  readonly #unfollow: () => void;
  /** Read up to here; null before the start was found. */
  #read: number | null = null;
  #noted = 0;
  #more = false;
  #working: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #idlers: (() => void)[] = [];

  constructor(parts: ShadowParts) {
    this.#parts = parts;
    this.#unfollow = parts.ledger.onCommit(() => this.wake());
  }

  wake(): void {
    if (this.#abort.signal.aborted) return;
    this.#more = true;
    this.#working ??= this.#follow().finally(() => {
      this.#working = null;
      if (!this.#more || this.#abort.signal.aborted) for (const resolve of this.#idlers.splice(0)) resolve();
      else if (this.#retry === undefined) this.wake();
    });
  }

  async idle(): Promise<void> {
    if (this.#working === null && !this.#more) return;
    await new Promise<void>((resolve) => this.#idlers.push(resolve));
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#abort.abort();
    clearTimeout(this.#retry);
    await this.#working;
    for (const resolve of this.#idlers.splice(0)) resolve();
  }

  async #follow(): Promise<void> {
    try {
      while (this.#more && !this.#abort.signal.aborted) {
        this.#more = false;
        await this.#readOn(this.#read ?? (await this.#begin()));
      }
    } catch {
      // The ledger logs its own failures. What was not noted is read again.
      this.#more = true;
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.wake();
      }, LEDGER_PAUSE_MS);
    }
  }

  async #begin(): Promise<number> {
    const { ledger } = this.#parts;
    const [row] = await ledger.rows<{ seq: number }>('cursor', CURSOR);
    const seq = row?.seq ?? (await ledger.head())?.seq ?? 0;
    if (row === undefined) await ledger.append([], [['setCursor', CURSOR, seq]]);
    this.#noted = seq;
    this.#read = seq;
    return seq;
  }

  async #readOn(from: number): Promise<void> {
    const { ledger } = this.#parts;
    for (let after = from; !this.#abort.signal.aborted; ) {
      const page = await ledger.verdicts({ after_seq: after, limit: PAGE });
      if (!(await this.#judgeAll(page))) return;
      after = page.at(-1)?.seq ?? after;
      this.#read = after;
      if (after - this.#noted >= NOTE_EVERY) await this.#note(after);
      if (page.length < PAGE) return;
    }
  }

  /** Several questions at one time; what they said is kept in the order of the ledger. @returns false when given up */
  async #judgeAll(page: readonly Verdict[]): Promise<boolean> {
    const skipped = new Map<ShadowResult, number>();
    const open: { readonly verdict: Verdict; readonly said: Promise<Said | null> }[] = [];
    const keepNext = async (): Promise<boolean> => {
      const next = open.shift();
      const said = await next?.said;
      if (next === undefined || said == null) return next === undefined;
      const result = await this.#keep(said, next.verdict);
      this.#read = next.verdict.seq;
      this.#parts.counted(next.verdict.judge?.name ?? '', result);
      if (result === 'behind' || result === 'budget_exhausted') skipped.set(result, (skipped.get(result) ?? 0) + 1);
      return true;
    };
    for (const verdict of page) {
      const judge = this.#drawn(verdict);
      if (judge === null) continue;
      const said = this.#judge(verdict, judge);
      // Heard when its turn comes.
      said.catch(() => undefined);
      open.push({ verdict, said });
      if (open.length >= LANES && !(await keepNext())) return false;
    }
    while (open.length > 0) if (!(await keepNext())) return false;
    for (const [reason, count] of skipped) this.#parts.log.write('warn', 'shadow_skipped', { reason, count });
    return true;
  }

  /** @returns the shadow judge, null when this one is not for it */
  #drawn({ verdict_id, judge }: Verdict): Judge | null {
    const { judges, shadows } = this.#parts;
    const shadow = shadows.get(judge?.name ?? '');
    return shadow === undefined || drawOf(verdict_id) >= shadow.sampling ? null : (judges.get(shadow.judge) ?? null);
  }

  /** @returns null when it was given up */
  async #judge(verdict: Verdict, judge: Judge): Promise<Said | null> {
    if (await this.#isBehind(verdict)) return 'behind';
    // Parsing and hashing are synchronous: traffic has its turn between two of them.
    await setImmediate();
    const view = await this.#parts.ledger.exchange(verdict.exchange_id);
    const replay = view === null ? null : replayCase(view);
    if (replay === null) return 'unusable';
    // A verdict on a request counts where it stands for its exchange.
    if (replay.before?.verdict_id !== verdict.verdict_id) return 'not_asked';
    if (replay.unusable !== null) return 'unusable';
    return replayWithoutModel(replay, judge) === null ? await this.#ask(replay, verdict, judge) : 'not_asked';
  }

  async #isBehind({ seq }: Verdict): Promise<boolean> {
    const { ledger, mostBehind = MOST_BEHIND } = this.#parts;
    const head = await ledger.head();
    return head !== null && head.seq - seq > mostBehind;
  }

  async #ask(replay: ReplayCase, verdict: Verdict, judge: Judge): Promise<Said | null> {
    const { consultant, onFailure, clock } = this.#parts;
    const { opened, input, document, subject } = replay;
    if (input === null || document === null) return 'not_asked';
    const consultation = await consultant.consult({
      ...{ exchangeId: opened.exchange_id, client: opened.client, route: opened.route, judge, input, document },
      ...{ sampling: 1, urgency: 'spare', signal: this.#abort.signal },
    });
    if (consultation === null) return null;
    if (consultation.outcome.state === 'budget_exhausted') return 'budget_exhausted';
    const said = replayVerdict(replay, {
      ...{ judge, consultation, outcome: consultation.outcome, onFailure: onFailure(opened.route, subject) },
      ...{ verdictId: newId(), ts: timestamp(clock) },
    });
    // It stops nothing, whatever the judge beside which it stands could have stopped.
    const action = said.action === 'allowed' ? 'allowed' : 'would_block';
    return { ...said, action, shadow_of: verdict.verdict_id };
  }

  async #keep(said: Said, verdict: Verdict): Promise<ShadowResult> {
    if (typeof said === 'string') return said;
    const { ledger, log } = this.#parts;
    const { exchange_id, state, judge } = said;
    try {
      await ledger.append(
        [{ kind: 'shadow_verdict', record: said }],
        [
          ['requireContent', exchange_id, exchange_id],
          ['setCursor', CURSOR, verdict.seq],
        ],
      );
    } catch (error) {
      // Erased while it was judged: nothing of it is kept here either.
      if (error instanceof ConflictError) return 'unusable';
      throw error;
    }
    this.#noted = verdict.seq;
    const outcome = resultOf(said, verdict);
    const { verdict_id } = verdict;
    log.write('info', 'shadow_verdict', { verdict_id, exchange_id, judge: judge?.name ?? '', state, outcome });
    return outcome;
  }

  async #note(seq: number): Promise<void> {
    await this.#parts.ledger.append([], [['setCursor', CURSOR, seq]]);
    this.#noted = seq;
  }
}

/** A verdict to be kept, or why there is none. */
type Said = ShadowVerdictRecord | ShadowResult;

function resultOf(said: ShadowVerdictRecord, verdict: Verdict): ShadowResult {
  if (!isAnswered(said)) return 'failed';
  return said.overall.label === verdict.overall.label ? 'agreed' : 'differed';
}
