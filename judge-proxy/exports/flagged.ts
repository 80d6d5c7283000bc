/** What of a verdict makes it a finding for people, in words that several formats use. */

import type { Verdict } from '../ledger/records.ts';

/** A verdict that somebody should look at: it found something, stopped something, or could not tell where it must. */
export function isFlagged({ overall, action }: Pick<Verdict, 'overall' | 'action'>): boolean {
  return overall.label === 'violation' || action !== 'allowed' || overall.severity !== 'none';
}

/** Ids of the criteria and rules that were violated, sorted and once each. */
export function violated({ criteria, rule_hits }: Pick<Verdict, 'criteria' | 'rule_hits'>): string[] {
  const names = criteria.filter(({ label }) => label === 'violation').map(({ id }) => id);
  return [...new Set([...names, ...rule_hits.map(({ rule }) => rule)])].sort();
}

/** One line that says what was found, made of closed words and names from the configuration. */
export function title(verdict: Verdict): string {
  const { overall, action } = verdict;
  const names = violated(verdict).join(', ');
  return `${overall.label}, severity ${overall.severity}, ${action}${names === '' ? '' : `: ${names}`}`;
}

/** States in which the model was to judge and gave no usable answer: `error.type` of an evaluation. */
export function failedState({ state, coverage }: Pick<Verdict, 'state' | 'coverage'>): string | null {
  if (state === 'scored' || state === 'truncated_input') return null;
  return coverage.reasons.includes('model_failed') || state === 'interrupted' || state === 'unparseable' ? state : null;
}
