/** Labels and results brought together: per question, what was expected and what the judge said. */

import type { Answered } from './confusion.ts';
import type { Pair } from './pairs.ts';
import { isAnswered, type Result } from './results.ts';

/** One judged pair. */
export interface JudgedPair {
  readonly pair: Pair;
  readonly result: Result;
}

/** The answer to one criterion, null when the pair has no label for it. */
export function criterionAnswer({ pair, result }: JudgedPair, criterion: string): Answered | null {
  const label = Object.hasOwn(pair.labels, criterion) ? pair.labels[criterion] : undefined;
  if (label === undefined) return null;
  const said = result.criteria.find(({ id }) => id === criterion);
  return {
    expected: label === 'violation',
    said: said === undefined ? null : said.label === 'violation',
    score: said?.score ?? null,
  };
}

/**
 * The answer to "is anything wrong with this exchange?". A violation in any label expects one; a pass is expected only
 * when every question of the judge is labelled so. What a rule decided stands above every score of the model.
 * @param criteria all that the judge answers
 */
export function overallAnswer({ pair, result }: JudgedPair, criteria: readonly string[]): Answered | null {
  const labels = criteria.map((id) => (Object.hasOwn(pair.labels, id) ? pair.labels[id] : undefined));
  const expected = labels.includes('violation');
  if (!expected && labels.includes(undefined)) return null;
  const violation = result.overall.label === 'violation';
  if (!violation && !isAnswered(result)) return { expected, said: null, score: null };
  return { expected, said: violation, score: violation && result.decided_by === 'rule' ? 1 : result.overall.score };
}

/** Rows of one question, in groups that hang together. */
export function grouped(
  judged: readonly JudgedPair[],
  answerOf: (item: JudgedPair) => Answered | null,
): readonly (readonly Answered[])[] {
  const groups = new Map<string, Answered[]>();
  for (const item of judged) {
    const answer = answerOf(item);
    if (answer === null) continue;
    const group = groups.get(item.pair.group) ?? [];
    groups.set(item.pair.group, group);
    group.push(answer);
  }
  return [...groups.values()];
}
