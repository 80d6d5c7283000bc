/** What is wrong with the text of a rubric, place by place. Pure. */

import { ConfigError } from '../../config/config-error.ts';
import type { Finding } from '../../contract/responses.ts';
import { parseRubric, type Rubric } from '../../judge/rubric.ts';
import { ApiProblem } from '../problems.ts';

export type Checked = { readonly rubric: Rubric } | { readonly findings: readonly Finding[] };

export function checkRubric(yaml: string): Checked {
  try {
    return { rubric: parseRubric(yaml, 'rubric') };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { findings: error.problems.map(({ fix, ...problem }) => ({ ...problem, fix: fix === '' ? null : fix })) };
  }
}

/** @throws {ApiProblem} `not_possible` with every finding */
export function usableRubric(yaml: string): Rubric {
  const checked = checkRubric(yaml);
  if ('rubric' in checked) return checked.rubric;
  throw new ApiProblem(
    'not_possible',
    'The rubric cannot be used as it is.',
    checked.findings.map(({ line, column, path, message }) => ({
      path: path === '' ? 'yaml' : path,
      message: `line ${line}, column ${column}: ${message}`,
    })),
  );
}
