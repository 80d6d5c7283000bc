/** Arguments of the export command. */

import type { ParseArgsOptionsConfig } from 'node:util';
import { FORMATS, type Format } from '../exports/formats.ts';
import { BESIDE_SUBJECTS, SUBJECTS, type Subject } from '../exports/record.ts';
import { isNameless, SEVERITIES, type Selection } from '../exports/selection.ts';
import type { OverallLabel } from '../ledger/records.ts';
import type { CommandIo } from './command.ts';
import { readOptions, UsageError } from './options.ts';
import { instant, ledgerUrl } from './review/options.ts';

const OPTIONS = {
  format: { type: 'string' },
  what: { type: 'string' },
  all: { type: 'boolean' },
  strict: { type: 'boolean' },
  ledger: { type: 'string' },
  config: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  route: { type: 'string' },
  client: { type: 'string' },
  label: { type: 'string' },
  'min-severity': { type: 'string' },
  out: { type: 'string' },
  'after-seq': { type: 'string' },
  state: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

const LABELS = ['clean', 'violation', 'undetermined'] as const satisfies readonly OverallLabel[];

export interface ExportArguments {
  readonly url: string;
  readonly format: Format;
  readonly strict: boolean;
  readonly subjects: readonly [Subject, ...Subject[]];
  readonly selection: Selection;
  /** The options that decide which records are taken, as they were given: the state file keeps them. */
  readonly asked: string;
  /** Null for standard output. */
  readonly out: string | null;
  readonly after: number;
  readonly state: string | null;
}

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>;

/**
 * Null when the help is asked for.
 * @param now milliseconds since 1970, from which spans such as 7d count back
 * @throws {UsageError}
 */
export async function readExportArguments(
  args: readonly string[],
  io: CommandIo,
  now: number,
): Promise<ExportArguments | null> {
  const values = readOptions(args, OPTIONS);
  if (values.help === true) return null;
  const { ledger, config } = values;
  if (ledger !== undefined && config !== undefined) throw new UsageError('Give --ledger or --config, not both.');
  if (values.state !== undefined && values['after-seq'] !== undefined) {
    throw new UsageError('Give --state or --after-seq, not both: each says where to go on.');
  }
  if (values.format === undefined) throw new UsageError(`Say which --format: ${FORMATS.join(', ')}.`);
  const format = oneOf(values.format, FORMATS, '--format');
  const subjects = subjectsOf(values, format);
  return {
    ...{ format, subjects, strict: values.strict === true, asked: askedOf(values) },
    selection: selectionOf(values, subjects, now),
    out: values.out ?? null,
    after: position(values['after-seq']),
    state: values.state ?? null,
    url: await ledgerUrl({ ledger, config }, io),
  };
}

function subjectsOf(values: Values, format: Format): readonly [Subject, ...Subject[]] {
  if (format !== 'ocsf' && (values.all === true || values.strict === true)) {
    throw new UsageError('--all and --strict belong to --format ocsf.');
  }
  const subject = oneOf(values.what ?? 'verdicts', SUBJECTS, '--what');
  if (format === 'ocsf' && subject === 'connections') {
    throw new UsageError('Connections are no calls of an API: OCSF has verdicts and exchanges.');
  }
  if (format !== 'jsonl' && format !== 'csv' && BESIDE_SUBJECTS.some((one) => one === subject)) {
    throw new UsageError(`Of ${subject} there are the formats jsonl and csv.`);
  }
  if (values.all !== true) return [subject];
  if (values.what !== undefined) throw new UsageError('Give --all or --what, not both.');
  return ['verdicts', 'exchanges'];
}

function selectionOf(values: Values, subjects: readonly Subject[], now: number): Selection {
  const { route, client, since, until, label } = values;
  const severity = values['min-severity'];
  if ((label !== undefined || severity !== undefined) && subjects.some((subject) => subject !== 'verdicts')) {
    throw new UsageError('--label and --min-severity are asked of verdicts alone.');
  }
  if ((route !== undefined || client !== undefined) && subjects.some(isNameless)) {
    throw new UsageError(`${subjects.join(' and ')}: these have neither --route nor --client.`);
  }
  return {
    ...(route === undefined ? {} : { route }),
    ...(client === undefined ? {} : { client }),
    ...(since === undefined ? {} : { since: instant(since, now, '--since') }),
    ...(until === undefined ? {} : { until: instant(until, now, '--until') }),
    ...(label === undefined ? {} : { label: oneOf(label, LABELS, '--label') }),
    ...(severity === undefined ? {} : { min_severity: oneOf(severity, SEVERITIES, '--min-severity') }),
  };
}

const SELECTING = ['what', 'all', 'since', 'until', 'route', 'client', 'label', 'min-severity'] as const;

/** Also the format: a file of one format goes on in that format. */
function askedOf(values: Values): string {
  const given = SELECTING.flatMap((name) => (values[name] === undefined ? [] : [`--${name} ${values[name]}`]));
  return [`--format ${values.format}`, ...given].join(' ');
}

function position(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--after-seq takes a position from 0 on, not '${text}'.`);
  return Number(text);
}

function oneOf<T extends string>(text: string, known: readonly T[], option: string): T {
  const found = known.find((one) => one === text);
  if (found === undefined) throw new UsageError(`${option} takes one of ${known.join(', ')}, not '${text}'.`);
  return found;
}
