/**
 * Contract of the running read model: it follows the ledger by itself and tells of changes in their order; it survives the
 * death of its threads, a damaged file and a file of another ledger or version; and a failure of its own stops neither the
 * ledger nor the process, but is in log and health.
 */

import { closeSync, mkdirSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../telemetry/clock.ts';
import type { NewRecord } from '../acts.ts';
import type { Ledger } from '../ledger.ts';
import { KeptLog, sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from '../sample-records.ts';
import { openLedger } from '../sqlite.ts';
import { BadCursorError } from './cursor.ts';
import { readLabelled } from './labelled.ts';
import { openReadModel } from './read-model.ts';
import { contentOf, ReadModelRig, tablesOf } from './read-model-rig.ts';
import type { ExchangeFilter, ExchangeRow, ReadModel } from './rows.ts';

let rig: ReadModelRig;
let ledger: Ledger;
let model: ReadModel;
let log: KeptLog;
let last: number;

beforeEach(async () => {
  rig = new ReadModelRig();
  rig.letGo();
  log = new KeptLog();
  last = 0;
  ledger = await openLedger({ url: rig.url, durability: 'process', clock: systemClock, log });
  ledger.onCommit((seq) => {
    last = seq;
  });
  model = open();
});
afterEach(async () => {
  await model.close();
  await ledger.close();
  rig.remove();
});

const open = () =>
  openReadModel({ url: rig.url, onCommit: (listener) => ledger.onCommit(listener), clock: systemClock, log });

async function exchange(id: string, client = 'team-a'): Promise<void> {
  const content = contentOf([`words of ${id}`]);
  await ledger.open(sampleOpened(id, { client }));
  await ledger.completeJudged(sampleCompleted(id, { content_sha256: content.sha256 }), content, sampleVerdict(id));
}

const events = () => log.lines.map(({ event }) => event);
const ids = async (filter: ExchangeFilter = {}) =>
  (await model.exchanges(filter, { limit: 200 })).items.map(({ exchange_id }) => exchange_id);

/** Resolves when the log has a line of this event. */
function logged(event: string): Promise<void> {
  return new Promise((resolve) => {
    const { write } = log;
    if (events().includes(event)) resolve();
    log.write = (level, written, fields) => {
      write.call(log, level, written, fields);
      if (written === event) resolve();
    };
  });
}

describe('following', () => {
  it('finds what is committed, and knows how far it is', async () => {
    await exchange('one');
    await exchange('two');
    await model.caughtUp(last);
    expect(await ids()).toEqual(['two', 'one']);
    expect(await ids({ q: 'words one' })).toEqual(['one']);
    expect(model.health()).toEqual({ ok: true, cause: null, position: last, behind: 0 });
    await model.caughtUp(last - 1);
  });

  it('tells of rows as they change, in their order, until nobody listens', async () => {
    await exchange('before');
    await model.caughtUp(last);
    await logged('index_ready');
    const seen: (readonly [string, string | null])[] = [];
    let wake = () => {};
    const stop = model.onChange((rows) => {
      expect(rows.length).toBeLessThanOrEqual(200);
      for (const { exchange_id, outcome } of rows) seen.push([exchange_id, outcome]);
      wake();
    });
    const until = async (length: number) => {
      while (seen.length < length) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await ledger.open(sampleOpened('live'));
    await until(1);
    await ledger.complete(sampleCompleted('live'), null, null);
    await until(2);
    expect(seen).toEqual([
      ['live', null],
      ['live', 'complete'],
    ]);
    stop();
    await exchange('after');
    await model.caughtUp(last);
    await ids();
    expect(seen).toHaveLength(2);
  });

  it('pages without gaps or repeats while exchanges are added', async () => {
    for (let at = 0; at < 25; at += 1) await exchange(`old-${at}`);
    await model.caughtUp(last);
    const found: ExchangeRow[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await model.exchanges({}, { limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      found.push(...page.items);
      cursor = page.next;
      await exchange(`new-${found.length}`);
      await model.caughtUp(last);
    }
    const expected = Array.from({ length: 25 }, (_, at) => `old-${24 - at}`);
    expect(found.map(({ exchange_id }) => exchange_id)).toEqual(expected);
  });

  it('refuses a cursor that is not its own', async () => {
    const cursors = fc.oneof(
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    await fc.assert(
      fc.asyncProperty(cursors, async (cursor) => {
        const asked = [
          model.exchanges({}, { limit: 1, cursor }),
          model.audit({}, { limit: 1, cursor }),
          model.queue({ queue: 'severe', reviewer: 'a', opinions: 1, control_rate: 1, limit: 1, cursor }),
        ];
        for (const answer of asked) {
          const outcome = await answer.catch((error: unknown) => error);
          expect(outcome instanceof BadCursorError || Array.isArray((outcome as { items: unknown }).items)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what users give', () => {
  /** Every filter of text; one that is added has to be here. */
  const FILTERS: Readonly<Record<Exclude<keyof ExchangeFilter, 'judged'>, true>> = {
    ...{ q: true, client: true, route: true, host: true, api: true, model: true, mode: true, label: true },
    ...{ min_severity: true, action: true, state: true, decided_by: true, coverage: true, reason: true, judge: true },
    ...{ judge_hash: true, outcome: true, human_label: true, since: true, until: true },
  };
  const KEYS = Object.keys(FILTERS);
  const HOSTILE = [
    "'",
    '"',
    '";--',
    "' OR 1=1 --",
    '%',
    '_',
    '*',
    '\0',
    '\ud800',
    'a'.repeat(10_000),
    '__proto__',
    '0',
    '-1',
    '?1',
  ];

  it.each(KEYS)('%s is a value, whatever it holds', async (key) => {
    await exchange('one', "' OR 1=1 --");
    await exchange('two', 'team');
    await model.caughtUp(last);
    for (const value of HOSTILE) {
      const expected = key === 'client' && value === "' OR 1=1 --" ? ['one'] : [];
      expect(await ids({ [key]: value }), value).toEqual(expected);
    }
  });

  it('labels of one exchange have a bound: those that stand are all there', async () => {
    await exchange('one');
    const label = (index: number): NewRecord => ({
      kind: 'label',
      note: null,
      record: {
        ...{ label_id: `one-${index}`, exchange_id: 'one', verdict_id: null, ts: '2026-02-01T00:00:00.000Z' },
        ...{ reviewer: index === 0 ? 'rita' : 'sam', blind: false, queue: null, bulk_id: null },
        ...{
          sampling_probability: null,
          label: 'clean',
          replaces: index < 2 ? null : `one-${index - 1}`,
          note_sha256: null,
        },
      },
    });
    await ledger.append(
      Array.from({ length: 1_200 }, (_, index) => label(index)),
      [],
    );
    await model.caughtUp(last);
    const labels = await model.labels('one');
    expect(labels).toHaveLength(1_000);
    expect(labels.filter(({ stands }) => stands).map(({ label_id }) => label_id)).toEqual(['one-0', 'one-1199']);
    expect(labels.map(({ seq }) => seq)).toEqual(labels.map(({ seq }) => seq).toSorted((a, b) => a - b));
  });

  it('finds nobody by the names of others, in every other question', async () => {
    await exchange('one');
    await model.caughtUp(last);
    for (const value of HOSTILE) {
      const period = { since: '2026-01-01T00:00:00Z', until: '2026-03-01T00:00:00Z' };
      expect((await model.overview({ ...period, client: value })).exchanges).toBe(0);
      expect((await model.overview({ since: value, until: value })).exchanges).toBe(0);
      expect((await model.clients({ ...period, route: value }, { limit: 5 })).items).toEqual([]);
      expect(await model.rows([value])).toEqual([]);
      expect(await model.labels(value)).toEqual([]);
      expect(await model.similar(value, 5)).toEqual([]);
      expect(await model.shadows(value)).toEqual([]);
      expect(readLabelled(rig.url, { ...period, judge: value })).toEqual([]);
      for (const key of ['actor', 'action', 'object', 'kind', 'since', 'until']) {
        expect((await model.audit({ [key]: value }, { limit: 5 })).items).toEqual([]);
      }
      expect(
        (await model.queue({ queue: 'control', reviewer: value, opinions: 1, control_rate: 1, limit: 5 })).items,
      ).toHaveLength(1);
    }
  });
});

describe('failures', () => {
  it('goes on where it was when it is opened again', async () => {
    await exchange('one');
    await model.caughtUp(last);
    await model.close();
    await exchange('two');
    model = open();
    await model.caughtUp(last);
    expect(await ids()).toEqual(['two', 'one']);
    expect(events().filter((event) => event === 'index_rebuilding')).toHaveLength(1);
  });

  it('starts its threads again when they die, and loses nothing', async () => {
    await model.close();
    const workers: Worker[] = [];
    const keep = (worker: Worker) => workers.push(worker);
    process.on('worker', keep);
    try {
      model = open();
      await exchange('one');
      await model.caughtUp(last);
      await ids();
      expect(workers).toHaveLength(2);
      const answer = ids().catch((error: unknown) => error);
      await Promise.all(workers.map((worker) => worker.terminate()));
      await answer;
      expect(model.health()).toMatchObject({ ok: false, cause: 'stopped' });
      await exchange('two');
      await model.caughtUp(last);
      expect(await ids()).toEqual(['two', 'one']);
      expect(model.health()).toMatchObject({ ok: true, behind: 0 });
      expect(events()).toContain('index_failed');
    } finally {
      process.off('worker', keep);
    }
  });

  it.each([
    ['is missing', () => rmSync(rig.index), 'missing'],
    ['is no database', () => writeFileSync(rig.index, 'no database'.repeat(1_000)), 'damaged'],
    ['was cut', () => truncateSync(rig.index, 8_192), 'damaged'],
    ['is of another version', () => inIndex('UPDATE meta SET version = 0'), 'version'],
    ['is of another ledger', () => inIndex("UPDATE meta SET ledger_id = 'another'"), 'ledger'],
    ['is ahead of the ledger', () => inIndex('UPDATE meta SET position = 1000'), 'history'],
    ['was made of another history', () => inIndex("UPDATE meta SET hash = 'another'"), 'history'],
  ])('makes a file anew that %s', async (_, harm, reason) => {
    await exchange('one');
    await model.caughtUp(last);
    const before = tablesOf(rig.index);
    await model.close();
    harm();
    for (const end of ['-wal', '-shm']) rmSync(`${rig.index}${end}`, { force: true });
    log.lines.length = 0;
    model = open();
    await exchange('two');
    await model.caughtUp(last);
    expect(await ids()).toEqual(['two', 'one']);
    expect(log.lines.find(({ event }) => event === 'index_rebuilding')?.fields.reason).toBe(reason);
    expect(tablesOf(rig.index)).not.toEqual(before);
  });

  it('makes a file anew that is damaged while it runs', async () => {
    for (let at = 0; at < 50; at += 1) await exchange(`one-${at}`);
    await model.caughtUp(last);
    // Behind its back: all pages but the first.
    const db = new DatabaseSync(rig.index);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count);
    db.close();
    const file = openSync(rig.index, 'r+');
    for (let page = 1; page < pages; page += 1) writeSync(file, Buffer.alloc(4_096, 0xff), 0, 4_096, page * 4_096);
    closeSync(file);
    for (let at = 0; at < 20; at += 1) await exchange(`two-${at}`);
    await ids().catch((error: unknown) => error);
    await logged('index_failed');
    await logged('index_recovered');
    await model.caughtUp(last);
    expect(await ids()).toHaveLength(70);
    expect(model.health()).toMatchObject({ ok: true, cause: null });
  });

  it('says that it cannot write, lets the ledger go on, and catches up when it can', async () => {
    await model.close();
    rmSync(rig.index);
    // A folder where the file should be.
    mkdirSync(rig.index);
    model = open();
    await logged('index_failed');
    expect(model.health().ok).toBe(false);
    await expect(ids()).rejects.toThrow('cannot be used');
    await exchange('one');
    await ledger.connection(sampleConnection('c'));
    expect(await ledger.stats()).toMatchObject({ exchanges: 1, connections: 1 });
    expect(model.health().behind).toBeGreaterThan(0);
    rmSync(rig.index, { recursive: true });
    await logged('index_recovered');
    await model.caughtUp(last);
    expect(await ids()).toEqual(['one']);
  });
});

function inIndex(sql: string): void {
  const db = new DatabaseSync(rig.index);
  db.exec(sql);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}
