/** Arguments of the replay command. */

import type { ParseArgsOptionsConfig } from 'node:util';
import type { Selection } from '../../replays/select.ts';
import { readCount, readOptions, UsageError } from '../options.ts';
import { instant, LABELS, oneOf } from '../review/options.ts';

const OPTIONS = {
  judge: { type: 'string' },
  config: { type: 'string' },
  ledger: { type: 'string' },
  rubric: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  route: { type: 'string' },
  client: { type: 'string' },
  host: { type: 'string' },
  api: { type: 'string' },
  label: { type: 'string' },
  limit: { type: 'string' },
  concurrency: { type: 'string' },
  'max-usd': { type: 'string' },
  out: { type: 'string' },
  yes: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

export interface ReplayOptions {
  readonly judge: string;
  readonly config: string | undefined;
  readonly ledger: string | undefined;
  /** A draft instead of the judge's own. */
  readonly rubric: string | undefined;
  readonly selection: Selection;
  readonly concurrency: number | undefined;
  /** US dollars of this run. */
  readonly maxUsd: number | undefined;
  readonly out: string;
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * @param now milliseconds since 1970, from which spans such as 7d count back
 * @returns null when help was asked for
 * @throws {UsageError}
 */
export function readReplayOptions(args: readonly string[], now: number): ReplayOptions | null {
  const values = readOptions(args, OPTIONS);
  if (values.help) return null;
  const { judge, route, client, host, api } = values;
  if (judge === undefined) throw new UsageError('Say which judge: --judge NAME.');
  return {
    judge,
    config: values.config,
    ledger: values.ledger,
    rubric: values.rubric,
    selection: {
      names: {
        ...(route === undefined ? {} : { route }),
        ...(client === undefined ? {} : { client }),
        ...(host === undefined ? {} : { host }),
        ...(api === undefined ? {} : { api }),
      },
      label: values.label === undefined ? null : oneOf(values.label, LABELS, '--label'),
      since: values.since === undefined ? null : instant(values.since, now, '--since'),
      until: values.until === undefined ? null : instant(values.until, now, '--until'),
      limit: readCount(values.limit, '--limit', MOST_EXCHANGES) ?? Number.POSITIVE_INFINITY,
    },
    concurrency: readCount(values.concurrency, '--concurrency', 256),
    maxUsd: usd(values['max-usd']),
    out: values.out ?? defaultOut(judge, now),
    yes: values.yes === true,
    json: values.json === true,
  };
}

const MOST_EXCHANGES = 9_999_999;

/** A file of its own for each run: an old one is gone on with only when it is named. */
function defaultOut(judge: string, now: number): string {
  const when = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `data/replay/${judge.replaceAll(/[^\w.-]/g, '_')}-${when}Z.jsonl`;
}

function usd(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const amount = Number(text);
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || amount === 0) {
    throw new UsageError(`--max-usd takes an amount above 0 such as 5 or 0.25, not '${text}'.`);
  }
  return amount;
}
