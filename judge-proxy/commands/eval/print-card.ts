/** A card in the terminal. Whatever an endpoint or a data file named is made harmless first. */

import type { Paint } from '../review/paint.ts';
import { oneLine } from '../terminal-text.ts';
import type { Card, Question } from './card-schema.ts';
import { COMPARED, type Comparison } from './compare.ts';
import { dollars, milliseconds, number, signed, withInterval } from './figures.ts';
import { askedOf, modelsOf } from './models-asked.ts';

/** The whole card as text with its line breaks. */
export function printCard(card: Card, comparison: Comparison | null, paint: Paint): string {
  const parts = [
    headOf(card, paint),
    columns([HEAD, ...[card.overall, ...card.criteria].map(rowOf)], paint),
    costsOf(card),
    ...(comparison === null ? [] : [comparisonOf(comparison, paint)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function headOf({ judge, data, bootstrap }: Card, paint: Paint): string {
  const model = modelsOf(judge);
  const returned = judge.models_returned.length === 0 ? '' : `, answered as ${judge.models_returned.join(', ')}`;
  return [
    `${paint('bold', `judge ${judge.name}`)}  ${oneLine(model)}${oneLine(returned)}`,
    `rubric ${judge.rubric.name} version ${judge.rubric.version} ${judge.rubric.hash.slice(0, 12)}, judge ${judge.hash.slice(0, 12)}`,
    `${data.pairs} pairs of ${oneLine(data.file)}, ${bootstrap.groups} groups; in brackets 95 % intervals of ${bootstrap.resamples} resamples`,
    ...(data.labels_not_asked === 0
      ? []
      : [`${data.labels_not_asked} labels are for criteria that this rubric does not have: not counted`]),
  ].join('\n');
}

const HEAD = [
  ...['question', 'TP', 'FP', 'FN', 'TN', 'no answer', 'precision', 'recall', 'FPR'],
  ...['recall at 1 % FPR', 'κ', 'PABAK'],
];

function rowOf(question: Question): string[] {
  const { tp, fp, fn, tn, unanswered_violations, unanswered_passes } = question.confusion;
  return [
    question.id,
    ...[tp, fp, fn, tn, unanswered_violations + unanswered_passes].map(String),
    withInterval(question.precision),
    withInterval(question.recall),
    withInterval(question.fpr),
    withInterval(question.recall_at_1_fpr),
    withInterval(question.kappa),
    number(question.pabak.value),
  ];
}

function costsOf(card: Card): string {
  const { states, twins, latency_ms, tokens, cost_usd } = card;
  const counted = Object.entries(states).map(([state, count]) => `${oneLine(state)} ${count}`);
  const asked = askedOf(card);
  return [
    `states   ${counted.join(', ')}`,
    ...(asked === '' ? [] : [`asked    ${asked}`]),
    `twins    ${twins.both_right} of ${twins.groups} groups with both the violating and the benign pair right`,
    `latency  p50 ${milliseconds(latency_ms.p50)}, p95 ${milliseconds(latency_ms.p95)} (${latency_ms.count} answers)`,
    `tokens   ${tokens.in} in, ${tokens.out} out (${tokens.count} answers)`,
    `cost     ${dollars(cost_usd.total)}, ${dollars(cost_usd.per_1000_pairs)} for 1000 pairs`,
  ].join('\n');
}

function comparisonOf(comparison: Comparison, paint: Paint): string {
  const rows = comparison.questions.map(({ id, changes }) => [
    id,
    ...COMPARED.map((key) => {
      const { before, after, delta, clear } = changes[key];
      return `${number(before)} → ${number(after)} (${signed(delta)})${clear ? ' *' : ''}`;
    }),
  ]);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ['criteria added', comparison.criteria_added],
    ['criteria removed', comparison.criteria_removed],
    ['newly wrong', comparison.newly_wrong],
    ['newly right', comparison.newly_right],
  ];
  return [
    paint('bold', 'against the earlier card') + (comparison.same_judge ? ' (the same judge)' : ''),
    ...(comparison.same_data ? [] : ['The data are not the same: the figures are not about the judge alone.']),
    columns([['question', ...COMPARED], ...rows], paint),
    '* each value lies outside the interval of the other',
    ...lists.filter(([, list]) => list.length > 0).map(([title, list]) => `${title}: ${oneLine(list.join(', '))}`),
  ].join('\n');
}

/** First column to the left, all others to the right; the first row is the head. */
function columns(rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  '),
  );
  return lines.map((line, index) => (index === 0 ? paint('bold', line) : line)).join('\n');
}
