/**
 * Contract: every exchange of a time counts once, on its route and on its client; its traffic and all its verdicts with
 * it; what has no known price is counted beside the sums; no name is taken for SQL.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../telemetry/clock.ts';
import type { Ledger } from './ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from './records.ts';
import { KeptLog, sampleCompleted, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';

const DAY_1 = '2026-01-31T23:59:59.999Z';
const DAY_2 = '2026-02-01T00:00:00.000Z';

let folder: string;
let ledger: Ledger;
let last = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ledger-costs-'));
  const url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
});

afterEach(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

interface Spent {
  readonly opened?: Partial<ExchangeOpened>;
  readonly completed?: Partial<ExchangeCompleted>;
  readonly verdict?: Partial<NewVerdict> | null;
  readonly onRequest?: Partial<NewVerdict>;
}

async function exchange({ opened = {}, completed = {}, verdict = {}, onRequest }: Spent): Promise<void> {
  last += 1;
  const id = `exchange-${last}`;
  await ledger.open(sampleOpened(id, { ts: DAY_1, ...opened }));
  if (onRequest !== undefined) {
    await ledger.verdict(sampleVerdict(id, { verdict_id: `request-${id}`, subject: 'request', ...onRequest }));
  }
  const record = sampleCompleted(id, { tokens_in: 10, tokens_out: 5, cost_usd: 1, ...completed });
  if (verdict === null) await ledger.complete(record, null, null);
  else await ledger.completeJudged(record, null, sampleVerdict(id, verdict));
}

it('is summed by route and by client, with every verdict of an exchange', async () => {
  const cheap = { judge_tokens: { in: 3, out: 1 }, judge_cost_usd: 0.25 };
  await exchange({ verdict: cheap, onRequest: cheap });
  await exchange({ opened: { client: "o'hara" }, verdict: { judge_tokens: { in: 7, out: 0 }, judge_cost_usd: null } });
  await exchange({ opened: { route: 'chat' }, completed: { cost_usd: null }, verdict: { judge_tokens: null } });
  await exchange({
    opened: { route: 'chat' },
    completed: { tokens_in: null, tokens_out: null, cost_usd: null },
    verdict: null,
  });
  await ledger.open(sampleOpened('open', { ts: DAY_1, route: 'chat' }));
  const openai = {
    exchanges: 2,
    judged: 2,
    unjudged: 0,
    traffic: { tokens_in: 20, tokens_out: 10, usd: 2, unpriced: 0 },
    judging: { asked: 3, tokens: 15, usd: 0.5, unpriced: 1 },
  };
  const chat = {
    exchanges: 3,
    judged: 1,
    unjudged: 2,
    traffic: { tokens_in: 10, tokens_out: 5, usd: 0, unpriced: 1 },
    judging: { asked: 0, tokens: 0, usd: 0, unpriced: 0 },
  };
  const { total, by_route, by_client } = await ledger.costs({});
  expect(by_route).toEqual([
    { route: 'openai', ...openai },
    { route: 'chat', ...chat },
  ]);
  expect(by_client.map(({ client, exchanges, judging }) => [client, exchanges, judging.tokens])).toEqual([
    ['team-a', 4, 8],
    ["o'hara", 1, 7],
  ]);
  expect(total).toEqual({
    exchanges: 5,
    judged: 3,
    unjudged: 2,
    traffic: { tokens_in: 30, tokens_out: 15, usd: 2, unpriced: 1 },
    judging: { asked: 3, tokens: 15, usd: 0.5, unpriced: 1 },
  });
});

it('is that of the time asked for: from the first instant on, without the last', async () => {
  await exchange({});
  await exchange({ opened: { ts: DAY_2 } });
  const count = async (filter: Parameters<Ledger['costs']>[0]) => (await ledger.costs(filter)).total.exchanges;
  expect(await count({})).toBe(2);
  expect(await count({ since: DAY_2 })).toBe(1);
  expect(await count({ until: DAY_2 })).toBe(1);
  expect(await count({ since: DAY_1, until: DAY_2 })).toBe(1);
  expect(await count({ since: "' OR 1=1 --" })).toBe(2);
  expect(await count({ since: '2027-01-01T00:00:00.000Z' })).toBe(0);
});

it('of an empty ledger is nothing', async () => {
  expect(await ledger.costs({})).toMatchObject({
    total: { exchanges: 0, judging: { usd: 0 } },
    by_route: [],
    by_client: [],
  });
});
