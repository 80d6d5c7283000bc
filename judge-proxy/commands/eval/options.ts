/** Arguments of the eval command. */

import { readCount, readOptions, UsageError } from '../options.ts';

export interface EvalOptions {
  readonly judge: string;
  readonly data: string;
  readonly config: string | undefined;
  readonly out: string;
  readonly against: string | undefined;
  readonly limit: number | undefined;
  readonly concurrency: number | undefined;
  readonly resume: boolean;
  readonly json: boolean;
}

/**
 * @returns null when help was asked for
 * @throws {UsageError}
 */
export function readEvalOptions(args: readonly string[]): EvalOptions | null {
  const values = readOptions(args, {
    judge: { type: 'string' },
    data: { type: 'string' },
    config: { type: 'string' },
    out: { type: 'string' },
    against: { type: 'string' },
    limit: { type: 'string' },
    concurrency: { type: 'string' },
    resume: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  });
  if (values.help) return null;
  if (values.judge === undefined) throw new UsageError('Say which judge: --judge NAME.');
  if (values.data === undefined) throw new UsageError('Say which pairs: --data FILE.jsonl.');
  return {
    judge: values.judge,
    data: values.data,
    config: values.config,
    out: values.out ?? `data/eval/${values.judge}`,
    against: values.against,
    limit: readCount(values.limit, '--limit', 1_000_000),
    concurrency: readCount(values.concurrency, '--concurrency', 256),
    resume: values.resume === true,
    json: values.json === true,
  };
}
