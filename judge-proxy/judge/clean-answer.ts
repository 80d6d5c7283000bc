/**
 * What the judge says, before it is kept. A judge sees no secret that a detector knew; it may still write one: decoded
 * from a disguise, put together from pieces, or made up. Its explanations are free text of a model and are read by the
 * detectors like text of the traffic. Quotes stand in what it saw, which is clean already.
 */

import { redact, type Token } from '../exchange/redact.ts';
import type { Transcript } from '../exchange/transcript.ts';
import type { Answer } from './answer-schema.ts';
import type { Rule, RuleName } from './rules/rule.ts';
import { runRules } from './rules/run-rules.ts';
import { withhold } from './withhold.ts';

/** Milliseconds for each rule; what is not read is not kept. */
const BUDGET_MS = 20;
/** A verdict keeps fewer characters of an explanation (`decide.ts`). */
const LONGEST_READ = 2_000;

export interface AnswerCleaner {
  /** Of the judge: those that redact are applied, and `secrets` in any case. */
  readonly rules: readonly RuleName[];
  /** Of the operator. */
  readonly detector: Rule | null;
  readonly token: Token;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function cleanAnswer(answer: Answer, { rules, detector, token, now }: AnswerCleaner): Answer {
  const texts = answer.criteria.map(({ analysis }, index) => ({
    place: `criteria[${index}]`,
    text: analysis.slice(0, LONGEST_READ),
    ofApplication: false,
  }));
  const redacting = rules.filter((rule) => rule !== 'judge_manipulation');
  const outcome = runRules(texts, { rules: redacting, budgetMs: BUDGET_MS, now, detector });
  if (outcome.redactions.length === 0 && outcome.withheld.size === 0) return answer;
  const { parts } = redact(withhold(asTranscript(texts), outcome.withheld), outcome.redactions, token);
  return {
    ...answer,
    criteria: answer.criteria.map((criterion, index) => ({ ...criterion, analysis: parts[index]?.text ?? '' })),
  };
}

function asTranscript(texts: readonly { readonly place: string; readonly text: string }[]): Transcript {
  return {
    api: '',
    model_requested: null,
    model_returned: null,
    streamed: false,
    finish: [],
    usage: { tokens_in: null, tokens_out: null, tokens_cached: null },
    parts: texts.map(({ place, text }) => ({ side: 'response', place, role: 'unknown', kind: 'other', text })),
    error: null,
    unknown_items: 0,
  };
}
