/** The verdicts of one exchange, as text. */

import type { CriterionVerdict, RuleHit, Verdict } from '../../ledger/records.ts';
import { oneLine } from '../terminal-text.ts';
import { actionWord, clockTime, coverageLine, modeWord, type Paint, painted, verdictMark } from './paint.ts';

export type Section = readonly [title: string, text: string];

export function verdictSections(verdict: Verdict, paint: Paint): Section[] {
  const of = verdict.subject === 'request' ? ' ON THE REQUEST ALONE' : '';
  return [
    [`VERDICT${of}`, facts(verdict, paint)],
    [
      `CRITERIA${of}`,
      verdict.criteria.map((criterion) => criterionText(criterion, paint)).join('\n') || 'none: no model judged',
    ],
    [`RULE HITS${of}`, verdict.rule_hits.map((hit) => hitText(hit, paint)).join('\n') || 'none'],
  ];
}

/** The marks carry colours of ours, so every other text is made safe where it goes in. */
function facts(verdict: Verdict, paint: Paint): string {
  const { overall, decided_by, state } = verdict;
  const rows = [
    ['verdict', `${painted(verdictMark(verdict), paint)}${overall.score === null ? '' : `, score ${overall.score}`}`],
    ['action', `${actionWord(verdict)}, mode ${modeWord(verdict)}${windows(verdict)}`],
    ['coverage', coverageLine(verdict.coverage, paint)],
    ['decided by', `${decided_by}, state ${state}${sampling(verdict)}`],
    ['judge', judgeLine(verdict)],
    ...(verdict.llm_error?.source === 'judge'
      ? [['judge error', oneLine(`${verdict.llm_error.class} ${verdict.llm_error.code ?? ''}`)]]
      : []),
    ['made', `${clockTime(verdict.ts)} UTC${cost(verdict)}`],
    ...(verdict.text_erased === true ? [['erased', 'quotes, explanations and previews'] as const] : []),
  ] as const;
  return rows.map(([name = '', text = '']) => `${name.padEnd(12)}${text}`).join('\n');
}

/** Verdicts of earlier versions lack what came with windows and cascades. */
function windows({ windows: count }: Partial<Pick<Verdict, 'windows'>>): string {
  return (count ?? 0) === 0 ? '' : `, ${count} window${count === 1 ? '' : 's'} judged before`;
}

function sampling({ sampling_probability }: Verdict): string {
  return sampling_probability === 1 ? '' : `, drawn with probability ${sampling_probability}`;
}

function judgeLine({ judge }: Verdict): string {
  if (judge === null) return 'none';
  const { name, model, hash, output_mode, cache_hit, escalated_from } = judge;
  return [
    oneLine(name),
    `model ${oneLine(model ?? 'none')}`,
    ...(escalated_from == null ? [] : [`asked after ${oneLine(escalated_from)}`]),
    ...(output_mode == null ? [] : [`as ${output_mode}`]),
    ...(cache_hit ? ['answer from the cache'] : []),
    oneLine(hash.slice(0, 12)),
  ].join(', ');
}

function cost({ latency_ms, judge_tokens, judge_cost_usd }: Verdict): string {
  return [
    ...(latency_ms === null ? [] : [`, model took ${Math.round(latency_ms)} ms`]),
    ...(judge_tokens === null ? [] : [`, ${judge_tokens.in} tokens in, ${judge_tokens.out} out`]),
    ...(judge_tokens === null ? [] : [judge_cost_usd === null ? ', price unknown' : `, $${judge_cost_usd}`]),
  ].join('');
}

function hitText({ severity, rule, place, preview }: RuleHit, paint: Paint): string {
  return `${paint('bold', severity)}  ${oneLine(rule)}  ${oneLine(place)}  ${oneLine(preview)}`;
}

function criterionText(criterion: CriterionVerdict, paint: Paint): string {
  const { id, score, threshold, label, severity, evidence, explanation } = criterion;
  const mark = label === 'violation' ? paint('red', `violation · ${severity}`) : 'pass';
  const quotes = evidence.map(({ place, quote }) => `  evidence  ${oneLine(place)}  “${oneLine(quote)}”`);
  return [
    `${oneLine(id)}  score ${score} (threshold ${threshold})  ${mark}`,
    ...quotes,
    ...(explanation === '' ? [] : [`  ${oneLine(explanation)}`]),
  ].join('\n');
}
