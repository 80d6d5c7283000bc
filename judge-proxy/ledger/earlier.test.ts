/**
 * Contract: an exchange that another one continues is found by the id of its answer, or by the conversation that it was
 * the last of, as soon as its end is committed; only for the client and the origin that had it; and only while the ledger
 * holds what its record says.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import type { EarlierLink, Ledger } from './ledger.ts';
import type { ExchangeCompleted, ExchangeOpened } from './records.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

let folder: string;
let file: string;
let ledger: Ledger;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-earlier-'));
  file = join(folder, 'ledger.db');
  ledger = await openLedger({ url: `sqlite:${file}`, durability: 'process', clock: systemClock, log: new KeptLog() });
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

async function exchange(
  id: string,
  ids: Pick<ExchangeCompleted, 'response_id' | 'conversation_id'>,
  opened: Partial<ExchangeOpened> = {},
): Promise<void> {
  const content = sampleContent({ id });
  await ledger.open(sampleOpened(id, opened));
  await ledger.complete(sampleCompleted(id, { ...ids, content_sha256: content.sha256 }), content, null);
}

const LINK: EarlierLink = { client: 'team-a', host: 'api.openai.com', port: 443, kind: 'response', id: 'resp_1' };
const found = async (changes: Partial<EarlierLink> = {}) =>
  (await ledger.earlier({ ...LINK, ...changes }))?.exchange_id;

it('is found by its answer, with what was kept of it', async () => {
  await exchange('exchange-1', { response_id: 'resp_1' });
  const { json, sha256 } = sampleContent({ id: 'exchange-1' });
  expect(await ledger.earlier(LINK)).toEqual({
    exchange_id: 'exchange-1',
    input_sha256: sha256,
    content: json,
    unique: true,
    recording: null,
  });
  expect(await found({ id: 'resp_2' })).toBeUndefined();
});

it('is found when it was judged with its end, too', async () => {
  const content = sampleContent({ id: 'exchange-1' });
  await ledger.open(sampleOpened('exchange-1'));
  const record = sampleCompleted('exchange-1', { response_id: 'resp_1', content_sha256: content.sha256 });
  await ledger.completeJudged(record, content, sampleVerdict('exchange-1'));
  expect(await found()).toBe('exchange-1');
});

it('is nothing to another client or at another origin, whatever they name', async () => {
  await exchange('exchange-1', { response_id: 'resp_1', conversation_id: 'conv_1' });
  const others: Partial<EarlierLink>[] = [{ client: 'team-b' }, { host: 'eu.api.openai.com' }, { port: 8443 }];
  for (const other of others) {
    expect(await found(other)).toBeUndefined();
    expect(await found({ ...other, kind: 'conversation', id: 'conv_1' })).toBeUndefined();
  }
  expect(await found({ kind: 'conversation' })).toBeUndefined();
  expect(await found({ id: '%' })).toBeUndefined();
  expect(await found({ client: "team-a' OR '1'='1" })).toBeUndefined();
  await exchange('exchange-2', { response_id: 'resp_1', conversation_id: 'conv_1' }, { client: 'team-b' });
  expect(await found()).toBe('exchange-1');
  expect(await found({ client: 'team-b' })).toBe('exchange-2');
});

it('is the last with that answer or of that conversation, and says when it is not the only one', async () => {
  await exchange('exchange-1', { response_id: 'resp_1', conversation_id: 'conv_1' });
  await exchange('exchange-2', { response_id: 'resp_1', conversation_id: 'conv_1' });
  expect(await ledger.earlier(LINK)).toMatchObject({ exchange_id: 'exchange-2', unique: false });
  expect(await found({ kind: 'conversation', id: 'conv_1' })).toBe('exchange-2');
});

it('is found while somebody asks over the whole ledger: a client waits for the one, nobody for the other', async () => {
  await exchange('exchange-1', { response_id: 'resp_1' });
  const shadow = { ...sampleVerdict('exchange-1'), shadow_of: 'verdict-1' };
  const many = Array.from({ length: 4_000 }, () => ({ kind: 'shadow_verdict', record: shadow }) as const);
  await ledger.append(many);
  const spent = () => ledger.rows('shadowSpending', '2020-01-01T00:00:00.000Z');
  await Promise.all([spent(), found()]); // both threads have started
  const answered: string[] = [];
  const long = Promise.all(Array.from({ length: 10 }, spent)).then(() => answered.push('spent'));
  await Promise.all([long, found().then(() => answered.push('found'))]);
  expect(answered).toEqual(['found', 'spent']);
});

it('is not there before its end is committed, nor without content', async () => {
  await ledger.open(sampleOpened('exchange-1'));
  expect(await found()).toBeUndefined();
  await ledger.complete(sampleCompleted('exchange-1', { response_id: 'resp_1' }), null, null);
  expect(await found()).toBeUndefined();
});

it('is not given when its content was changed behind the ledger', async () => {
  await exchange('exchange-1', { response_id: 'resp_1' });
  const db = new DatabaseSync(file);
  db.exec(`UPDATE contents SET json = '{"id":"forged"}'`);
  db.close();
  expect(await found()).toBeUndefined();
});
