/** The formats of an export: each gives the text of one record, whole lines, or none for a record that it leaves out. */

import { type ExportItem, isBeside } from './beside-records.ts';
import { csvLine } from './csv.ts';
import { csvCells, csvColumns } from './csv-columns.ts';
import { ecsDocument } from './ecs.ts';
import { isFlagged } from './flagged.ts';
import { hecEvent } from './hec.ts';
import { apiActivity } from './ocsf-activity.ts';
import { detectionFinding } from './ocsf-finding.ts';
import { otlpLogs } from './otlp.ts';
import type { Item, Subject } from './record.ts';

export const FORMATS = ['jsonl', 'csv', 'ocsf', 'otlp', 'elastic', 'hec'] as const;
export type Format = (typeof FORMATS)[number];

export interface FormatOptions {
  readonly format: Format;
  /** OCSF: nothing that the schema does not know. */
  readonly strict: boolean;
}

/** What stands before the first record. */
export function header(format: Format, subject: Subject): string {
  return format === 'csv' ? csvLine(csvColumns(subject)) : '';
}

/** Pure: the same record gives the same text, so that a second delivery can be told from a new one. */
export function lineOf(item: ExportItem, { format, strict }: FormatOptions): string {
  if (format === 'jsonl') return json(item.record);
  if (format === 'csv') return csvLine(csvCells(item));
  // The other formats have no words for these.
  return isBeside(item) ? '' : eventLine(item, format, strict);
}

function eventLine(item: Item, format: Exclude<Format, 'jsonl' | 'csv'>, strict: boolean): string {
  switch (format) {
    case 'ocsf':
      return ocsf(item, strict);
    case 'otlp':
      return json(otlpLogs(item));
    case 'elastic':
      return json(ecsDocument(item));
    case 'hec':
      return json(hecEvent(item));
    default:
      format satisfies never;
      return '';
  }
}

/** Findings are of what is flagged; connections are no calls of an API. */
function ocsf(item: Item, strict: boolean): string {
  if (item.subject === 'exchanges') return json(apiActivity(item));
  return item.subject === 'verdicts' && isFlagged(item.record) ? json(detectionFinding(item, strict)) : '';
}

/**
 * JSON has no line breaks of its own (RFC 8259), and texts escape theirs. Half a pair of surrogates becomes U+FFFD:
 * escaped it is JSON to JavaScript, but strict readers (pydantic, jq) refuse the line.
 */
function json(value: object): string {
  const text = JSON.stringify(value);
  // The escape of such a half, or the letters of one in a text: told apart only where there are any.
  return `${/\\ud[89a-f]/.test(text) ? JSON.stringify(value, wellFormed) : text}\n`;
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
