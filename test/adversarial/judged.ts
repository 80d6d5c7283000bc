/** The way of one case through the judge, as in production but for the ledger: analysis, question, checks, decision. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type AnalysisSettings, analyseCapture } from '../../judge-proxy/judge/analyse.ts';
import { askModel } from '../../judge-proxy/judge/ask.ts';
import { type Decision, decide, type ModelOutcome } from '../../judge-proxy/judge/decide.ts';
import type { JudgeInput } from '../../judge-proxy/judge/input.ts';
import { createJudge } from '../../judge-proxy/judge/judges.ts';
import type { JudgeModel } from '../../judge-proxy/judge/model.ts';
import { loadRubric } from '../../judge-proxy/judge/rubric.ts';
import { RULE_NAMES } from '../../judge-proxy/judge/rules/rule.ts';
import { ROOT } from '../support/chain.ts';
import { type Case, exchangeOf } from './cases.ts';

const RUBRIC = loadRubric(join(ROOT, 'config/rubrics/default.yaml'));

export interface Judged {
  readonly one: Case;
  readonly decision: Decision;
  readonly input: JudgeInput;
}

/** Of the analysis, as the program has them. */
export const SETTINGS: AnalysisSettings = {
  rules: RULE_NAMES,
  decodedCopy: 4 * 2 ** 20,
  decodeMs: 1_000,
  // Far above what any case needs: an attack must not seem caught because this machine was busy.
  ruleMs: 10_000,
  hmacKey: Buffer.alloc(32, 7),
  now: () => performance.now(),
};

/** @param model the judge that is asked when anything can be asked */
export async function judged(one: Case, model: JudgeModel): Promise<Judged> {
  const analysis = await analyseCapture(exchangeOf(one), SETTINGS);
  const document = analysis.content?.json ?? '';
  const input = JSON.parse(document) as JudgeInput;
  const outcome = await outcomeOf(document, input, model);
  const decision = decide({
    outcome,
    hits: input.rule_hits,
    coverage: input.coverage,
    rubric: RUBRIC,
    onFailure: 'review',
    enforcement: 'none',
  });
  return { one, decision, input };
}

async function outcomeOf(document: string, input: JudgeInput, model: JudgeModel): Promise<ModelOutcome> {
  if (input.coverage.level === 'none') return { state: 'unparseable' };
  const judge = createJudge({ name: 'default', model, rubric: RUBRIC, rules: RULE_NAMES });
  const { signal } = new AbortController();
  const asked = await askModel({ judge, model, input, document, randomBytes, signal });
  if (asked === null) throw new Error('the judge gave up');
  return asked.outcome;
}
