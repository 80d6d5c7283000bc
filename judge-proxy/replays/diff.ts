/** What changes when another judge had the word. Pure; counts, and the first changes by name. */

import type { JudgeState } from '../ledger/records.ts';
import type { After, Before, ReplayLine } from './line.ts';

/** Gravest first: the order in which they are shown. */
export const CHANGES = [
  'newly_blocks', // passed then, would be stopped now
  'newly_passes', // was stopped, or would have been; would pass now
  'first_verdict', // had no verdict, and would pass
  'changed', // passes or is stopped as before, with another label or severity
  'failed', // the judge gave no usable answer
  'unchanged',
  'not_judged', // the ledger does not have what was judged
] as const;
export type Change = (typeof CHANGES)[number];

/** The judge was to answer and did not. What rules decide then is no finding about the judge. */
const FAILED: ReadonlySet<JudgeState> = new Set<JudgeState>([
  'refused',
  'invalid_output',
  'nonce_mismatch',
  'quote_mismatch',
  'timeout',
  'provider_error',
  'circuit_open',
  'queue_full',
]);

export function changeOf({ before, after }: Pick<ReplayLine, 'before' | 'after'>): Change {
  if (after === null) return 'not_judged';
  if (!isAnswered(after)) return 'failed';
  const [stopped, stops] = [before !== null && isStopped(before), isStopped(after)];
  if (stops && !stopped) return 'newly_blocks';
  if (stopped && !stops) return 'newly_passes';
  if (before === null) return 'first_verdict';
  return before.label === after.label && before.severity === after.severity ? 'unchanged' : 'changed';
}

/** Whether the judge did what it was asked, or was not to be asked. */
export function isAnswered({ state }: Pick<After, 'state'>): boolean {
  return !FAILED.has(state);
}

/** `observe` only says that it would block; the three words mean one decision. */
function isStopped({ action }: Pick<Before, 'action'>): boolean {
  return action !== 'allowed';
}

/** How often a criterion was judged otherwise, over exchanges where both judges scored. */
export interface CriterionChange {
  readonly id: string;
  readonly newly_violated: number;
  readonly no_longer_violated: number;
  /** With the same label. */
  readonly score_higher: number;
  readonly score_lower: number;
  readonly equal: number;
  /** Only the new judge asks it: how often it is violated, and how often it passes. */
  readonly added_violated: number;
  readonly added_passed: number;
  /** Only the judge of the day asked it. */
  readonly removed_violated: number;
  readonly removed_passed: number;
}

export interface ChangedExchange {
  readonly change: Change;
  readonly exchange_id: string;
  readonly ts: string;
  readonly client: string;
  readonly route: string;
  readonly mode: string;
  readonly before: Pick<Before, 'verdict_id' | 'label' | 'severity' | 'action' | 'state' | 'decided_by'> | null;
  readonly after: Pick<After, 'label' | 'severity' | 'action' | 'state' | 'decided_by'> | null;
  /** Why it was not judged. */
  readonly why: ReplayLine['unusable'];
  /** Ids of the criteria whose label is another one now. */
  readonly criteria: readonly string[];
}

export interface Diff {
  readonly exchanges: number;
  readonly changes: Readonly<Record<Change, number>>;
  /** By state. */
  readonly failed: Readonly<Record<string, number>>;
  /** By reason. */
  readonly not_judged: Readonly<Record<string, number>>;
  /** By name and hash of the judge of the day. */
  readonly judged_before_by: Readonly<Record<string, number>>;
  readonly criteria: readonly CriterionChange[];
  /** Gravest change first, newest first; all but `unchanged`. */
  readonly changed: readonly ChangedExchange[];
  /** How many more there are in the file of results. */
  readonly changed_not_listed: number;
}

/** Of each kind of change: so that a replay of any size fits into memory, and its list into a report. */
const MOST_LISTED = 1_000;

type Counts = Omit<{ -readonly [K in keyof CriterionChange]: CriterionChange[K] }, 'id'>;

export class Tally {
  readonly #changes = new Map<Change, number>();
  readonly #failed = new Map<string, number>();
  readonly #notJudged = new Map<string, number>();
  readonly #judges = new Map<string, number>();
  readonly #criteria = new Map<string, Counts>();
  readonly #changed = new Map<Change, ChangedExchange[]>();

  add(line: ReplayLine): void {
    const { before, after, unusable } = line;
    const change = changeOf(line);
    increase(this.#changes, change);
    if (change === 'failed' && after !== null) increase(this.#failed, after.state);
    if (unusable !== null) increase(this.#notJudged, unusable);
    const judge = before?.judge ?? null;
    increase(this.#judges, judge === null ? 'none' : `${judge.name} ${judge.hash.slice(0, 8)}`);
    if (change !== 'failed' && before !== null && after !== null) this.#compare(before, after);
    if (change !== 'unchanged') this.#list(change, line);
  }

  diff(): Diff {
    const changed = CHANGES.flatMap((change) => newestFirst(this.#changed.get(change) ?? []));
    const counted = CHANGES.map((change) => [change, this.#changes.get(change) ?? 0] as const);
    const exchanges = counted.reduce((sum, [, count]) => sum + count, 0);
    return {
      exchanges,
      changes: Object.fromEntries(counted) as Record<Change, number>,
      failed: Object.fromEntries(this.#failed),
      not_judged: Object.fromEntries(this.#notJudged),
      judged_before_by: Object.fromEntries(this.#judges),
      criteria: [...this.#criteria].map(([id, counts]) => ({ id, ...counts })),
      changed,
      changed_not_listed: exchanges - (this.#changes.get('unchanged') ?? 0) - changed.length,
    };
  }

  #list(change: Change, { exchange_id, ts, client, route, mode, before, after, unusable }: ReplayLine): void {
    const list = this.#changed.get(change) ?? [];
    this.#changed.set(change, list);
    if (list.length >= MOST_LISTED) return;
    list.push({
      ...{ change, exchange_id, ts, client, route, mode, why: unusable },
      before: before === null ? null : { verdict_id: before.verdict_id, ...shown(before) },
      after: after === null ? null : shown(after),
      criteria: before === null || after === null ? [] : relabelled(before, after),
    });
  }

  #compare(before: Before, after: After): void {
    // Where a model scored nothing there are no criteria: that says nothing about any of them.
    if (before.criteria.length === 0 || after.criteria.length === 0) return;
    const earlier = new Map(before.criteria.map((criterion) => [criterion.id, criterion]));
    for (const criterion of after.criteria) {
      const counts = this.#countsOf(criterion.id);
      counts[comparison(earlier.get(criterion.id), criterion)] += 1;
      earlier.delete(criterion.id);
    }
    for (const { id, label } of earlier.values()) {
      this.#countsOf(id)[label === 'violation' ? 'removed_violated' : 'removed_passed'] += 1;
    }
  }

  #countsOf(id: string): Counts {
    const known = this.#criteria.get(id);
    if (known !== undefined) return known;
    const counts: Counts = {
      ...{ newly_violated: 0, no_longer_violated: 0, score_higher: 0, score_lower: 0, equal: 0 },
      ...{ added_violated: 0, added_passed: 0, removed_violated: 0, removed_passed: 0 },
    };
    this.#criteria.set(id, counts);
    return counts;
  }
}

type Scored = Pick<Before['criteria'][number], 'score' | 'label'>;

function comparison(before: Scored | undefined, after: Scored): keyof Counts {
  const violated = after.label === 'violation';
  if (before === undefined) return violated ? 'added_violated' : 'added_passed';
  if (before.label !== after.label) return violated ? 'newly_violated' : 'no_longer_violated';
  if (before.score === after.score) return 'equal';
  return after.score > before.score ? 'score_higher' : 'score_lower';
}

/** Ids of the criteria whose label is another one now. */
export function relabelled(before: Before, after: After): string[] {
  const violated = ({ criteria }: Pick<Before, 'criteria'>) =>
    new Set(criteria.filter(({ label }) => label === 'violation').map(({ id }) => id));
  return [...violated(before).symmetricDifference(violated({ criteria: after.criteria }))];
}

function shown({ label, severity, action, state, decided_by }: Omit<Before, 'verdict_id' | 'judge' | 'criteria'>) {
  return { label, severity, action, state, decided_by };
}

function newestFirst(list: readonly ChangedExchange[]): ChangedExchange[] {
  return list.toSorted((a, b) => (a.ts < b.ts ? 1 : a.ts > b.ts ? -1 : a.exchange_id < b.exchange_id ? 1 : -1));
}

function increase<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
