/** What a judge would find if its threshold were set so that almost no pass is flagged. */

import type { Answered } from './confusion.ts';

export interface RecallAtFpr {
  readonly recall: number;
  /** Lowest score that is flagged; null when even the highest score would flag too many passes. */
  readonly threshold: number | null;
  /** Passes that the rate was taken over: below 100 of them, 1 % means none at all. */
  readonly passes: number;
}

/**
 * The highest recall of any threshold whose false positive rate is at most `most`. Equal scores stand or fall together:
 * no threshold lies between them.
 * @param most 0 to 1
 * @returns null when violations or passes with a score are missing
 */
export function recallAtFpr(rows: Iterable<Answered>, most: number): RecallAtFpr | null {
  const levels = new Map<number, { violations: number; passes: number }>();
  let violations = 0;
  let passes = 0;
  for (const { expected, score } of rows) {
    if (score === null) continue;
    const level = levels.get(score) ?? { violations: 0, passes: 0 };
    levels.set(score, level);
    if (expected) {
      level.violations += 1;
      violations += 1;
    } else {
      level.passes += 1;
      passes += 1;
    }
  }
  if (violations === 0 || passes === 0) return null;
  let found = 0;
  let flagged = 0;
  let threshold: number | null = null;
  for (const [score, level] of [...levels].sort(([a], [b]) => b - a)) {
    if ((flagged + level.passes) / passes > most) break;
    found += level.violations;
    flagged += level.passes;
    threshold = score;
  }
  return { recall: found / violations, threshold, passes };
}
