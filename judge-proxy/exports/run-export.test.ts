/**
 * Contract: text is made as it is taken, a page at a time, so that a ledger of any size needs memory for one; every
 * record comes once, up to where the ledger ended at the start; progress tells the position that was reached.
 */

import { describe, expect, it } from 'vitest';
import type { PageRequest, RecordPages, RecordRow } from '../ledger/record-pages.ts';
import { sampleConnection } from '../ledger/sample-records.ts';
import { type ExportOptions, exportText } from './run-export.ts';

/** A ledger of a hundred thousand connections, of which pages are made when they are asked for. */
class HugeLedger implements RecordPages {
  readonly asked: PageRequest[] = [];
  readonly #records: number;

  constructor(records: number) {
    this.#records = records;
  }

  page(request: PageRequest): readonly RecordRow[] {
    this.asked.push(request);
    const last = Math.min(request.upTo, this.#records, request.after + request.limit);
    const body = JSON.stringify(sampleConnection('c'));
    return Array.from({ length: Math.max(0, last - request.after) }, (_, index) => ({
      ...{ seq: request.after + index + 1, kind: 'connection' as const, body, text: null, prev_hash: '', hash: '' },
      ...{ opened_seq: null, opened: null, completed: null },
    }));
  }

  head() {
    return null;
  }

  close() {}
}

const optionsFor = (pages: RecordPages, changes: Partial<ExportOptions> = {}): ExportOptions => ({
  ...{ pages, format: 'jsonl', strict: false, subjects: ['connections'], selection: {}, after: 0, upTo: 100_000 },
  progress: () => undefined,
  ...changes,
});

describe('an export', () => {
  it('asks for a page when the one before it was taken, and for no more', async () => {
    const ledger = new HugeLedger(100_000);
    const texts = exportText(optionsFor(ledger));
    for (let taken = 1; taken <= 3; taken += 1) {
      await texts.next();
      expect(ledger.asked).toHaveLength(taken);
    }
    await texts.return(undefined);
  });

  it('gives each of a hundred thousand records once', async () => {
    const ledger = new HugeLedger(100_000);
    let [count, longest] = [0, 0];
    const told: number[] = [];
    const progress = (seq: number, written: number) => told.push(seq, written);
    for await (const text of exportText(optionsFor(ledger, { progress }))) {
      count += text.split('\n').length - 1;
      longest = Math.max(longest, text.length);
    }
    expect(count).toBe(100_000);
    expect(told.slice(-2)).toEqual([100_000, 100_000]);
    expect(longest).toBeLessThan(1024 * 1024);
  });

  it('ends where the ledger ended at the start, whatever is written meanwhile', async () => {
    let text = '';
    for await (const part of exportText(optionsFor(new HugeLedger(500), { after: 100, upTo: 350 }))) text += part;
    const seqs = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect([seqs.length, seqs[0], seqs.at(-1)]).toEqual([250, 101, 350]);
  });

  it('of nothing is nothing, but for the names of columns', async () => {
    const read = async (format: 'csv' | 'jsonl') => {
      let text = '';
      for await (const part of exportText(optionsFor(new HugeLedger(0), { format, upTo: 0 }))) text += part;
      return text;
    };
    expect(await read('jsonl')).toBe('');
    expect(await read('csv')).toMatch(/^seq,ts,connection_id,.*\r\n$/);
  });
});
