/**
 * Contract of erasure in the index: what the ledger no longer has cannot be found, is shown nowhere, and stands neither in
 * the file nor in its log. What is left is found as before, and an index that is made anew is the same.
 */

import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../telemetry/clock.ts';
import type { ErasureTier } from '../acts.ts';
import type { ErasureOrder, Ledger } from '../ledger.ts';
import { KeptLog, sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from '../sample-records.ts';
import { openLedger } from '../sqlite.ts';
import { contentOf, ReadModelRig, tablesOf } from './read-model-rig.ts';
import type { ExchangeRow, Overview, Page } from './rows.ts';
import { removeIndex } from './schema.ts';

const EXCHANGES = 60;
const PERIOD = { since: '2026-01-01T00:00:00.000Z', until: '2026-03-01T00:00:00.000Z' };

let rig: ReadModelRig;
let ledger: Ledger;

beforeEach(async () => {
  rig = new ReadModelRig();
  rig.letGo();
  ledger = await openLedger({ url: rig.url, durability: 'process', clock: systemClock, log: new KeptLog() });
  for (let at = 0; at < EXCHANGES; at += 1) await exchange(at);
  await ledger.connection(sampleConnection('c', { client: 'teamgone' }));
  rig.follow(10);
});
afterEach(async () => {
  await ledger.close();
  rig.remove();
});

/** Every third one is of the client that goes. Each has a word of its own, and one that many have. */
async function exchange(at: number): Promise<void> {
  const client = at % 3 === 0 ? 'teamgone' : 'teamstays';
  const id = `exchange-${at}`;
  await ledger.open(sampleOpened(id, { client }));
  const content = contentOf([`${client}secret${at} said`, `answer${client} common ${'x'.repeat(at * 40)}`]);
  await ledger.completeJudged(
    sampleCompleted(id, { content_sha256: content.sha256 }),
    content,
    sampleVerdict(id, { client, latest_user_message: `${client}secret${at} said` }),
  );
}

function inFiles(word: string): string[] {
  return ['', '-wal', '-shm', '-journal'].filter((end) => {
    const file = `${rig.index}${end}`;
    return existsSync(file) && readFileSync(file).includes(word);
  });
}

function find(q: string): string[] {
  return rig.ask((answers) => {
    const page = answers.answer(['exchanges', { q }, { limit: 200 }]) as Page<ExchangeRow>;
    return page.items.map(({ exchange_id }) => exchange_id);
  });
}

const order = (tier: ErasureTier, scope: ErasureOrder['scope']): ErasureOrder => ({
  ...{ actor: { kind: 'user', name: 'ann' }, reason: 'request', tier, scope },
});
const CLIENT = { kind: 'client', client: 'teamgone' } as const;

describe.each(['text', 'metadata'] as const)('after an erasure of %s', (tier) => {
  it('no word of it is found, or stands in the files', async () => {
    expect(find('teamgonesecret3')).toEqual(['exchange-3']);
    expect(find('common')).toHaveLength(EXCHANGES);
    // FTS5 keeps what words have in common once: the stem is what can be looked for.
    expect(inFiles('teamgonesecret')).not.toEqual([]);
    await ledger.erase(order(tier, CLIENT));
    rig.follow();
    expect(find('teamgonesecret3')).toEqual([]);
    expect(find('answerteamgone')).toEqual([]);
    expect(find('teamstayssecret4')).toEqual(['exchange-4']);
    expect(find('common')).toHaveLength(EXCHANGES - EXCHANGES / 3);
    expect(inFiles('teamgonesecret')).toEqual([]);
    expect(inFiles('answerteamgone')).toEqual([]);
    expect(inFiles('teamstayssecret')).not.toEqual([]);
    // The name of the client goes with the records; the erasure names it by a hash then.
    expect(inFiles('teamgone').length > 0).toBe(tier === 'text');
  });

  it('what stays is found all the time, and what is gone never, while the part is filled anew', async () => {
    await ledger.erase(order(tier, CLIENT));
    // The index does not know yet; then it does, and the part is filled anew, step by step.
    let more = true;
    for (let steps = 0; more; steps += 1) {
      expect(find('teamgonesecret3')).toEqual([]);
      expect(find('answerteamgone')).toEqual([]);
      expect(find('teamstayssecret4')).toEqual(['exchange-4']);
      expect(find('common')).toHaveLength(EXCHANGES - EXCHANGES / 3);
      expect(steps).toBeLessThan(100);
      more = rig.step();
    }
    expect(inFiles('teamgonesecret')).toEqual([]);
  });

  it('an index that is made anew is the same', async () => {
    await ledger.erase(order(tier, CLIENT));
    await ledger.erase(order('text', { kind: 'exchange', exchange_id: 'exchange-4' }));
    rig.follow(10);
    const followed = tablesOf(rig.index);
    removeIndex(rig.index);
    rig.follow();
    const anew = tablesOf(rig.index);
    const named = (tables: unknown) =>
      JSON.stringify((tables as [string, unknown][]).filter(([name]) => !IDS.has(name)));
    expect(named(anew)).toEqual(named(followed));
  });
});

/** Ids of names depend on what was named before. */
const IDS = new Set(['names', 'facts', 'counts', 'spans', 'connections', 'hours', 'meta', 'parts']);

describe('rows and sums', () => {
  it('say what was erased, and show none of it', async () => {
    await ledger.erase(order('text', { kind: 'exchange', exchange_id: 'exchange-3' }));
    rig.follow();
    const [row] = rig.ask((answers) => answers.answer(['rows', ['exchange-3']])) as ExchangeRow[];
    expect(row).toMatchObject({ erased: 'text', preview: null, client: 'teamgone', verdict: { label: 'clean' } });
    expect(rig.ask((answers) => answers.answer(['similar', 'exchange-3', 10]))).toEqual([]);
  });

  it('know nothing of records that are gone', async () => {
    const before = rig.ask((answers) => answers.answer(['overview', PERIOD])) as Overview;
    expect(before).toMatchObject({ exchanges: EXCHANGES, tunnels: 1 });
    await ledger.erase(order('metadata', CLIENT));
    rig.follow();
    const left = EXCHANGES - EXCHANGES / 3;
    expect(rig.ask((answers) => answers.answer(['overview', PERIOD]))).toMatchObject({
      ...{ exchanges: left, judged: left, tunnels: 0, by_label: { clean: left } },
    });
    expect(rig.ask((answers) => answers.answer(['rows', ['exchange-3', 'exchange-4']]))).toHaveLength(1);
    expect(rig.ask((answers) => answers.answer(['exchanges', { client: 'teamgone' }, { limit: 10 }]))).toEqual({
      items: [],
      next: null,
    });
    const clients = rig.ask((answers) => answers.answer(['clients', PERIOD, { limit: 10 }])) as Page<{
      client: string;
    }>;
    expect(clients.items.map(({ client }) => client)).toEqual(['teamstays']);
  });

  it('show nothing of what the ledger erased before the index knows', async () => {
    await ledger.erase(order('metadata', { kind: 'exchange', exchange_id: 'exchange-4' }));
    const page = rig.ask((answers) => answers.answer(['exchanges', {}, { limit: 200 }])) as Page<ExchangeRow>;
    expect(page.items.map(({ exchange_id }) => exchange_id)).not.toContain('exchange-4');
    expect(page.items).toHaveLength(EXCHANGES - 1);
  });
});
