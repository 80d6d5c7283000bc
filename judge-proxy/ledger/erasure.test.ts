/**
 * Contract of erasure ("Retention that breaks the chain must be impossible"):
 * - what is erased is gone: from the answers of every reader, from the file, its log and its free pages;
 * - the rest is untouched, the chain holds, and an erasure record names exactly what is gone;
 * - what is under way is left and counted; whoever reads what is gone is told so, and nothing reads as clean;
 * - an erasure that was begun is finished by the next process.
 */

import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErasureRecord } from './acts.ts';
import { Erasure } from './erasure.ts';
import { connectionOf, found, judgedExchange, order, words } from './erasure-rig.ts';
import type { ErasureOrder, Ledger } from './ledger.ts';
import { openRecordPages } from './record-pages.ts';
import { sampleCompleted, sampleOpened } from './sample-records.ts';
import { VerifyRig } from './verify-rig.ts';

const [OLD, NEW] = ['2026-01-01T00:00:00.000Z', '2026-01-20T00:00:00.000Z'];
const SCOPES: readonly ErasureOrder['scope'][] = [
  { kind: 'exchange', exchange_id: 'exchange-old' },
  { kind: 'client', client: 'team-gone' },
  { kind: 'age', before: '2026-01-10T00:00:00.000Z', age_ms: 1_000 },
];

let rig: VerifyRig;
let ledger: Ledger;

beforeEach(async () => {
  rig = new VerifyRig();
  ledger = await rig.open();
  await judgedExchange(ledger, 'exchange-old', 'team-gone', OLD);
  await ledger.connection(connectionOf('tunnel-old', 'team-gone', OLD));
  await judgedExchange(ledger, 'exchange-new', 'team-stays', NEW);
  await ledger.connection(connectionOf('tunnel-new', 'team-stays', NEW));
});
afterEach(async () => {
  await ledger.close();
  rig.remove();
});

function erasures(): ErasureRecord[] {
  const db = new DatabaseSync(rig.file, { readOnly: true });
  const rows = db.prepare("SELECT body FROM records WHERE kind = 'erasure' ORDER BY seq").all();
  db.close();
  return rows.map(({ body }) => JSON.parse(String(body)) as ErasureRecord);
}

const all = (id: string) => Object.values(words(id)).flat();

describe.each(SCOPES)('an erasure by $kind', (scope) => {
  it.each(['sealed', 'text', 'metadata'] as const)('of %s takes that, and nothing else', async (tier) => {
    expect(found(rig.file, all('exchange-old'))).toEqual(all('exchange-old'));
    const report = await ledger.erase(order(tier, scope));
    const { sealed, text, metadata } = words('exchange-old');
    const gone = { sealed, text: [...sealed, ...text], metadata: [...sealed, ...text, ...metadata] }[tier];
    expect(found(rig.file, all('exchange-old'))).toEqual(all('exchange-old').filter((word) => !gone.includes(word)));
    expect(found(rig.file, all('exchange-new'))).toEqual(all('exchange-new'));
    const wide = tier === 'metadata' && scope.kind !== 'exchange';
    expect(found(rig.file, ['tunnel-old', 'tunnel-new', 'team-stays'])).toEqual(
      wide ? ['tunnel-new', 'team-stays'] : ['tunnel-old', 'tunnel-new', 'team-stays'],
    );
    expect(found(rig.file, ['team-gone'])).toEqual(wide ? [] : ['team-gone']);
    expect(report).toMatchObject({ exchanges: 1, left: 0, kept: 0 });
    const records = erasures();
    for (const record of records) {
      expect(record).toMatchObject({ erasure_id: report.erasure_id, tier, actor: { kind: 'user', name: 'ann' } });
    }
    expect(new Set(records.flatMap(({ seqs }) => seqs)).size).toBe(report.records);
    expect(await rig.verify()).toMatchObject({
      holds: true,
      faults: [],
      erased: tier === 'metadata' ? report.records : 0,
    });
  });
});

describe('who reads what was erased', () => {
  it('sees a verdict without words, and that they are gone', async () => {
    await ledger.erase(order('text', SCOPES[1] as ErasureOrder['scope']));
    const view = await ledger.exchange('exchange-old');
    expect([view?.content, view?.request_content, await ledger.sealed('exchange-old')]).toEqual([null, null, null]);
    expect(view?.verdicts).toHaveLength(2);
    for (const verdict of view?.verdicts ?? []) {
      expect(verdict).toMatchObject({
        text_erased: true,
        criteria: [{ id: 'harm', score: 0.9, label: 'violation', evidence: [], explanation: '' }],
        rule_hits: [{ rule: 'secrets', preview: '' }],
        latest_user_message: null,
      });
      expect(verdict).not.toHaveProperty('text_sha256');
    }
    const other = await ledger.exchange('exchange-new');
    expect(other?.verdicts[0]).toMatchObject({ latest_user_message: 'message-exchange-new' });
    expect(other?.verdicts[0]).not.toHaveProperty('text_erased');
    expect((await ledger.sealed('exchange-new'))?.bytes).toEqual(
      new Uint8Array(Buffer.from('age sealed-exchange-new')),
    );
  });

  it('does not find an exchange whose metadata is gone', async () => {
    await ledger.erase(order('metadata', SCOPES[1] as ErasureOrder['scope']));
    expect(await ledger.exchange('exchange-old')).toBeNull();
    expect((await ledger.verdicts({ limit: 10 })).map(({ exchange_id }) => exchange_id)).toEqual([
      'exchange-new',
      'exchange-new',
    ]);
    expect((await ledger.connections({ limit: 10 })).map(({ connection_id }) => connection_id)).toEqual(['tunnel-new']);
    expect(await ledger.stats()).toMatchObject({
      exchanges: 1,
      verdicts: 1,
      request_verdicts: 1,
      connections: 1,
      jobs: 0,
    });
    const link = {
      client: 'team-gone',
      host: 'api.openai.com',
      port: 443,
      kind: 'response',
      id: 'answer-exchange-old',
    } as const;
    expect(await ledger.earlier(link)).toBeNull();
    expect(await ledger.earlier({ ...link, client: 'team-stays', id: 'answer-exchange-new' })).not.toBeNull();
  });

  it('gets the places of what is gone from the pages, without bodies', async () => {
    const report = await ledger.erase(order('metadata', SCOPES[0] as ErasureOrder['scope']));
    const pages = openRecordPages(rig.url);
    const kinds = ['verdict', 'exchange_completed', 'exchange_opened', 'label', 'shadow_verdict'] as const;
    const rows = pages.page({ kinds, after: 0, upTo: 1_000, limit: 100 });
    pages.close();
    const gone = rows.filter(({ body }) => body === null);
    expect(gone.map(({ seq }) => seq)).toEqual(erasures()[0]?.seqs);
    expect(gone).toHaveLength(report.records);
    expect(gone.every(({ text, opened, completed }) => text === null && opened === null && completed === null)).toBe(
      true,
    );
  });
});

describe('an order', () => {
  it('leaves what is open or waits for its verdict, and takes it when it is done', async () => {
    await ledger.open(sampleOpened('open', { client: 'team-gone', ts: OLD }));
    await ledger.open(sampleOpened('waiting', { client: 'team-gone', ts: OLD }));
    await ledger.complete(sampleCompleted('waiting', { ts: OLD }), null, { exchange_id: 'waiting', judge: 'default' });
    const scope = { kind: 'client', client: 'team-gone' } as const;
    expect(await ledger.erase(order('metadata', scope))).toMatchObject({ exchanges: 1, left: 2 });
    expect(await ledger.exchange('waiting')).toMatchObject({ job: { attempt: 0 } });
    expect(await ledger.takeJobs(1, 0)).toHaveLength(1);
    await ledger.complete(sampleCompleted('open', { ts: OLD }), null, null);
    expect(await ledger.erase(order('metadata', scope))).toMatchObject({ exchanges: 1, left: 1 });
    expect((await rig.verify()).faults).toEqual([]);
  });

  it('by a person is recorded even when there is nothing to erase; retention is not', async () => {
    const nobody = { kind: 'client', client: 'nobody' } as const;
    expect(await ledger.erase(order('text', nobody))).toMatchObject({ exchanges: 0, records: 0 });
    await ledger.erase(order('text', { kind: 'age', before: '2020-01-01T00:00:00.000Z', age_ms: 1 }));
    expect(erasures().map(({ tier, seqs }) => [tier, seqs])).toEqual([['text', []]]);
  });

  it('names a client by its hash alone', async () => {
    await ledger.erase(order('text', { kind: 'client', client: 'team-gone' }));
    expect(erasures()[0]?.scope).toEqual({ kind: 'client', of: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('of many is several records of a thousand positions with one id', async () => {
    const ids = Array.from({ length: 700 }, (_, index) => `many-${index}`);
    await Promise.all(ids.map((id) => ledger.open(sampleOpened(id, { client: 'many' }))));
    await Promise.all(ids.map((id) => ledger.complete(sampleCompleted(id), null, null)));
    const report = await ledger.erase(order('metadata', { kind: 'client', client: 'many' }));
    expect(report).toMatchObject({ exchanges: 700, records: 1_400 });
    const records = erasures();
    expect(new Set(records.map(({ erasure_id }) => erasure_id))).toEqual(new Set([report.erasure_id]));
    expect(records.every(({ seqs }) => seqs.length <= 1_000)).toBe(true);
    expect(records.flatMap(({ seqs }) => seqs)).toHaveLength(1_400);
    expect((await rig.verify()).faults).toEqual([]);
  });

  it('of text and then of metadata takes the rest', async () => {
    const scope = { kind: 'exchange', exchange_id: 'exchange-old' } as const;
    await ledger.erase(order('sealed', scope));
    await ledger.erase(order('text', scope));
    await ledger.erase(order('metadata', scope));
    expect(found(rig.file, all('exchange-old'))).toEqual([]);
    expect((await rig.verify()).faults).toEqual([]);
  });

  it('takes names of clients from pages in which others stand between them', { timeout: 60_000 }, async () => {
    const clients = Array.from({ length: 12 }, (_, index) => `client-number-${index}`);
    for (let round = 0; round < 150; round += 1) {
      await Promise.all(
        clients.map(async (client) => {
          const id = `${round}-${client.slice(14)}`;
          await ledger.open(sampleOpened(id, { client }));
          const response_id = `resp_${Math.sin(round * 31 + client.length * 7 + Number(client.slice(14)))}`;
          const content = { content_sha256: null } as const;
          await ledger.complete(sampleCompleted(id, { ...content, response_id }), null, null);
        }),
      );
    }
    for (const client of clients.slice(0, 6)) {
      await ledger.erase(order('metadata', { kind: 'client', client }));
      expect(found(rig.file, [`"${client}"`, `${client}api`]), client).toEqual([]);
    }
    expect((await rig.verify()).faults).toEqual([]);
  });
});

describe('retention that comes again', () => {
  const FUTURE = '2036-01-01T00:00:00.000Z';
  const age = (before: string) => order('text', { kind: 'age', before, age_ms: 1_000 });

  /** More than one page of the reader. */
  async function pageOf(ts: string): Promise<void> {
    await Promise.all(Array.from({ length: 5_100 }, (_, n) => ledger.connection(connectionOf(`t-${n}`, 'team', ts))));
  }

  it('takes what was young before, in a page that was old in part', async () => {
    await pageOf('2026-01-25T00:00:00.000Z');
    await ledger.erase(age('2026-01-10T00:00:00.000Z'));
    await ledger.erase(age('2026-01-21T00:00:00.000Z'));
    expect(found(rig.file, words('exchange-new').text)).toEqual([]);
  });

  it('is not stopped by records from a time when the clock was ahead', async () => {
    for (let page = 0; page < 2; page++) await pageOf(FUTURE);
    await judgedExchange(ledger, 'exchange-later', 'team-gone', NEW);
    await ledger.erase(age('2026-01-21T00:00:00.000Z'));
    expect(found(rig.file, words('exchange-later').text)).toEqual([]);
  });

  it('empties the log that it could not empty before, also when nothing is left to erase', async () => {
    const answers: (() => Promise<boolean>)[] = [() => Promise.reject(new Error('the disk failed'))];
    let emptied = 0;
    let records = 8;
    const erasure = new Erasure({
      erasable: async () => ({ exchanges: [], connections: records > 0 ? [1] : [], settled: false, next: null }),
      underWay: async () => [],
      step: async () => ({ exchanges: 0, records, left: 0, kept: 0, ms: 1 }),
      emptyLog: async () => {
        emptied += 1;
        return (await answers.shift()?.()) ?? true;
      },
      clock: { now: () => 0, monotonic: () => 0 },
    });
    await expect(erasure.erase(age(NEW))).rejects.toThrow('the disk failed');
    records = 0;
    await erasure.erase(age(NEW));
    await erasure.erase(age(NEW));
    expect(emptied).toBe(2);
  });
});
