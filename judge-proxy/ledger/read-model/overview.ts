/** Sums of a period, and how they went over it. */

import { COVERAGE_REASONS, COVERAGES, JUDGE_STATES, LABELS, SEVERITIES, VERDICT_ACTIONS } from './columns.ts';
import { timestampOf } from './exchange-rows.ts';
import type { IndexDb } from './index-db.ts';
import { addSums, METRICS, NANO, noSums, type Sums } from './metrics.ts';
import { type Stretch, sumPieces, sumSingly } from './period-sums.ts';
import type { Overview, OverviewPoint, Period } from './rows.ts';
import { ALL, DAY_MS, HOUR_MS } from './spans.ts';
import { msOf } from './times.ts';

const MINUTE_MS = 60_000;
/** Steps shorter than an hour read exchange by exchange: only over so short a time. */
const SHORT_MS = 6 * HOUR_MS;
const STEPS = [
  ...[1, 2, 5].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 28, 364].map((days) => days * DAY_MS),
];
const MOST_STEPS = 120;

export function overview(db: IndexDb, period: Period): Overview {
  const stretch = { from: msOf(period.since), to: msOf(period.until) };
  const group = groupOf(db, period);
  const total = noSums();
  if (group === null || !(stretch.from < stretch.to)) return overviewOf(total, []);
  const step = stepOf(stretch);
  const start = Math.floor(stretch.from / step) * step;
  const steps = Array.from({ length: Math.ceil((stretch.to - start) / step) }, noSums);
  const piece = (ms: number, sums: Sums) => {
    addSums(total, sums);
    const at = steps[Math.floor((ms - start) / step)];
    if (at !== undefined) addSums(at, sums);
  };
  if (step < HOUR_MS) sumSingly(db, stretch, group, (ms, _client, sums) => piece(ms, sums));
  else sumPieces(db, group, stretch, step < DAY_MS ? HOUR_MS : DAY_MS, piece);
  return overviewOf(
    total,
    steps.map((sums, at) => pointOf(start + at * step, sums)),
  );
}

/** Steps begin on the clock: at full minutes, hours, days (UTC), the first at or before the beginning of the period. */
function stepOf({ from, to }: Stretch): number {
  const length = to - from;
  for (const step of STEPS) {
    if (step < HOUR_MS && length > SHORT_MS) continue;
    if (length / step <= MOST_STEPS) return step;
  }
  return Math.ceil(length / MOST_STEPS / DAY_MS) * DAY_MS;
}

/** null for a name that nothing has. */
export function groupOf(db: IndexDb, { client, route }: Pick<Period, 'client' | 'route'>) {
  const idOf = (name: string | undefined) => (name === undefined ? ALL : db.nameId(name));
  const [clientId, routeId] = [idOf(client), idOf(route)];
  return clientId === null || routeId === null ? null : { client: clientId, route: routeId };
}

function overviewOf(sums: Sums, series: readonly OverviewPoint[]): Overview {
  const sum = (place: number) => sums[place] ?? 0;
  return {
    exchanges: sum(METRICS.exchanges),
    open: sum(METRICS.open),
    judged: sum(METRICS.judged),
    unjudged: sum(METRICS.unjudged),
    tunnels: sum(METRICS.tunnels),
    refusals: sum(METRICS.refusals),
    by_label: each(LABELS, METRICS.label, sums),
    by_severity: each(SEVERITIES, METRICS.severity, sums),
    by_action: each(VERDICT_ACTIONS, METRICS.action, sums),
    by_state: present(JUDGE_STATES, METRICS.state, sums),
    by_coverage: each(COVERAGES, METRICS.coverage, sums),
    by_reason: present(COVERAGE_REASONS, METRICS.reason, sums),
    traffic_usd: sum(METRICS.traffic) / NANO,
    judging_usd: sum(METRICS.judging) / NANO,
    tokens_in: sum(METRICS.tokens_in),
    tokens_out: sum(METRICS.tokens_out),
    series,
  };
}

function pointOf(ms: number, sums: Sums): OverviewPoint {
  const derived = derivedSums(sums);
  return {
    ts: timestampOf(ms),
    exchanges: sums[METRICS.exchanges] ?? 0,
    violations: derived.violations,
    undetermined: derived.undetermined,
    stopped: derived.stopped,
    not_judged: sums[METRICS.coverage + COVERAGES.indexOf('none')] ?? 0,
    judging_usd: (sums[METRICS.judging] ?? 0) / NANO,
  };
}

/** Sums that are put together from those that are kept. */
export function derivedSums(sums: Sums) {
  const sum = (place: number) => sums[place] ?? 0;
  const action = (name: (typeof VERDICT_ACTIONS)[number]) => sum(METRICS.action + VERDICT_ACTIONS.indexOf(name));
  const coverage = (name: (typeof COVERAGES)[number]) => sum(METRICS.coverage + COVERAGES.indexOf(name));
  return {
    violations: sum(METRICS.label + LABELS.indexOf('violation')),
    undetermined: sum(METRICS.label + LABELS.indexOf('undetermined')),
    stopped: action('blocked') + action('cut'),
    not_judged_in_full: coverage('partial') + coverage('none'),
  };
}

function each<T extends string>(list: readonly T[], place: number, sums: Sums): Record<T, number> {
  return Object.fromEntries(list.map((word, at) => [word, sums[place + at] ?? 0])) as Record<T, number>;
}

function present<T extends string>(list: readonly T[], place: number, sums: Sums): Partial<Record<T, number>> {
  const found = Object.entries<number>(each(list, place, sums)).filter(([, sum]) => sum !== 0);
  return Object.fromEntries(found) as Partial<Record<T, number>>;
}
