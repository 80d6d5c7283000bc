/** The read model as one would write it without an index: every question looks at every story. For tests. */

import type { HumanLabel, QueueName } from '../acts.ts';
import type { Coverage, ExchangeCompleted, NewVerdict } from '../records.ts';
import { sampleCompleted, sampleOpened, sampleVerdict } from '../sample-records.ts';
import { isDrawn } from './control-draw.ts';
import { idOf, type Story } from './read-model-rig.ts';
import type { ExchangeFilter, Period } from './rows.ts';

const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'];
const FAILED = ['refused', 'invalid_output', 'nonce_mismatch', 'quote_mismatch', 'timeout', 'provider_error'];

/** A story as it stands at its end. */
export interface Told {
  readonly id: string;
  readonly ms: number;
  readonly opened: ReturnType<typeof sampleOpened>;
  readonly completed: ExchangeCompleted | null;
  readonly verdict: NewVerdict | null;
  readonly coverage: Coverage | null;
  /** Standing, by reviewer. */
  readonly labels: ReadonlyMap<string, HumanLabel>;
  readonly shadow: NewVerdict | null;
  /** Words of each part. */
  readonly parts: readonly (readonly string[])[];
}

export function told(at: number, story: Story): Told {
  const id = idOf(at);
  const opened = sampleOpened(id, story.opened);
  const completed = story.completed === null ? null : sampleCompleted(id, story.completed);
  const stands =
    story.verdict !== null &&
    completed !== null &&
    (story.verdict.subject !== 'request' || completed.outcome === 'blocked');
  const verdict = stands ? sampleVerdict(id, story.verdict ?? {}) : null;
  const labels = new Map<string, HumanLabel>();
  for (const { reviewer, label } of completed === null ? [] : story.labels) {
    if (label === null) labels.delete(reviewer);
    else labels.set(reviewer, label);
  }
  return {
    ...{ id, opened, completed, verdict, labels, ms: Date.parse(opened.ts) },
    coverage: verdict?.coverage ?? completed?.coverage ?? null,
    shadow: story.shadow === null || verdict === null ? null : sampleVerdict(id, story.shadow),
    parts:
      completed === null
        ? []
        : story.texts.map((text) =>
            text
              .toLowerCase()
              .split(/[^a-z]+/)
              .filter(Boolean),
          ),
  };
}

export function fits(one: Told, filter: ExchangeFilter): boolean {
  const { opened, completed, verdict, coverage, labels } = one;
  const equal = (wanted: unknown, actual: unknown) => wanted === undefined || wanted === actual;
  const human = [...labels.values()];
  return (
    equal(filter.client, opened.client) &&
    equal(filter.route, opened.route) &&
    equal(filter.host, opened.host) &&
    equal(filter.mode, opened.mode) &&
    equal(filter.api, completed?.api) &&
    equal(filter.model, completed?.model_returned ?? completed?.model_requested) &&
    equal(filter.outcome, completed?.outcome) &&
    equal(filter.label, verdict?.overall.label) &&
    equal(filter.action, verdict?.action) &&
    equal(filter.state, verdict?.state) &&
    equal(filter.decided_by, verdict?.decided_by) &&
    equal(filter.judge, verdict?.judge?.name) &&
    equal(filter.judge_hash, verdict?.judge?.hash) &&
    equal(filter.judged, verdict !== null) &&
    equal(filter.coverage, coverage?.level) &&
    (filter.min_severity === undefined ||
      (verdict !== null && SEVERITIES.indexOf(verdict.overall.severity) >= SEVERITIES.indexOf(filter.min_severity))) &&
    (filter.reason === undefined || (coverage?.reasons.includes(filter.reason) ?? false)) &&
    (filter.human_label === undefined ||
      (filter.human_label === 'none' && human.length === 0) ||
      (filter.human_label === 'any' && human.length > 0) ||
      human.some((label) => label === filter.human_label)) &&
    (filter.since === undefined || one.ms >= Date.parse(filter.since)) &&
    (filter.until === undefined || one.ms < Date.parse(filter.until)) &&
    (filter.q === undefined || hasWords(one, filter.q))
  );
}

/** Words and "phrases", all of them. */
function hasWords({ parts }: Told, q: string): boolean {
  const terms = q
    .split('"')
    .flatMap((piece, at) => (at % 2 === 1 ? [piece] : piece.split(' ')))
    .filter(Boolean);
  return terms.every((term) => {
    const wanted = ` ${term
      .toLowerCase()
      .split(/[^a-z]+/)
      .filter(Boolean)
      .join(' ')} `;
    return parts.some((words) => ` ${words.join(' ')} `.includes(wanted));
  });
}

export function naiveOverview(all: readonly Told[], period: Period) {
  const { since, until, ...of } = period;
  const within = all.filter((one) => fits(one, { since, until, ...of }));
  const judged = within.filter(({ verdict }) => verdict !== null);
  const sum = (value: (one: Told) => number | null | undefined) =>
    within.reduce((total, one) => total + (value(one) ?? 0), 0);
  const count = (words: readonly (string | undefined)[]) => {
    const counts: Record<string, number> = {};
    for (const word of words) if (word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  };
  return {
    exchanges: within.length,
    open: within.filter(({ completed }) => completed === null).length,
    judged: judged.length,
    unjudged: within.filter(({ completed, verdict }) => completed !== null && verdict === null).length,
    by_label: count(judged.map(({ verdict }) => verdict?.overall.label)),
    by_severity: count(judged.map(({ verdict }) => verdict?.overall.severity)),
    by_action: count(judged.map(({ verdict }) => verdict?.action)),
    by_state: count(judged.map(({ verdict }) => verdict?.state)),
    by_coverage: count(within.map(({ coverage }) => coverage?.level)),
    by_reason: count(within.flatMap(({ coverage }) => coverage?.reasons ?? [])),
    tokens_in: sum(({ completed }) => completed?.tokens_in),
    tokens_out: sum(({ completed }) => completed?.tokens_out),
    traffic_usd: sum(({ completed }) => completed?.cost_usd),
    judging_usd: sum(({ verdict }) => verdict?.judge_cost_usd),
  };
}

interface Asked {
  readonly queue: QueueName;
  readonly reviewer: string;
  readonly opinions: number;
  readonly control_rate: number;
}

/** Ids in the order of the queue, with the reason. */
export function naiveQueue(all: readonly Told[], asked: Asked): (readonly [id: string, why: string])[] {
  const found = all
    .toReversed()
    .filter(({ labels }) => !labels.has(asked.reviewer))
    .flatMap((one) => {
      const [why, needed] = whyOf(one, asked);
      return why !== null && one.labels.size - needed < asked.opinions ? [[one.id, why] as const] : [];
    });
  // Those that were stopped come first.
  return found.toSorted(([, a], [, b]) => Number(a === 'severe') - Number(b === 'severe'));
}

function whyOf(
  { id, completed, verdict, labels, shadow }: Told,
  asked: Asked,
): readonly [why: string | null, needed: number] {
  const said = new Set([...labels.values()].filter((label) => label !== 'unsure'));
  switch (asked.queue) {
    case 'severe': {
      const stopped = verdict?.action === 'blocked' || verdict?.action === 'cut';
      const grave = verdict?.overall.severity === 'high' || verdict?.overall.severity === 'critical';
      return [stopped ? 'stopped' : grave ? 'severe' : null, 0];
    }
    case 'disagreements': {
      const label = verdict?.overall.label;
      if (said.size > 1) return ['people_differ', 2];
      if (label === 'clean' && said.has('violation')) return ['judge_differs', 1];
      if (label === 'violation' && said.has('clean')) return ['judge_differs', 1];
      const differs = shadow !== null && !FAILED.includes(shadow.state) && shadow.overall.label !== label;
      return [differs ? 'shadow_differs' : null, 0];
    }
    case 'failed':
      return [verdict !== null && FAILED.includes(verdict.state) ? 'judge_failed' : null, 0];
    case 'control':
      return [completed !== null && isDrawn(id, asked.control_rate) ? 'drawn' : null, 0];
    default:
      return asked.queue satisfies never;
  }
}
