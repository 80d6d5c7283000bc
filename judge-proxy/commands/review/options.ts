/** Arguments of the review command. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { parseDuration } from '../../config/units.ts';
import type { CostsFilter } from '../../ledger/costs.ts';
import type { VerdictFilter } from '../../ledger/ledger.ts';
import { MAX_ROWS } from '../../ledger/queries.ts';
import type { OverallLabel, Severity } from '../../ledger/records.ts';
import type { CommandIo } from '../command.ts';
import { readConfig, UsageError } from '../options.ts';

const DEFAULT_LEDGER = 'sqlite:data/ledger.db';
const DEFAULT_ROWS = 20;

const OPTIONS = {
  ledger: { type: 'string' },
  config: { type: 'string' },
  json: { type: 'boolean' },
  limit: { type: 'string' },
  before: { type: 'string' },
  label: { type: 'string' },
  severity: { type: 'string' },
  route: { type: 'string' },
  client: { type: 'string' },
  host: { type: 'string' },
  api: { type: 'string' },
  connections: { type: 'boolean' },
  since: { type: 'string' },
  until: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

export const LABELS = { clean: true, violation: true, undetermined: true } as const satisfies Record<
  OverallLabel,
  true
>;
const SEVERITIES = {
  none: true,
  low: true,
  medium: true,
  high: true,
  critical: true,
} as const satisfies Record<Severity, true>;

/** Filters of verdicts, without the place on the page. */
export type Filters = Omit<VerdictFilter, 'limit' | 'before_seq' | 'after_seq'>;

export interface ReviewOptions {
  readonly words: readonly string[];
  readonly help: boolean;
  readonly json: boolean;
  readonly connections: boolean;
  readonly limit: number;
  readonly before: number | undefined;
  readonly filters: Filters;
  /** RFC 3339 UTC with milliseconds. */
  readonly period: CostsFilter;
  readonly ledger: string | undefined;
  readonly config: string | undefined;
}

/**
 * @param now milliseconds since 1970, from which spans such as 7d count back
 * @throws {UsageError}
 */
export function readReviewOptions(args: readonly string[], now: number): ReviewOptions {
  const { values, positionals } = parsed(args);
  const { ledger, config, route, client, host, api } = values;
  if (ledger !== undefined && config !== undefined) throw new UsageError('Give --ledger or --config, not both.');
  return {
    words: positionals,
    help: values.help === true,
    json: values.json === true,
    connections: values.connections === true,
    limit: rowLimit(values.limit),
    before: positive(values.before, '--before'),
    filters: {
      ...(values.label === undefined ? {} : { label: oneOf(values.label, LABELS, '--label') }),
      ...(values.severity === undefined ? {} : { min_severity: oneOf(values.severity, SEVERITIES, '--severity') }),
      ...(route === undefined ? {} : { route }),
      ...(client === undefined ? {} : { client }),
      ...(host === undefined ? {} : { host }),
      ...(api === undefined ? {} : { api }),
    },
    period: {
      ...(values.since === undefined ? {} : { since: instant(values.since, now, '--since') }),
      ...(values.until === undefined ? {} : { until: instant(values.until, now, '--until') }),
    },
    ledger,
    config,
  };
}

/**
 * Address of the ledger: as given, or from the config file, or where the shipped config puts it (whose variable compose
 * sets in the container).
 */
export async function ledgerUrl(options: Pick<ReviewOptions, 'ledger' | 'config'>, io: CommandIo): Promise<string> {
  if (options.ledger !== undefined) return options.ledger;
  if (options.config !== undefined) return (await readConfig(options.config, io)).ledger.url;
  return io.env.JUDGE_PROXY_LEDGER || DEFAULT_LEDGER;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function rowLimit(text: string | undefined): number {
  const limit = positive(text, '--limit') ?? DEFAULT_ROWS;
  if (limit > MAX_ROWS) throw new UsageError(`--limit takes at most ${MAX_ROWS}; page with --before.`);
  return limit;
}

function positive(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${option} takes a whole number above 0, not '${text}'.`);
  return Number(text);
}

/** A time (`2026-01-31`, `2026-01-31T12:00Z`), or a span back from now (`36h`, `7d`), as the ledger writes times. */
export function instant(text: string, now: number, option: string): string {
  const span = parseDuration(text);
  const time = span === undefined ? Date.parse(TIME.test(text) ? text : '') : now - span;
  // Four-digit years: other times would not sort as texts.
  if (Number.isNaN(time) || time < 0 || time >= 253_402_300_800_000) {
    throw new UsageError(
      `${option} takes a time such as 2026-01-31 or 2026-01-31T12:00Z, or 36h or 7d, not '${text}'.`,
    );
  }
  return new Date(time).toISOString();
}

/** RFC 3339 with its zone, or a date, which begins at midnight UTC. */
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

export function oneOf<T extends string>(text: string, known: Readonly<Record<T, true>>, option: string): T {
  if (!Object.hasOwn(known, text)) {
    throw new UsageError(`${option} takes one of ${Object.keys(known).join(', ')}, not '${text}'.`);
  }
  return text as T;
}
