/**
 * Contract of exports of a ledger in which something was erased: each format goes on; a record that is gone is left out,
 * words that are gone are empty, and a verdict without them says so.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgedExchange, order } from '../ledger/erasure-rig.ts';
import { openRecordPages } from '../ledger/record-pages.ts';
import { VerifyRig } from '../ledger/verify-rig.ts';
import { FORMATS, type Format } from './formats.ts';
import { SUBJECTS, type Subject } from './record.ts';
import { exportText } from './run-export.ts';

const TS = '2026-01-01T00:00:00.000Z';

let rig: VerifyRig;

beforeEach(async () => {
  rig = new VerifyRig();
  const ledger = await rig.open();
  for (const id of ['wordless', 'vanished', 'untouched']) await judgedExchange(ledger, `${id}-exchange`, id, TS);
  await ledger.erase(order('text', { kind: 'client', client: 'wordless' }));
  await ledger.erase(order('metadata', { kind: 'client', client: 'vanished' }));
  await ledger.close();
});
afterEach(() => rig.remove());

async function exported(format: Format, subject: Subject): Promise<string> {
  const pages = openRecordPages(rig.url);
  let text = '';
  const range = { after: 0, upTo: 1_000, progress: () => undefined };
  for await (const part of exportText({ pages, format, strict: false, subjects: [subject], selection: {}, ...range })) {
    text += part;
  }
  pages.close();
  return text;
}

describe.each(FORMATS)('%s', (format) => {
  it('leaves out what is gone, and keeps what is not', async () => {
    for (const subject of SUBJECTS) {
      const text = await exported(format, subject);
      expect(text).not.toMatch(/vanished|(quote|explained|preview|message|content|shadow|note)-wordless/);
    }
    const verdicts = await exported(format, 'verdicts');
    expect(verdicts).toContain('untouched-exchange');
    expect(verdicts).toContain('wordless-exchange');
  });
});

it('a verdict says that its words were erased', async () => {
  const lines = (await exported('jsonl', 'verdicts')).trim().split('\n');
  const said = lines.map((line) => JSON.parse(line) as { client: string; text_erased?: boolean });
  expect(said.map(({ client, text_erased }) => [client, text_erased])).toEqual([
    ['wordless', true],
    ['wordless', true],
    ['untouched', undefined],
    ['untouched', undefined],
  ]);
  const [head = '', ...rows] = (await exported('csv', 'verdicts')).trim().split('\r\n');
  const at = head.split(',').indexOf('text_erased');
  expect(rows.map((row) => row.split(',').at(at - head.split(',').length))).toEqual(['true', 'true', 'false', 'false']);
});
