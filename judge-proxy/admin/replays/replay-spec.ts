/** What a caller wants to have judged again, as the replay takes it. */

import { priceKey } from '../../config/price-key.ts';
import type { Body } from '../../contract/endpoints.ts';
import type { Judge } from '../../judge/judges.ts';
import type { Prices } from '../../judge/prices.ts';
import type { Policies } from '../../judge/published.ts';
import type { LedgerReader } from '../../ledger/ledger.ts';
import type { PolicyRow } from '../../ledger/tables/policies.ts';
import { type Bound, defaultBound } from '../../replays/bound.ts';
import type { FixedEstimate, ReplaySpec } from '../../replays/estimates.ts';
import { boundOf, type JobRow } from '../../replays/job-rows.ts';
import type { Spent } from '../../replays/run.ts';
import { usableRubric } from '../policies/rubric-check.ts';
import { ApiProblem } from '../problems.ts';

export interface SpecParts {
  readonly ledger: Pick<LedgerReader, 'rows'>;
  readonly policies: Policies;
}

type AskedBound = Body<'resume_replay'>;
type Asked = Pick<Body<'estimate_replay'>, 'judge' | 'policy' | 'filter' | 'most'>;

/** @throws {ApiProblem} when there is no such judge or policy, or it cannot be asked */
export async function replaySpec(parts: SpecParts, { judge: name, policy, filter, most }: Asked): Promise<ReplaySpec> {
  const { yaml, version } = await textOf(parts, name, policy);
  const judge = parts.policies.judgeWith(name, { rubric: usableRubric(yaml) });
  if (judge === null) throw new ApiProblem('not_found', 'The configuration has no such judge.');
  if (judge.model === null) throw new ApiProblem('not_possible', 'This judge has no model that could be asked.');
  return { judge, yaml, version, filter: withoutUnset(filter), most };
}

/** What was left out and what is not there are the same. Half a pair of surrogates is what SQLite makes of it. */
function withoutUnset(filter: Asked['filter']): ReplaySpec['filter'] {
  return Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value.toWellFormed() : value]),
  );
}

async function textOf(
  { ledger, policies }: SpecParts,
  name: string,
  policy: Asked['policy'],
): Promise<Pick<ReplaySpec, 'yaml' | 'version'>> {
  const inForce = policies.inForce(name);
  if (inForce === null) throw new ApiProblem('not_found', 'The configuration has no such judge.');
  if (policy === null) return inForce;
  if ('yaml' in policy) return { yaml: policy.yaml, version: null };
  if ('version' in policy && policy.version === 0) return { yaml: policies.file(name)?.yaml ?? '', version: 0 };
  const [row] =
    'draft' in policy
      ? await ledger.rows<PolicyRow>('policyDraft', name)
      : await ledger.rows<PolicyRow>('policy', name, policy.version);
  if (row === undefined) throw new ApiProblem('not_found', 'There is no such version.');
  return row;
}

/**
 * What a replay may spend: as asked for, else some times what was estimated.
 * @throws {ApiProblem} when a bound could not be kept, because a price is not known
 */
export function startBound(
  { spec: { judge }, estimate }: Pick<FixedEstimate, 'spec' | 'estimate'>,
  prices: Prices,
  { max_usd: usd, max_tokens: tokens }: AskedBound,
): Bound {
  if (usd !== null) checkPriced(judge, prices);
  return usd === null && tokens === null ? defaultBound(estimate) : { usd, tokens };
}

/**
 * What a job may spend that is gone on with.
 * @throws {ApiProblem} when a bound could not be kept, or is spent already
 */
export function resumeBound(job: JobRow, judge: Judge, prices: Prices, asked: AskedBound): Bound {
  const { max_usd: usd, max_tokens: tokens } = asked;
  if (usd !== null) checkPriced(judge, prices);
  const bound = usd === null && tokens === null ? boundOf(job) : { usd, tokens };
  const spent = JSON.parse(job.spent) as Spent;
  const used = spent.tokens.in + spent.tokens.out;
  if (bound.usd !== null && spent.usd >= bound.usd) {
    throw new ApiProblem('not_possible', `It has spent $${spent.usd.toFixed(4)}: give a max_usd above that.`);
  }
  if (bound.tokens !== null && used >= bound.tokens) {
    throw new ApiProblem('not_possible', `It has used ${used} tokens: give max_tokens above that.`);
  }
  return bound;
}

function checkPriced(judge: Judge, prices: Prices): void {
  const models = [judge.smallModel, judge.model].flatMap((model) => (model === null ? [] : [model.name]));
  if (models.every((model) => priceKey(prices, model) !== null)) return;
  throw new ApiProblem('not_possible', 'The bound cannot be kept: the price of the model is not known (prices).');
}
