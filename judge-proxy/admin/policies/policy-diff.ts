/** Two rubrics compared: line by line for the eye, criterion by criterion for what it means. Pure. */

import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { PolicyDiff, PolicyVersion } from '../../contract/responses.ts';
import type { Criterion } from '../../judge/rubric.ts';
import { ApiProblem } from '../problems.ts';
import { checkRubric } from './rubric-check.ts';

/** Lines added and removed: more than anybody reads. Work grows with its square: 0.3 s for these, half a minute for 10,000. */
const MOST_CHANGES = 2_000;
/** From asking to giving up: with other work between, these changes take some seconds. */
const MOST_MS = 10_000;
const CONTEXT = 3;

type Changed = PolicyDiff['criteria'][number];
type Side = Pick<PolicyVersion, 'judge' | 'version' | 'yaml'>;

/**
 * Traffic has its turn between any two steps, of which each looks for one more changed line.
 * @throws {ApiProblem} `not_possible` when they have too little in common
 */
export async function diffPolicies(from: Side, to: Side): Promise<PolicyDiff> {
  const unified = await new Promise<string | undefined>((callback) => {
    createTwoFilesPatch(title(from), title(to), from.yaml, to.yaml, undefined, undefined, {
      ...{ context: CONTEXT, headerOptions: FILE_HEADERS_ONLY, callback },
      ...{ maxEditLength: MOST_CHANGES, timeout: MOST_MS },
    });
  });
  if (unified === undefined) throw new ApiProblem('not_possible', 'The two texts differ in too many lines.');
  return { from: from.version, to: to.version, unified, criteria: criteriaOf(from.yaml, to.yaml) };
}

function title({ judge, version }: Side): string {
  return version === 0 ? `${judge}, file` : `${judge}, version ${version}`;
}

/** None when one of the two is a draft that cannot be read yet. */
function criteriaOf(before: string, after: string): PolicyDiff['criteria'] {
  const [from, to] = [checkRubric(before), checkRubric(after)];
  if (!('rubric' in from) || !('rubric' in to)) return [];
  const known = new Map(from.rubric.criteria.map((criterion) => [criterion.id, criterion]));
  const kept = new Set(to.rubric.criteria.map(({ id }) => id));
  return [
    ...to.rubric.criteria.flatMap((criterion): Changed[] => {
      const { id } = criterion;
      const earlier = known.get(id);
      if (earlier === undefined) return [{ id, change: 'added', fields: [] }];
      const fields = changedFields(earlier, criterion);
      return fields.length === 0 ? [] : [{ id, change: 'changed', fields }];
    }),
    ...from.rubric.criteria.flatMap(({ id }): Changed[] =>
      kept.has(id) ? [] : [{ id, change: 'removed', fields: [] }],
    ),
  ];
}

/** Both have all keys: those that were left out have their default. */
function changedFields(before: Criterion, after: Criterion): (keyof Criterion)[] {
  const fields = Object.keys(after) as (keyof Criterion)[];
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}
