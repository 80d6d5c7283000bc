/**
 * Contract: each exchange that fits is found once, newest first, across pages; what is written after the beginning is not
 * there, and what is under way or waits for its verdict is not either.
 */

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NewVerdict } from '../../ledger/records.ts';
import { sampleCompleted, sampleOpened, sampleVerdict } from '../../ledger/sample-records.ts';
import { type Selection, selectExchanges } from '../../replays/select.ts';
import { contentOf, ReplayRig } from './replay-rig.ts';

let rig: ReplayRig;

beforeEach(async () => {
  rig = await ReplayRig.start();
});
afterEach(() => rig.close());

const ALL: Selection = { names: {}, label: null, since: null, until: null, limit: Number.POSITIVE_INFINITY };

async function found(over: Partial<Selection> = {}, before = Number.MAX_SAFE_INTEGER): Promise<string[]> {
  const ids: string[] = [];
  for await (const { opened } of selectExchanges(rig.ledger, { ...ALL, ...over }, before)) ids.push(opened.exchange_id);
  return ids;
}

const id = (index: number) => `exchange-${String(index).padStart(3, '0')}`;

it('judged and unjudged ones are one list, over several pages', async () => {
  const count = 450;
  for (let index = 0; index < count; index++) await rig.record(id(index), { verdict: index % 2 === 0 ? {} : null });
  const all = Array.from({ length: count }, (_, index) => id(count - 1 - index));
  expect(await found()).toEqual(all);
  expect(await found({ limit: 5 })).toEqual(all.slice(0, 5));
  expect(await found({ label: 'clean' })).toEqual(all.filter((_, index) => index % 2 === 1));
});

it('what comes later is not looked at', async () => {
  await rig.record('exchange-then');
  const head = await rig.ledger.head();
  await rig.record('exchange-later');
  await rig.record('exchange-later-unjudged', { verdict: null });
  expect(await found({}, (head?.seq ?? 0) + 1)).toEqual(['exchange-then']);
});

it('what is under way, or waits for its verdict, is not there', async () => {
  await rig.ledger.open(sampleOpened('exchange-open'));
  const content = contentOf('Waiting.');
  await rig.ledger.open(sampleOpened('exchange-waiting'));
  const completed = sampleCompleted('exchange-waiting', { content_sha256: content.sha256 });
  await rig.ledger.complete(completed, content, { exchange_id: 'exchange-waiting', judge: 'default' });
  expect(await found()).toEqual([]);
});

it('an exchange whose request was judged beforehand is there once; one that ended by it, too', async () => {
  const content = contentOf('Judged beforehand.');
  const alone = (exchange: string, over: Partial<NewVerdict> = {}) =>
    sampleVerdict(exchange, {
      ...{ verdict_id: `request-${exchange}`, subject: 'request', input_sha256: content.sha256, ...over },
    });
  await rig.ledger.open(sampleOpened('exchange-both'));
  await rig.ledger.verdict(alone('exchange-both'), content);
  const completed = sampleCompleted('exchange-both', { content_sha256: content.sha256 });
  const verdict = sampleVerdict('exchange-both', { input_sha256: content.sha256 });
  await rig.ledger.completeJudged(completed, content, verdict);
  await rig.ledger.open(sampleOpened('exchange-refused'));
  await rig.ledger.verdict(alone('exchange-refused', { action: 'blocked' }), content);
  await rig.ledger.complete(sampleCompleted('exchange-refused', { outcome: 'blocked', status: 403 }), null, null);
  expect((await found()).toSorted()).toEqual(['exchange-both', 'exchange-refused']);
});
