/** The records of a ledger as the text of a format, one page after the other: memory for one page, whatever the size. */

import { setImmediate } from 'node:timers/promises';
import type { RecordPages } from '../ledger/record-pages.ts';
import { readExportItem } from './beside-records.ts';
import { type FormatOptions, header, lineOf } from './formats.ts';
import type { Subject } from './record.ts';
import { isSelected, kindsOf, type Selection } from './selection.ts';

export interface ExportRange {
  /** Records after this position; 0 for all. */
  readonly after: number;
  /** Up to and with this one: what comes later is for the next run. */
  readonly upTo: number;
}

export interface ExportOptions extends FormatOptions, ExportRange {
  readonly pages: RecordPages;
  readonly subjects: readonly [Subject, ...Subject[]];
  readonly selection: Selection;
  /** Position that has been reached, records that have been written. */
  readonly progress: (seq: number, written: number) => void;
}

/** Bodies of verdicts are a few kilobytes, 64 KiB at worst: some megabytes for a page. */
const PAGE = 200;

/**
 * Text, a page at a time.
 * @throws {UnreadableRecord | LedgerError}
 */
export async function* exportText(options: ExportOptions): AsyncGenerator<string> {
  const { pages, subjects, upTo, selection, progress } = options;
  const kinds = kindsOf(subjects);
  let [after, written] = [options.after, 0];
  const head = header(options.format, subjects[0]);
  if (head !== '') yield head;
  for (;;) {
    const rows = pages.page({ kinds, after, upTo, limit: PAGE });
    let text = '';
    for (const row of rows) {
      const item = readExportItem(row);
      // What was erased is no part of an export: its place in the chain stays, and says nothing of it.
      const line = item !== null && isSelected(item, selection) ? lineOf(item, options) : '';
      if (line !== '') written += 1;
      text += line;
    }
    after = rows.at(-1)?.seq ?? upTo;
    if (text !== '') yield text;
    progress(after, written);
    if (rows.length < PAGE) return;
    // Reading is synchronous: signals get their turn.
    await setImmediate();
  }
}
