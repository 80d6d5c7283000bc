import type { ReplayJob } from '../../../../contract/responses.ts';
import { counted, formatUsd } from '../../shared/format.ts';

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

export interface Bound {
  readonly unit: 'usd' | 'tokens';
  readonly value: number;
}

/** What the replay may spend in all. */
export function boundOf({ max_usd: usd, max_tokens: tokens }: Pick<ReplayJob, 'max_usd' | 'max_tokens'>): Bound {
  return usd === null ? { unit: 'tokens', value: tokens ?? 0 } : { unit: 'usd', value: usd };
}

export function boundInWords({ unit, value }: Bound): string {
  return unit === 'usd' ? formatUsd(value) : counted(value, 'token');
}

/** What it spent, in the unit of its bound: where a price is not known, no dollars are counted. */
export function spentInWords(job: Pick<ReplayJob, 'spent' | 'max_usd' | 'max_tokens'>): string {
  const { usd, tokens } = job.spent;
  const { unit } = boundOf(job);
  return boundInWords({ unit, value: unit === 'usd' ? usd : tokens.in + tokens.out });
}

/** As the server takes it; null leaves it to the server, which takes twice the estimate. */
export function fieldsOf(bound: Bound | null): { max_usd?: number; max_tokens?: number } {
  if (bound === null) return {};
  return bound.unit === 'usd' ? { max_usd: bound.value } : { max_tokens: bound.value };
}

/** Its bound ended it: it goes on with a higher one only. */
export const boundIsSpent = ({ error }: Pick<ReplayJob, 'error'>): boolean =>
  error === 'max_usd' || error === 'max_tokens';
