/**
 * Contract: what is cut out of the whole is no failure where models were asked about all of its windows; where they were
 * not, nobody has seen it, and that is said.
 */

import { expect, it } from 'vitest';
import { type Consultant, notAsked } from './consult.ts';
import type { ModelOutcome } from './decide.ts';
import { InlineJudge, type Matter } from './inline-judge.ts';
import { judgeWith } from './testing/judged-ledger.ts';
import { goodAnswer, INPUT } from './testing/judgements.ts';

const MODEL = { name: 'test-judge', ask: () => Promise.reject(new Error('the consultant is scripted')) };
const MATTER: Matter = { input: INPUT, document: JSON.stringify(INPUT) };

function judgeOf(...outcomes: ModelOutcome[]): InlineJudge {
  const consultant: Consultant = {
    consult: async () => notAsked(outcomes.shift() ?? { state: 'provider_error' }),
  };
  const opened = { exchange_id: 'e1', client: 'a', route: 'r' };
  return new InlineJudge({ consultant, judge: judgeWith(MODEL), opened, sampling: 0.5, onFailure: 'block' });
}

const SCORED: ModelOutcome = { state: 'scored', answer: goodAnswer() };
const CUT: ModelOutcome = { state: 'truncated_input', answer: goodAnswer() };

it.each<[string, ModelOutcome, string, string | null]>([
  ['all windows were scored', SCORED, 'scored', null],
  ['a window was not drawn', { state: 'sampled_out' }, 'truncated_input', 'judge_unavailable'],
  ['a budget was spent meanwhile', { state: 'budget_exhausted' }, 'truncated_input', 'judge_unavailable'],
])('the whole was cut, and %s', async (_, window, state, stop) => {
  const judge = judgeOf(SCORED, window, CUT);
  await judge.judgeMatter(MATTER);
  await judge.judgeMatter(MATTER);
  expect(await judge.judgeMatter(MATTER, { readElsewhere: true })).toMatchObject({ stop });
  expect(judge.together().outcome.state).toBe(state);
});
