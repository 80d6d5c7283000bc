/**
 * Contract: what is drawn is judged once, from the recorded input, by the shadow's own models and budget, and stands apart
 * from the exchange's verdicts; a process that ended goes on where it was, and nothing is there twice; what it is too far
 * behind for is counted and told; nothing is kept of what was erased meanwhile.
 */

import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { LEAK, PolicyRig } from '../admin/policies/testing/policy-rig.ts';
import { createConsultant } from '../judge/consultant.ts';
import { drawOf } from '../judge/sampling.ts';
import { Turns } from '../judge/turns.ts';
import type { ShadowVerdictRecord } from '../ledger/acts.ts';
import { systemClock } from '../telemetry/clock.ts';
import { type Shadows, startShadows } from './shadow.ts';

let rig: PolicyRig;
let shadows: Shadows | null = null;
let counted: string[] = [];
const TURNS = new Turns({ running: 16, waiting: 100 });

beforeEach(async () => {
  rig = await PolicyRig.start();
  counted = [];
});
afterEach(async () => {
  await shadows?.close();
  shadows = null;
  await rig.close();
});

async function start(over: { sampling?: number; mostBehind?: number } = {}): Promise<Shadows> {
  const { sampling = 1, ...rest } = over;
  const { ledger, policies, log, budgets } = rig;
  shadows = startShadows({
    ...{ ledger, judges: policies.judges, log, clock: systemClock, onFailure: () => 'review' as const, ...rest },
    shadows: new Map([['fixed', { judge: 'default', sampling }]]),
    counted: (judge, result) => counted.push(`${judge} ${result}`),
    consultant: createConsultant({
      limits: { judge_queue: 10, judge_concurrency: 16 },
      ...{ prices: {}, budgets, turns: TURNS, clock: systemClock, randomBytes },
      metrics: { judgeCall: () => undefined, judgeCache: () => undefined, judgeBudget: () => undefined },
    }),
  });
  await shadows.idle();
  return shadows;
}

const BY = { name: 'fixed', hash: 'a'.repeat(64), model: 'm', rubric_hash: 'b'.repeat(64) };
const FIXED = { ...BY, output_mode: null, nonce_ok: null, cache_hit: false, escalated_from: null };
const record = (id: string, text = 'Hello.') => rig.record(id, text, { judge: FIXED });

function recorded(): ShadowVerdictRecord[] {
  using db = new DatabaseSync(rig.database, { readOnly: true });
  const rows = db.prepare("SELECT body FROM records WHERE kind = 'shadow_verdict' ORDER BY seq").all();
  return rows.map(({ body }) => JSON.parse(String(body)) as ShadowVerdictRecord);
}

it('judges again what the other has judged, and the verdict of the exchange stays the one it was', async () => {
  const follower = await start();
  await record('exchange-1', `Here is the ${LEAK}.`);
  await record('exchange-2');
  await rig.record('exchange-3', 'By a judge without shadow.');
  await follower.idle();
  expect(recorded()).toMatchObject([
    {
      ...{ shadow_of: 'verdict-exchange-1', exchange_id: 'exchange-1', state: 'scored', action: 'would_block' },
      ...{ judge: { name: 'default' }, overall: { label: 'violation' } },
    },
    { shadow_of: 'verdict-exchange-2', overall: { label: 'clean' } },
  ]);
  expect(counted).toEqual(['fixed differed', 'fixed agreed']);
  expect(rig.model.seen).toHaveLength(2);
  const view = await rig.ledger.exchange('exchange-1');
  expect(view?.verdicts.map(({ verdict_id }) => verdict_id)).toEqual(['verdict-exchange-1']);
  expect(rig.log.lines).toContainEqual({
    ...{ level: 'info', event: 'shadow_verdict' },
    fields: expect.objectContaining({ exchange_id: 'exchange-1', judge: 'default', outcome: 'differed' }),
  });
});

it('begins with what is recorded after its first start', async () => {
  await record('exchange-1');
  const follower = await start();
  await record('exchange-2');
  await follower.idle();
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(['exchange-2']);
});

it('draws by the id of the verdict: the same ones at any time, about so many', async () => {
  const follower = await start({ sampling: 0.5 });
  const ids = Array.from({ length: 16 }, (_, i) => `exchange-${i}`);
  for (const id of ids) await record(id);
  await follower.idle();
  const drawn = ids.filter((id) => drawOf(`verdict-${id}`) < 0.5);
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.length).toBeLessThan(ids.length);
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(drawn);
});

it('goes on where an earlier process ended, and judges nothing twice', async () => {
  const first = await start();
  await record('exchange-1');
  await first.idle();
  await first.close();
  await record('exchange-2');
  await start();
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(['exchange-1', 'exchange-2']);
  expect(rig.model.seen).toHaveLength(2);
});

it('a question that is open when the process ends is asked again after the next start', async () => {
  const follower = await start();
  rig.answer = () => new Promise(() => undefined);
  await record('exchange-1');
  await rig.model.next();
  await follower.close();
  expect(recorded()).toEqual([]);
  rig.answer = judgeModelHandler();
  await start();
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(['exchange-1']);
});

it('keeps the order of the ledger, whichever question is answered first', async () => {
  await (await start()).close();
  await record('exchange-1', 'slow');
  await record('exchange-2', 'fast');
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = judgeModelHandler();
  rig.answer = async (seen, response, origin) => {
    if (seen.body.includes('slow')) await promise;
    await answer(seen, response, origin);
    if (seen.body.includes('fast')) response.once('close', resolve);
  };
  await start();
  expect(rig.model.seen).toHaveLength(2);
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(['exchange-1', 'exchange-2']);
});

it('what it is too far behind for is counted and told, and not asked about', async () => {
  const follower = await start();
  await follower.close();
  for (let i = 0; i < 4; i++) await record(`exchange-${i}`);
  // Three records an exchange: all but the last two verdicts are further back.
  await start({ mostBehind: 4 });
  expect(recorded().map(({ exchange_id }) => exchange_id)).toEqual(['exchange-2', 'exchange-3']);
  expect(counted.filter((one) => one === 'fixed behind')).toHaveLength(2);
  expect(rig.log.lines).toContainEqual({
    ...{ level: 'warn', event: 'shadow_skipped', fields: { reason: 'behind', count: 2 } },
  });
});

it('spends from its own budget, and is not asked when that is spent', async () => {
  const follower = await start();
  rig.budgets.charge('default', 'team-a', { tokens: 1_000_000, usd: 0 });
  await record('exchange-1');
  await follower.idle();
  expect(recorded()).toEqual([]);
  expect(counted).toEqual(['fixed budget_exhausted']);
  expect(rig.model.seen).toHaveLength(0);
});

it('what it spent is in the ledger, by judge, client and day: a restart forgets nothing', async () => {
  const follower = await start();
  await record('exchange-1');
  await record('exchange-2');
  await follower.idle();
  const [one, two] = recorded().map(({ judge_tokens }) => (judge_tokens?.in ?? 0) + (judge_tokens?.out ?? 0));
  const day = recorded()[0]?.ts.slice(0, 10);
  const row = { judge: 'default', client: 'team-a', day, tokens: (one ?? 0) + (two ?? 0), usd: 0 };
  expect(one).toBeGreaterThan(0);
  expect(await rig.ledger.rows('shadowSpending', `${day}T00:00:00.000Z`)).toEqual([row]);
  expect(await rig.ledger.rows('shadowSpending', '2999-01-01T00:00:00.000Z')).toEqual([]);
});

it('a shadow judge that fails says so, and decides nothing', async () => {
  const follower = await start();
  rig.answer = (_, response) => void response.writeHead(400).end('{}');
  await record('exchange-1', LEAK);
  await follower.idle();
  expect(recorded()).toMatchObject([{ state: 'provider_error', overall: { label: 'undetermined' } }]);
  expect(counted).toEqual(['fixed failed']);
});

it('keeps nothing of what is erased while it is judged', async () => {
  const follower = await start();
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = judgeModelHandler();
  rig.answer = async (...asked) => {
    await promise;
    await answer(...asked);
  };
  await record('exchange-1', LEAK);
  await rig.model.next();
  const actor = { kind: 'user', name: 'eve' } as const;
  const scope = { kind: 'exchange', exchange_id: 'exchange-1' } as const;
  await rig.ledger.erase({ actor, reason: 'request', tier: 'text', scope });
  resolve();
  await follower.idle();
  expect(recorded()).toEqual([]);
  expect(counted).toEqual(['fixed unusable']);
});

it('is asked in spare turns: traffic has its turn before it', async () => {
  const held = Array.from({ length: 16 }, () =>
    TURNS.take({ urgency: 'inline', client: 'a', signal: new AbortController().signal, waitMs: null }),
  );
  const ends = await Promise.all(held);
  const follower = await start();
  await record('exchange-1');
  expect(rig.model.seen).toHaveLength(0);
  for (const end of ends) if (end.kind === 'turn') end.release();
  await follower.idle();
  expect(recorded()).toHaveLength(1);
});
