/** What `npm run replay` says on the terminal. Names come from traffic and from models: each is made harmless. */

import type { Bound } from '../../replays/bound.ts';
import { CHANGES, type Change, type ChangedExchange, type CriterionChange, type Diff } from '../../replays/diff.ts';
import type { Estimate } from '../../replays/estimate.ts';
import type { CommandIo } from '../command.ts';
import { SHORT_ID } from '../review/list.ts';
import { clockTime, type Paint, type Style, verdictMark } from '../review/paint.ts';
import { type Cell, table } from '../review/table.ts';
import { oneLine, preview } from '../terminal-text.ts';
import type { ReplayReport } from './report.ts';

/** Lines of the list on a terminal; the file of results has all. */
const MOST_SHOWN = 50;

const WORDS: Readonly<Record<Change, { readonly words: string; readonly style?: Style }>> = {
  newly_blocks: { words: 'would newly block', style: 'red' },
  newly_passes: { words: 'would newly pass', style: 'yellow' },
  first_verdict: { words: 'pass, without a verdict before' },
  changed: { words: 'other label or severity' },
  failed: { words: 'judge failed', style: 'yellow' },
  unchanged: { words: 'unchanged', style: 'green' },
  not_judged: { words: 'NOT JUDGED', style: 'yellow' },
};

export function printEstimate(estimate: Estimate, out: string): string {
  const { exchanges, to_ask, in_file, no_model, unusable, models, answers } = estimate;
  const parts = [
    `${to_ask} to ask the model about`,
    ...(in_file === 0 ? [] : [`${in_file} answered in ${out}`]),
    ...(no_model === 0 ? [] : [`${no_model} need no model`]),
    ...(unusable === 0 ? [] : [`${unusable} cannot be judged again`]),
  ];
  const length = answers === 'recorded' ? 'answers as long as the recorded ones' : 'length of the answers guessed';
  return [
    `${exchanges} recorded exchanges: ${parts.join(', ')}.`,
    ...models.map(
      ({ name, tokens, usd }) =>
        `  ${oneLine(name)}: about ${tokens.in} tokens in, ${tokens.out} out, ${usd === null ? 'price unknown (prices in the configuration)' : money(usd)}`,
    ),
    ...(models.length === 0 ? [] : [`${costLine(estimate)} 4 characters a token; ${length}.`]),
    '',
  ].join('\n');
}

function costLine({ usd, models }: Estimate): string {
  if (usd === null) return 'Cost: unknown.';
  return models.length === 1
    ? `Cost: about ${money(usd.most)}.`
    : `Cost: about ${money(usd.least)}, up to ${money(usd.most)} when the larger model is always asked.`;
}

export function printReplay(report: ReplayReport, io: Pick<CommandIo, 'stdout'>, paint: Paint): string {
  const { judge, diff, out } = report;
  const rubric = `${oneLine(judge.rubric.name)} ${judge.rubric.version}`;
  const lines = [
    `Judge ${oneLine(judge.name)} (rubric ${rubric}, ${judge.hash.slice(0, 8)}) on ${diff.exchanges} recorded exchanges; judged before by ${listed(diff.judged_before_by)}`,
    '',
    ...CHANGES.map((change) => countLine(change, diff, paint)),
    ...section(criteriaTable(diff, io, paint)),
    ...section(changedTable(diff, io, paint)),
    '',
    ...costLines(report),
    'Rules were not run again: the hits of the day count. These are no verdicts; the ledger is as it was.',
    `All results: ${out}`,
  ];
  return `${lines.join('\n')}\n`;
}

function countLine(change: Change, diff: Diff, paint: Paint): string {
  const { words, style } = WORDS[change];
  const count = diff.changes[change];
  const why = change === 'failed' ? diff.failed : change === 'not_judged' ? diff.not_judged : {};
  const text = `  ${words.padEnd(32)}${String(count).padStart(7)}`;
  return `${count > 0 && style !== undefined ? paint(style, text) : text}${count === 0 ? '' : suffix(listed(why))}`;
}

function suffix(text: string): string {
  return text === '' ? '' : `   ${text}`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${oneLine(name)} ${count}`)
    .join(', ');
}

function section(text: string | null): string[] {
  return text === null ? [] : ['', text];
}

function criteriaTable({ criteria }: Diff, io: Pick<CommandIo, 'stdout'>, paint: Paint): string | null {
  const rows = criteria.filter((row) => row.equal < total(row));
  if (rows.length === 0) return null;
  const head = ['CRITERION', 'NEWLY VIOLATED', 'NO LONGER', 'SCORE UP', 'DOWN', 'EQUAL', 'ONLY ONE ASKS'];
  return table(
    head,
    [32, 16, 11, 10, 6, 8],
    rows.map((row) => [
      [oneLine(row.id)],
      ...[row.newly_violated, row.no_longer_violated, row.score_higher, row.score_lower, row.equal].map((count) => [
        String(count),
      ]),
      onlyOne(row),
    ]),
    io,
    paint,
  );
}

function total({ id: _, ...counts }: CriterionChange): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function onlyOne({ added_violated, added_passed, removed_violated, removed_passed }: CriterionChange): Cell {
  const [added, removed] = [added_violated + added_passed, removed_violated + removed_passed];
  return [
    ...(added === 0 ? [] : [`new: ${added_violated} of ${added} violated`]),
    ...(removed === 0 ? [] : [`gone: ${removed_violated} of ${removed} violated`]),
  ];
}

function changedTable(
  { changed, changed_not_listed }: Diff,
  io: Pick<CommandIo, 'stdout'>,
  paint: Paint,
): string | null {
  if (changed.length === 0) return null;
  const shown = changed.slice(0, MOST_SHOWN);
  const head = ['CHANGE', 'EXCHANGE', 'ROUTE, CLIENT', 'BEFORE', 'NOW', 'CRITERIA'];
  const rows = table(head, [20, 27, 20, 25, 25], shown.map(changedCells), io, paint);
  const more = changed.length - shown.length + changed_not_listed;
  return more === 0 ? rows : `${rows}\n… and ${more} more in the file of results`;
}

function changedCells(exchange: ChangedExchange): Cell[] {
  const { change, exchange_id, ts, route, client, before, after, why, criteria } = exchange;
  const { words, style } = WORDS[change];
  return [
    [style === undefined ? words : { text: words, style }],
    [oneLine(exchange_id.slice(0, SHORT_ID)), clockTime(ts)],
    [oneLine(route), preview(client, 60)],
    before === null ? ['no verdict'] : sideCell(before),
    after === null ? [why ?? ''] : sideCell(after),
    criteria.map(oneLine),
  ];
}

function sideCell({ label, severity, action, state, decided_by }: NonNullable<ChangedExchange['after']>): Cell {
  return [verdictMark({ overall: { label, severity, score: null } }), action, `${decided_by} / ${state}`];
}

/** What ends it, beside its end. */
export function printBound({ usd, tokens }: Bound): string {
  return `It ends when ${usd === null ? `${tokens} tokens are` : `${money(usd)} is`} spent.\n`;
}

function costLines({ spent, from_file, stopped }: ReplayReport): string[] {
  const { calls, tokens, usd, unpriced } = spent;
  const price = unpriced === 0 ? money(usd) : `${money(usd)} and ${unpriced} calls without a known price`;
  const asked =
    calls === 0 ? 'No model was asked.' : `${calls} calls, ${tokens.in} tokens in, ${tokens.out} out: ${price}.`;
  return [
    `${asked}${from_file === 0 ? '' : ` ${from_file} answers were in the file.`}`,
    ...(stopped === null
      ? []
      : ['Stopped before the end: its bound is spent. This is about what was judged until then.']),
  ];
}

function money(usd: number): string {
  return `${usd.toFixed(usd < 0.1 ? 6 : 2)} USD`;
}
