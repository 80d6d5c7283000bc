/**
 * Contract of exports of shadow verdicts, labels and audit: each record of these kinds is there, once and in its order,
 * with its words, in JSON lines and in CSV, where no field begins like a formula; the other formats have none of them, and
 * exports of verdicts stay as they were.
 */

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActRecord } from '../ledger/acts.ts';
import { judgedExchange, labelOf, order } from '../ledger/erasure-rig.ts';
import { openRecordPages } from '../ledger/record-pages.ts';
import { VerifyRig } from '../ledger/verify-rig.ts';
import { FORMATS, type Format } from './formats.ts';
import { BESIDE_SUBJECTS, type Subject } from './record.ts';
import { exportText } from './run-export.ts';
import type { Selection } from './selection.ts';
import { readCsv } from './testing/read-csv.ts';

const TS = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-02T00:00:00.000Z';
const ACT: ActRecord = {
  ...{ act_id: 'act-1', ts: LATER, actor: { kind: 'user', name: '=ann' }, action: 'policy.publish', object: 'default' },
  ...{ before: null, after: { note: '=1+1', version: 2 } },
};

let rig: VerifyRig;

beforeEach(async () => {
  rig = new VerifyRig();
  const ledger = await rig.open();
  await judgedExchange(ledger, 'one', 'team-a', TS);
  await judgedExchange(ledger, 'two', 'team-b', TS);
  await ledger.append([{ kind: 'act', record: ACT }]);
  await ledger.append([labelOf('two', LATER, { label_id: 'withdrawn', label: null, replaces: 'label-two' })]);
  const gap = {
    gap_id: 'gap-1',
    ts: LATER,
    sink: 'siem',
    from_seq: 1,
    to_seq: 9,
    records: 4,
    reason: 'bound',
  } as const;
  await ledger.append([{ kind: 'export_gap', record: gap }]);
  await ledger.erase(order('text', { kind: 'client', client: 'team-a' }));
  await ledger.close();
});
afterEach(() => rig.remove());

async function exported(format: Format, subject: Subject, selection: Selection = {}): Promise<string> {
  const pages = openRecordPages(rig.url);
  let text = '';
  const range = { after: 0, upTo: 1_000, progress: () => undefined };
  for await (const part of exportText({ pages, format, strict: false, subjects: [subject], selection, ...range })) {
    text += part;
  }
  pages.close();
  return text;
}

const lines = async (subject: Subject, selection: Selection = {}) =>
  (await exported('jsonl', subject, selection))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('labels have their notes, and none where it was erased', async () => {
  expect(await lines('labels')).toMatchObject([
    { label_id: 'label-one', exchange_id: 'one', label: 'violation', note: null },
    { label_id: 'label-two', exchange_id: 'two', label: 'violation', note: 'note-two' },
    { label_id: 'withdrawn', exchange_id: 'two', label: null, replaces: 'label-two' },
  ]);
});

it('shadow verdicts have their words and the verdict beside which they stand, and take the filters of a client', async () => {
  expect(await lines('shadow_verdicts')).toMatchObject([
    { client: 'team-a', shadow_of: 'verdict-one', latest_user_message: null, text_erased: true },
    { client: 'team-b', shadow_of: 'verdict-two', latest_user_message: 'shadow-two' },
  ]);
  expect(await lines('shadow_verdicts', { client: 'team-b' })).toHaveLength(1);
});

it('audit has acts, gaps and erasures in the order of the chain, and each says which it is', async () => {
  const all = await lines('audit');
  expect(all).toMatchObject([
    { kind: 'act', ...ACT },
    { kind: 'export_gap', gap_id: 'gap-1', sink: 'siem' },
    { kind: 'erasure', tier: 'text', scope: { kind: 'client', of: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  ]);
  expect(all.map(({ seq }) => Number(seq))).toEqual(all.map(({ seq }) => Number(seq)).toSorted((a, b) => a - b));
  expect(await lines('audit', { until: LATER })).toEqual([]);
});

it.each(BESIDE_SUBJECTS)('%s in csv: as many rows as lines, as many fields as names, no formula', async (subject) => {
  const [names = [], ...rows] = readCsv(await exported('csv', subject));
  expect(rows).toHaveLength((await lines(subject)).length);
  for (const row of rows) {
    expect(row).toHaveLength(names.length);
    for (const field of row) expect(field).not.toMatch(/^[=+@]/);
  }
  if (subject === 'audit') expect(rows[0]).toContain("'=ann");
});

it.each(FORMATS)('%s of verdicts has none of them, and formats of events have no other', async (format) => {
  expect(await exported(format, 'verdicts')).not.toMatch(/shadow-of|label-two|act-1|gap-1/);
  if (format === 'jsonl' || format === 'csv') return;
  for (const subject of BESIDE_SUBJECTS) expect(await exported(format, subject)).toBe('');
});
