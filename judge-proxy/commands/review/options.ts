/** Arguments of the review command. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
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
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

const LABELS = { clean: true, violation: true, undetermined: true } as const satisfies Record<OverallLabel, true>;
const SEVERITIES = {
  none: true,
  low: true,
  medium: true,
  high: true,
  critical: true,
} as const satisfies Record<Severity, true>;

/** Filters of exchanges by their names: equality, as it is stored. */
export interface Filters {
  readonly label?: OverallLabel;
  readonly min_severity?: Severity;
  readonly route?: string;
  readonly client?: string;
  readonly host?: string;
  readonly api?: string;
}

export interface ReviewOptions {
  readonly words: readonly string[];
  readonly help: boolean;
  readonly json: boolean;
  readonly connections: boolean;
  readonly limit: number;
  readonly before: number | undefined;
  readonly filters: Filters;
  readonly ledger: string | undefined;
  readonly config: string | undefined;
}

/** @throws {UsageError} */
export function readReviewOptions(args: readonly string[]): ReviewOptions {
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
    ledger,
    config,
  };
}

/**
 * Address of the ledger: as given, or from the config file, or where the shipped config puts it (whose variable compose
 * sets in the container).
 */
export async function ledgerUrl(options: ReviewOptions, io: CommandIo): Promise<string> {
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

function oneOf<T extends string>(text: string, known: Readonly<Record<T, true>>, option: string): T {
  if (!Object.hasOwn(known, text)) {
    throw new UsageError(`${option} takes one of ${Object.keys(known).join(', ')}, not '${text}'.`);
  }
  return text as T;
}
