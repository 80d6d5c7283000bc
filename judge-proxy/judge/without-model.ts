/** Verdicts for which no model is asked: rules alone judge, or there is nothing to judge. */

import type {
  Coverage,
  ExchangeCompleted,
  ExchangeOpened,
  ExchangeOutcome,
  NewVerdict,
  Release,
} from '../ledger/records.ts';
import { buildVerdict, delivered } from './build-verdict.ts';
import type { ModelOutcome } from './decide.ts';
import type { InputSummary } from './input.ts';
import type { Judge } from './judges.ts';

/**
 * What is known before any model is asked.
 * @param coverage of the input, null without one
 * @param judge null when the config has none of that name
 * @returns null when the model is to be asked
 */
export function outcomeWithoutModel(
  outcome: ExchangeOutcome,
  coverage: Coverage | null,
  judge: Judge | null,
): ModelOutcome | null {
  if (outcome === 'interrupted') return { state: 'interrupted' };
  if (coverage === null || coverage.level === 'none') return { state: 'unparseable' };
  if (coverage.reasons.includes('metadata_only')) return { state: 'rules_only', reason: 'metadata_only' };
  if (judge === null) return { state: 'rules_only', reason: 'no_judge' };
  return judge.model === null ? { state: 'rules_only', reason: 'model_not_configured' } : null;
}

export interface WithoutModelOptions {
  /** By name. */
  readonly judges: ReadonlyMap<string, Judge>;
  /** `on_judge_failure` of a route by its name. */
  readonly onFailure: (route: string) => 'allow' | 'block' | 'review';
  /** `window.release` of a route by its name, null for a route that is gone. */
  readonly release: (route: string) => Release | null;
  readonly newId: () => string;
}

/**
 * The verdict on an exchange that is complete just now, with its time.
 * @param summary null when the exchange has no content
 * @returns null when the exchange has no judge, or its judge asks a model
 */
export type JudgeWithoutModel = (
  opened: ExchangeOpened,
  completed: ExchangeCompleted,
  summary: InputSummary | null,
) => NewVerdict | null;

export function judgeWithoutModel({ judges, onFailure, release, newId }: WithoutModelOptions): JudgeWithoutModel {
  return (opened, completed, summary) => {
    if (opened.judge === null) return null;
    const judge = judges.get(opened.judge) ?? null;
    const outcome = outcomeWithoutModel(completed.outcome, summary === null ? null : completed.coverage, judge);
    if (outcome === null) return null;
    const verdictId = newId();
    const { ts } = completed;
    return buildVerdict({
      ...{ opened, completed, judge, summary, outcome, verdictId, ts },
      consultation: null,
      onFailure: onFailure(opened.route),
      held: delivered(opened, release(opened.route)),
    }).verdict;
  };
}
