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

export const SUBJECTS: readonly { readonly value: ExportSubject; readonly label: string }[] = [
  { value: 'verdicts', label: 'Verdicts' },
  { value: 'exchanges', label: 'Exchanges' },
  { value: 'connections', label: 'Connections' },
];
