/** The formats of an export, for whom each is. docs/exports.md has their fields. */

import type { z } from 'zod';
import type { exportQuery } from '../../../../contract/requests.ts';

export type ExportFormat = z.output<typeof exportQuery>['format'];
export type ExportSubject = z.output<typeof exportQuery>['subject'];

interface FormatWords {
  readonly value: ExportFormat;
  readonly label: string;
  readonly says: string;
}

export const FORMATS: readonly FormatWords[] = [
  { value: 'jsonl', label: 'JSON Lines', says: 'Every record as the ledger holds it, one a line' },
  { value: 'csv', label: 'CSV', says: 'For spreadsheets; cells that would run as formulas are defused' },
  { value: 'ocsf', label: 'OCSF', says: 'Detection Finding 2004 with the AI profile' },
  { value: 'otlp', label: 'OTLP logs', says: 'OpenTelemetry, one evaluation result a criterion' },
  { value: 'elastic', label: 'Elastic', says: 'ECS documents, as its bulk API takes them' },
  { value: 'hec', label: 'Splunk HEC', says: 'Events of the HTTP event collector' },
];

interface SubjectWords {
  readonly value: ExportSubject;
  readonly label: string;
  readonly says: string;
  /** What it can be written as; the server refuses the others. */
  readonly formats: readonly ExportFormat[];
  /** Filters beside the time, which all have. */
  readonly filters: readonly ExportFilter[];
}

type ExportFilter = 'route' | 'client' | 'label' | 'min_severity';

const ALL: readonly ExportFormat[] = FORMATS.map(({ value }) => value);

export const SUBJECTS: readonly SubjectWords[] = [
  {
    ...{ value: 'verdicts', label: 'Verdicts', says: 'What the judges answered' },
    ...{ formats: ALL, filters: ['route', 'client', 'label', 'min_severity'] },
  },
  {
    ...{ value: 'exchanges', label: 'Exchanges', says: 'Requests with their responses, once they have ended' },
    ...{ formats: ALL, filters: ['route', 'client'] },
  },
  {
    ...{ value: 'connections', label: 'Connections', says: 'Tunnels and refusals, which no judge saw' },
    ...{ formats: ALL.filter((format) => format !== 'ocsf'), filters: ['route', 'client'] },
  },
  {
    ...{ value: 'shadow_verdicts', label: 'Shadow verdicts', says: 'What second judges answered; they decide nothing' },
    ...{ formats: ['jsonl', 'csv'], filters: ['route', 'client'] },
  },
  {
    ...{ value: 'labels', label: 'Labels', says: 'What people answered, withdrawn ones too' },
    ...{ formats: ['jsonl', 'csv'], filters: [] },
  },
  {
    ...{ value: 'audit', label: 'Audit', says: 'Acts of people and of the program, erasures, gaps of sinks' },
    ...{ formats: ['jsonl', 'csv'], filters: [] },
  },
];

export type ExportSearch = Partial<z.input<typeof exportQuery>>;

/** What is asked of another subject: without a format and filters that it does not have, which would be refused. */
export function asksOf(search: ExportSearch, subject: ExportSubject): ExportSearch {
  const words = wordsOf(subject);
  const { format, route, client, label, min_severity, since, until } = search;
  const filters = { route, client, label, min_severity };
  const kept = Object.entries(filters).filter(
    ([name, value]) => value !== undefined && words.filters.some((filter) => filter === name),
  );
  return {
    subject,
    ...(format !== undefined && words.formats.includes(format) && { format }),
    ...Object.fromEntries(kept),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

export function wordsOf(subject: ExportSubject): SubjectWords {
  const found = SUBJECTS.find(({ value }) => value === subject);
  if (found === undefined) throw new Error(`no words for ${subject}`);
  return found;
}
