/** Inputs as the ledger gives them back, and jobs of which no judgement will come. */

import type { Job } from '../ledger/ledger.ts';
import type { ModelOutcome } from './decide.ts';
import type { JudgeInput } from './input.ts';

/** What a job ends with that cannot be judged: a person looks. */
export const GIVEN_UP: ModelOutcome = { state: 'interrupted' };

/**
 * Tries of one job, those of processes that ended before its verdict among them. What takes the process with it each
 * time must not do so for ever; a restart for other reasons is far from this many.
 */
const MOST_TRIES = 100;

/** @param input its content, read */
export function isLost(job: Pick<Job, 'attempt' | 'content'>, input: JudgeInput | null): boolean {
  return job.attempt > MOST_TRIES || (job.content !== null && input === null);
}

/** @returns null for what is no input, as another version of this program may have left it */
export function keptInput(content: string): JudgeInput | null {
  try {
    const input = JSON.parse(content) as Partial<JudgeInput> | null;
    const { transcript, rule_hits, coverage } = input ?? {};
    const isWhole = Array.isArray(transcript?.parts) && Array.isArray(rule_hits) && Array.isArray(coverage?.reasons);
    return isWhole ? (input as JudgeInput) : null;
  } catch {
    return null;
  }
}
