import type { ReplayJob } from '../../../../contract/responses.ts';

export const JOB_STATES: Readonly<Record<ReplayJob['state'], string>> = {
  queued: 'Waits for its turn',
  running: 'Under way',
  done: 'Done',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

export const isUnderWay = ({ state }: Pick<ReplayJob, 'state'>): boolean => state === 'queued' || state === 'running';

/** A job that stopped before its end can go on: what was judged is kept. */
export const canResume = ({ state, done, total }: Pick<ReplayJob, 'state' | 'done' | 'total'>): boolean =>
  (state === 'cancelled' || state === 'failed') && done < total;

export function policyOf({ policy_version: version }: Pick<ReplayJob, 'policy_version'>): string {
  if (version === null) return 'a text of its own';
  return version === 0 ? 'the file' : `version ${version}`;
}

/** From 0 to 100. */
export function progressOf({ done, total, state }: Pick<ReplayJob, 'done' | 'total' | 'state'>): number {
  if (total === 0) return state === 'done' ? 100 : 0;
  return Math.min(100, Math.floor((done / total) * 100));
}
