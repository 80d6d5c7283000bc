/**
 * Contract of a reader: it sees what is committed while the writer works; filters compare, whatever they contain; pages
 * by cursor give every row once; an id or a prefix of it finds one exchange or says why not.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import type { Ledger, LedgerReader } from './ledger.ts';
import { MAX_ROWS } from './queries.ts';
import { openReader } from './reader.ts';
import type { NewVerdict } from './records.ts';
import { KeptLog, sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

const NAMES = [
  'plain',
  "o'hara",
  '"quoted"',
  '%',
  '_',
  '--',
  ');DROP TABLE records;--',
  '\\',
  '',
  'NULL',
  '0',
  'ünï\u2028',
];

let folder: string;
let ledger: Ledger;
let reader: LedgerReader;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-reader-'));
  const url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
  // Opened before anything is written: what it sees, it sees beside the running writer.
  reader = openReader(url);
  for (const [index, name] of NAMES.entries()) {
    const names = { client: name, route: name, host: name };
    await judged(`judged-${index}`, { ...names, api: name });
    await ledger.open(sampleOpened(`recorded-${index}`, { ...names, judge: null }));
    await ledger.complete(sampleCompleted(`recorded-${index}`, { api: name }), null, null);
    await ledger.connection(sampleConnection(`connection-${index}`, { host: name }));
  }
  await judged('grave', { overall: { label: 'violation', severity: 'critical', score: 1 } });
  await judged('slight', {
    overall: { label: 'violation', severity: 'low', score: 0.5 },
    coverage: { level: 'partial', reasons: ['model_not_configured'] },
  });
  await judged('unsure', {
    overall: { label: 'undetermined', severity: 'none', score: null },
    coverage: { level: 'none', reasons: ['unknown_api'] },
  });
  await ledger.open(sampleOpened('under-way'));
  await ledger.open(sampleOpened('waiting'));
  await ledger.complete(sampleCompleted('waiting'), null, { exchange_id: 'waiting', judge: 'default' });
});

afterAll(async () => {
  await reader.close();
  await ledger.close();
  rmSync(folder, { recursive: true });
});

async function judged(id: string, changes: Partial<NewVerdict>): Promise<void> {
  await ledger.open(sampleOpened(id));
  await ledger.complete(sampleCompleted(id), null, { exchange_id: id, judge: 'default' });
  const [job] = await ledger.takeJobs(1, 60_000);
  await ledger.finishJob(job?.job_id ?? 0, sampleVerdict(id, changes));
}

const ids = (rows: readonly { exchange_id: string }[]) => rows.map(({ exchange_id }) => exchange_id);

describe('verdicts', () => {
  it('come newest first, or oldest first behind a position', async () => {
    expect(ids(await reader.verdicts({ limit: 3 }))).toEqual(['unsure', 'slight', 'grave']);
    const [, slight] = await reader.verdicts({ limit: 2 });
    expect(ids(await reader.verdicts({ limit: 5, after_seq: slight?.seq ?? 0 }))).toEqual(['unsure']);
    expect(ids(await reader.verdicts({ limit: 2, after_seq: 0 }))).toEqual(['judged-0', 'judged-1']);
  });

  it('are filtered by label and by severity or graver', async () => {
    expect(ids(await reader.verdicts({ limit: 9, label: 'violation' }))).toEqual(['slight', 'grave']);
    expect(ids(await reader.verdicts({ limit: 9, label: 'undetermined' }))).toEqual(['unsure']);
    expect(ids(await reader.verdicts({ limit: 9, min_severity: 'low' }))).toEqual(['slight', 'grave']);
    expect(ids(await reader.verdicts({ limit: 9, min_severity: 'medium' }))).toEqual(['grave']);
    expect(ids(await reader.verdicts({ limit: 9, min_severity: 'low', client: "o'hara" }))).toEqual([]);
  });

  it('come in pages that give each once', async () => {
    const all = ids(await reader.verdicts({ limit: MAX_ROWS }));
    const paged: string[] = [];
    let before: number | undefined;
    while (paged.length < 2 * all.length) {
      const page = await reader.verdicts({ limit: 4, ...(before === undefined ? {} : { before_seq: before }) });
      if (page.length === 0) break;
      paged.push(...ids(page));
      before = page.at(-1)?.seq;
    }
    expect(paged).toEqual(all);
    expect(all).toHaveLength(NAMES.length + 3);
  });

  it.each([0, -5, Number.NaN, 0.5])('survive a limit of %d', async (limit) => {
    expect(await reader.verdicts({ limit })).toHaveLength(1);
  });
});

describe.each(['client', 'route', 'host', 'api'] as const)('the filter by %s', (filter) => {
  it.each(NAMES.map((name, index) => [name, index] as const))('finds %j and nothing else', async (name, index) => {
    expect(ids(await reader.verdicts({ limit: 99, [filter]: name }))).toEqual([`judged-${index}`]);
    const unjudged = await reader.unjudged({ limit: 99, [filter]: name });
    expect(unjudged.map(({ opened }) => opened.exchange_id)).toEqual([`recorded-${index}`]);
  });

  it('finds nothing for other text, and harms nothing', async () => {
    const before = await reader.stats();
    const piece = fc.constantFrom(
      "'",
      '"',
      ';',
      '--',
      '/*',
      '%',
      '_',
      '\\',
      '?',
      '\0',
      ' OR 1=1',
      ') UNION SELECT ',
      'x',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 2, maxLength: 6 }), async (pieces) => {
        const text = pieces.join('');
        fc.pre(!NAMES.includes(text));
        expect(await reader.verdicts({ limit: 99, [filter]: text })).toEqual([]);
        expect(await reader.unjudged({ limit: 99, [filter]: text })).toEqual([]);
      }),
    );
    expect(await reader.stats()).toEqual(before);
  });
});

describe('exchanges without a verdict', () => {
  it('say why, newest first', async () => {
    const rows = await reader.unjudged({ limit: 3 });
    expect(rows.map(({ opened, completed, waiting }) => [opened.exchange_id, completed === null, waiting])).toEqual([
      ['waiting', false, true],
      ['under-way', true, false],
      [`recorded-${NAMES.length - 1}`, false, false],
    ]);
  });

  it('come in pages that give each once', async () => {
    const first = await reader.unjudged({ limit: 2 });
    const second = await reader.unjudged({ limit: 99, before_seq: first[1]?.seq ?? 0 });
    const all = [...first, ...second].map(({ opened }) => opened.exchange_id);
    expect(new Set(all).size).toBe(NAMES.length + 2);
    expect(all).toHaveLength(NAMES.length + 2);
  });
});

describe('connections', () => {
  it('come newest first, in pages', async () => {
    const [newest, next] = await reader.connections({ limit: 2 });
    expect(newest).toMatchObject({ connection_id: `connection-${NAMES.length - 1}`, action: 'tunnel' });
    const [again] = await reader.connections({ limit: 1, before_seq: newest?.seq ?? 0 });
    expect(again).toEqual(next);
  });
});

describe('one exchange', () => {
  it.each([
    ['exchange id', 'judged-1', 'judged-1'],
    ['request id', 'request-grave', 'grave'],
    ['verdict id', 'verdict-grave', 'grave'],
    ['prefix of a request id', 'request-und', 'under-way'],
    ['prefix of a verdict id', 'verdict-sl', 'slight'],
    ['prefix with a wildcard of LIKE', 'under%', null],
    ['quote', "under'-way", null],
    ['id that does not exist', 'nothing-like-it', null],
  ])('by %s', async (_name, id, found) => {
    expect((await reader.exchange(id))?.opened.exchange_id ?? null).toBe(found);
  });

  it('is not guessed from a short or shared beginning', async () => {
    await expect(reader.exchange('grave')).rejects.toThrow('Give at least 6 characters of the id.');
    await expect(reader.exchange('')).rejects.toMatchObject({ name: 'LookupError' });
    await expect(reader.exchange('recorded-')).rejects.toThrow(
      /^Several exchanges begin with that: recorded-0, .* …\.$/,
    );
  });

  it('is found by its whole id, even when others begin with it', async () => {
    expect((await reader.exchange('recorded-1'))?.opened.exchange_id).toBe('recorded-1');
  });

  it('fuzz: any text finds at most what begins with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 6 }), async (text) => {
        expect(await reader.exchange(text)).toBeNull();
      }),
    );
  });
});

describe('the numbers', () => {
  it('add up', async () => {
    expect(await reader.stats()).toEqual({
      exchanges: 2 * NAMES.length + 5,
      open: 1,
      unjudged: NAMES.length + 2,
      verdicts: NAMES.length + 3,
      request_verdicts: 0,
      judged_full: NAMES.length + 1,
      judged_partial: 1,
      judged_none: 1,
      connections: NAMES.length,
      jobs: 1,
    });
    expect(await ledger.stats()).toEqual(await reader.stats());
  });

  it('are the same by the thread of the writer, errors too', async () => {
    expect(await ledger.verdicts({ limit: 3 })).toEqual(await reader.verdicts({ limit: 3 }));
    expect(await ledger.unjudged({ limit: 3 })).toEqual(await reader.unjudged({ limit: 3 }));
    expect(await ledger.connections({ limit: 3 })).toEqual(await reader.connections({ limit: 3 }));
    await expect(ledger.exchange('short')).rejects.toMatchObject({ name: 'LookupError' });
  });
});
