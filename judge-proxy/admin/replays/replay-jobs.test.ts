/**
 * Contract: what is started is what was estimated; one job at one time, which can be cancelled and resumed and never asks
 * twice; a bound is kept; nothing is kept of what was erased; a job of a process that ended waits for a person.
 */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import type { ReplayEstimate, ReplayJob } from '../../contract/responses.ts';
import type { Prices } from '../../judge/prices.ts';
import { parseRubric } from '../../judge/rubric.ts';
import { Turns } from '../../judge/turns.ts';
import { openReadModel } from '../../ledger/read-model/read-model.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { Estimates } from '../../replays/estimates.ts';
import { ReplayJobs } from '../../replays/jobs.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { contextOf, DRAFT, LEAK, PolicyRig } from '../policies/testing/policy-rig.ts';
import { createReplayHandlers } from './handlers.ts';

const PRICES = { 'test-judge': { input: 1, output: 2 } };
const EVE = contextOf('eve');

let rig: PolicyRig;
let readModel: ReadModel;
let jobs: ReplayJobs;
let handlers: ReturnType<typeof createReplayHandlers>;

beforeEach(async () => {
  rig = await PolicyRig.start();
  const { ledger } = rig;
  readModel = openReadModel({
    ...{ url: `sqlite:${rig.database}`, clock: systemClock, log: rig.log },
    onCommit: (listener) => ledger.onCommit(listener),
  });
  start();
});
afterEach(async () => {
  await jobs.close();
  await readModel.close();
  await rig.close();
});

/** As a process does: what it knows is what the ledger says. */
function start(prices: Prices = PRICES): void {
  const { ledger, policies, log } = rig;
  jobs = new ReplayJobs({
    ...{ ledger, log, clock: systemClock, randomBytes, prices, onFailure: () => 'review' as const },
    turns: new Turns({ running: 4, waiting: 100 }),
    judgeOf: ({ judge, judge_hash, yaml }) => {
      const found = policies.judgeWith(judge, { rubric: parseRubric(yaml, 'x') });
      return found?.hash === judge_hash ? found : null;
    },
  });
  const estimates = new Estimates({ ledger, readModel, prices });
  handlers = createReplayHandlers({ ledger, readModel, policies, estimates, jobs, prices });
}

const given = <B, P, Q>(body: B, params?: P, query?: Q) =>
  ({ body, params: params ?? {}, query: query ?? {} }) as never;
const SPEC = { judge: 'default', policy: null, filter: {}, most: 1_000 };

async function record(count: number, text = 'Hello.', from = 0): Promise<void> {
  for (let i = from; i < from + count; i++) await rig.record(id(i), `${text} ${i}`);
}
const id = (i: number) => `exchange-${String(i).padStart(3, '0')}`;

const estimate = (over: object = {}): Promise<ReplayEstimate> =>
  handlers.estimate_replay(given({ ...SPEC, ...over }), EVE);
async function begin(over: object = {}, bound: object = {}): Promise<ReplayJob> {
  const { selection_hash } = await estimate(over);
  return handlers.start_replay(given({ ...SPEC, ...over, selection_hash, ...NO_BOUND, ...bound }), EVE);
}
const NO_BOUND = { max_usd: null, max_tokens: null };
const read = (job: string) => handlers.read_replay(given({}, { id: job }), EVE);
const changes = (job: string, query: object = {}) =>
  handlers.replay_changes(given({}, { id: job }, { limit: 50, ...query }), EVE);
const cancel = (job: string) => handlers.cancel_replay(given({}, { id: job }), EVE);
const resume = (job: string, bound: object = {}) =>
  handlers.resume_replay(given({ ...NO_BOUND, ...bound }, { id: job }), EVE);
/** The model answers from its n-th question on only when it is told. */
function heldFrom(n: number): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = judgeModelHandler();
  rig.answer = async (seen, response, origin) => {
    if (rig.model.seen.length >= n) await promise;
    await answer(seen, response, origin);
  };
  return resolve;
}

describe('a job', () => {
  it('judges what was estimated, with a draft, and says what would newly block', async () => {
    await record(3);
    await rig.record('exchange-leak', `Here is the ${LEAK}.`);
    await record(1, 'Hello.', 3);
    const { job_id } = await begin({ policy: { yaml: DRAFT } });
    await jobs.idle();
    const job = await read(job_id);
    expect(job).toMatchObject({
      ...{ state: 'done', total: 5, done: 5, error: null, created_by: 'eve', policy_version: null },
      changes: { newly_blocks: 1, unchanged: 4 },
      spent: { calls: 5 },
    });
    expect(job.spent.usd).toBeGreaterThan(0);
    expect((await changes(job_id)).items).toMatchObject([
      {
        ...{ exchange_id: 'exchange-leak', change: 'newly_blocks', client: 'team-a', criteria: ['leak'] },
        ...{ before: { label: 'clean' }, after: { label: 'violation', severity: 'low' } },
      },
    ]);
    expect(await read(job_id.slice(0, 20))).toEqual(job);
  });

  it('is about the exchanges of the filter, and no later ones', async () => {
    await record(4);
    const { selection_hash, exchanges } = await estimate({ most: 2 });
    expect(exchanges).toBe(2);
    await record(2, 'Later.', 4);
    const { job_id } = await handlers.start_replay(given({ ...SPEC, most: 2, selection_hash, ...NO_BOUND }), EVE);
    await jobs.idle();
    const { items } = await changes(job_id, { change: 'unchanged' });
    expect(items.map(({ exchange_id }) => exchange_id)).toEqual([id(3), id(2)]);
  });

  it('keeps no name of a client, and no words that were searched for', async () => {
    await record(1);
    const { job_id } = await begin({ filter: { client: 'team-a', q: 'Hello' } });
    await jobs.idle();
    const db = new DatabaseSync(rig.database, { readOnly: true });
    const row = db.prepare('SELECT spec FROM replay_jobs WHERE job_id = ?').get(job_id);
    db.close();
    const client_sha256 = createHash('sha256').update('team-a').digest('hex');
    expect(JSON.parse(String(row?.spec))).toEqual({ filter: { client_sha256, searched: true }, most: 1_000 });
    const [actor, scope] = [{ kind: 'user', name: 'eve' } as const, { kind: 'client', client: 'team-a' } as const];
    await rig.ledger.erase({ actor, reason: 'request', tier: 'metadata', scope });
    // Records, acts, jobs, results, logs and free pages: the file of the ledger with what SQLite keeps beside it.
    const kept = ['', '-wal'].filter((end) => existsSync(rig.database + end));
    expect(kept.filter((end) => readFileSync(rig.database + end).includes('team-a'))).toEqual([]);
  });

  it('is estimated with others at one time, but not with any number of them, and by one person twice', async () => {
    await record(1);
    const of = (name: string) => handlers.estimate_replay(given(SPEC), contextOf(name));
    const names = ['eve', 'eve', 'eve', 'anna', 'ben', 'carl'];
    const answers = await Promise.allSettled(names.map(of));
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    const reason = { code: 'too_many_requests', retryAfter: 10 };
    expect([answers[2], answers[5]]).toMatchObject([{ reason }, { reason }]);
    expect(await estimate()).toMatchObject({ exchanges: 1 });
  });

  it('finds nothing for a name that is no text', async () => {
    await record(1);
    expect(await estimate({ filter: { client: 'team-a\ud800' } })).toMatchObject({ exchanges: 0 });
    expect(await estimate({ filter: { q: '\udfff' } })).toMatchObject({ exchanges: 0 });
  });

  it('is not started with anything else than what was estimated', async () => {
    await record(1);
    const { selection_hash } = await estimate();
    const other = { ...SPEC, most: 7, selection_hash, ...NO_BOUND };
    await expect(handlers.start_replay(given(other), EVE)).rejects.toMatchObject({ code: 'conflict' });
    const unknown = { ...SPEC, selection_hash: 'f'.repeat(64), ...NO_BOUND };
    await expect(handlers.start_replay(given(unknown), EVE)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('keeps no word of an exchange or of the judge', async () => {
    await rig.record('exchange-leak', `Here is the ${LEAK} of Rumpelstilz.`);
    const { job_id } = await begin();
    await jobs.idle();
    const rows = await rig.ledger.rows<{ line: string }>('replayResults', job_id, 'newly_blocks', '~', 9);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toMatch(/CONFIDENTIAL|Rumpelstilz|Marked/);
  });

  it('counts what was recorded just now', async () => {
    await record(3);
    const { ledger, policies } = rig;
    const order: string[] = [];
    // An index that is behind until somebody waits for it.
    const behind: Pick<ReadModel, 'caughtUp' | 'position' | 'exchanges'> = {
      position: 0,
      caughtUp: async (seq) => {
        order.push(`up to ${seq}`);
        await readModel.caughtUp(seq);
      },
      exchanges: async (...asked) => {
        order.push('counted');
        return await readModel.exchanges(...asked);
      },
    };
    const estimates = new Estimates({ ledger, readModel: behind, prices: PRICES });
    handlers = createReplayHandlers({ ledger, readModel: behind, policies, estimates, jobs, prices: PRICES });
    expect(await estimate()).toMatchObject({ exchanges: 3 });
    expect(order).toEqual([`up to ${(await ledger.head())?.seq}`, 'counted']);
  });

  it('lists its changes by pages, gravest first, and jobs newest first', async () => {
    await record(5, LEAK);
    const first = await begin();
    await jobs.idle();
    const second = await begin();
    await jobs.idle();
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await changes(first.job_id, { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ exchange_id }) => exchange_id));
      cursor = page.next;
    }
    expect(seen).toEqual([4, 3, 2, 1, 0].map(id));
    const page = await handlers.list_replays(given({}, {}, { limit: 1 }), EVE);
    expect(page.items.map(({ job_id }) => job_id)).toEqual([second.job_id]);
    const rest = await handlers.list_replays(given({}, {}, { limit: 9, cursor: page.next }), EVE);
    expect(rest).toMatchObject({ items: [{ job_id: first.job_id }], next: null });
    await expect(changes(first.job_id, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(changes(first.job_id, { change: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('its bound', () => {
  const acts = async () => {
    const db = new DatabaseSync(rig.database, { readOnly: true });
    const rows = db.prepare("SELECT body FROM records WHERE kind = 'act' AND body LIKE '%replay.%' ORDER BY seq").all();
    db.close();
    return rows.map(({ body }) => JSON.parse(String(body)) as { before: object | null; after: object });
  };

  it('ends it, says what is spent, and a higher one goes on with it', async () => {
    await record(12);
    const { job_id } = await begin({}, { max_usd: 0.000_001 });
    await jobs.idle();
    const job = await read(job_id);
    expect(job).toMatchObject({ state: 'cancelled', error: 'max_usd', max_usd: 0.000_001, max_tokens: null });
    expect(rig.model.seen.length).toBeLessThan(12);
    const detail = expect.stringMatching(/^It has spent \$0\.\d{4}: give a max_usd above that\.$/);
    await expect(resume(job_id)).rejects.toMatchObject({ code: 'not_possible', detail });
    await expect(resume(job_id, { max_usd: job.spent.usd })).rejects.toMatchObject({ code: 'not_possible' });
    expect(await resume(job_id, { max_usd: 1 })).toMatchObject({ error: null, max_usd: 1 });
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', done: 12, changes: { unchanged: 12 } });
    expect(rig.model.seen).toHaveLength(12);
    expect((await acts()).at(-1)).toMatchObject({
      before: { error: 'max_usd', max_usd: 0.000_001 },
      after: { state: 'queued', max_usd: 1 },
    });
  });

  it('is twice what was estimated, unless another is given', async () => {
    await record(2);
    // Dear enough that the least bound is no matter.
    start({ 'test-judge': { input: 1_000, output: 1_000 } });
    const { usd } = await estimate();
    const job = await begin();
    await jobs.idle();
    expect(usd?.most).toBeGreaterThan(0.01);
    expect(job).toMatchObject({ max_usd: 2 * (usd?.most ?? 0), max_tokens: null });
  });

  it('is in tokens where a price is not known', async () => {
    await record(12);
    start({});
    const [model] = (await estimate()).models;
    const max_tokens = 2 * ((model?.tokens.in ?? 0) + (model?.tokens.out ?? 0));
    expect(await begin()).toMatchObject({ max_usd: null, max_tokens });
    await jobs.idle();
    const asked = rig.model.seen.length;
    await expect(begin({}, { max_usd: 1 })).rejects.toMatchObject({ code: 'not_possible' });
    const { job_id } = await begin({}, { max_tokens: 1 });
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'cancelled', error: 'max_tokens', max_tokens: 1 });
    expect(rig.model.seen.length - asked).toBeLessThan(12);
    const detail = expect.stringMatching(/^It has used \d+ tokens: give max_tokens above that\.$/);
    await expect(resume(job_id)).rejects.toMatchObject({ code: 'not_possible', detail });
    await expect(resume(job_id, { max_usd: 1 })).rejects.toMatchObject({ code: 'not_possible' });
    await resume(job_id, { max_tokens: 1_000_000 });
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', done: 12, max_tokens: 1_000_000 });
  });

  it('is that of now for a job of an earlier version, which had none', async () => {
    await record(2);
    const release = heldFrom(1);
    const { job_id } = await begin();
    await rig.model.next();
    await cancel(job_id);
    await jobs.idle();
    release();
    {
      using db = new DatabaseSync(rig.database);
      db.prepare('UPDATE replay_jobs SET max_usd = NULL').run();
    }
    expect(await read(job_id)).toMatchObject({ max_usd: 0.01 });
    await resume(job_id);
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', max_usd: 0.01 });
  });
});

describe('cancelled and resumed', () => {
  it('it goes on where it stopped, and asks nothing twice', async () => {
    await record(6);
    const release = heldFrom(3);
    const { job_id } = await begin();
    while (rig.model.seen.length < 3) await rig.model.next();
    expect(await cancel(job_id)).toMatchObject({ state: 'cancelled', error: 'cancelled' });
    await jobs.idle();
    const { done } = await read(job_id);
    expect(done).toBeLessThan(6);
    await expect(cancel(job_id)).rejects.toMatchObject({ code: 'conflict' });
    release();
    expect(await resume(job_id)).toMatchObject({ error: null });
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', done: 6, changes: { unchanged: 6 } });
    await expect(resume(job_id)).rejects.toMatchObject({ code: 'conflict' });
    // One was open when it was cancelled.
    expect(rig.model.seen).toHaveLength(7);
  });

  it('one that waits for another never begins', async () => {
    await record(2);
    const release = heldFrom(1);
    const first = await begin();
    await rig.model.next();
    const second = await begin({ policy: { yaml: DRAFT } });
    expect(second.state).toBe('queued');
    await cancel(second.job_id);
    release();
    await jobs.idle();
    expect(await read(first.job_id)).toMatchObject({ state: 'done' });
    expect(await read(second.job_id)).toMatchObject({ state: 'cancelled', done: 0, spent: { calls: 0 } });
  });

  it('a job of a process that ended says so, and is resumed by a person', async () => {
    await record(4);
    const release = heldFrom(2);
    const { job_id } = await begin();
    await rig.model.next();
    await jobs.close();
    expect(await read(job_id)).toMatchObject({ state: 'running' });
    release();
    start();
    expect(await jobs.recover()).toBe(1);
    expect(await read(job_id)).toMatchObject({ state: 'cancelled', error: 'interrupted' });
    await resume(job_id);
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', done: 4 });
  });

  it('it asks with the text it began with, whatever is published meanwhile', async () => {
    const job_id = await cancelledOne();
    rig.policies.put('default', { version: 7, yaml: DRAFT, rubric: parseRubric(DRAFT, 'x') });
    await resume(job_id);
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', policy_version: 0, changes: { newly_blocks: 2 } });
    const { items } = await changes(job_id);
    expect(items.map(({ after }) => after?.severity)).toEqual(['critical', 'critical']);
  });

  it('it is not resumed when its judge is another one', async () => {
    const job_id = await cancelledOne();
    using db = new DatabaseSync(rig.database);
    db.prepare('UPDATE replay_jobs SET judge_hash = ?').run('f'.repeat(64));
    await expect(resume(job_id)).rejects.toMatchObject({ code: 'not_possible' });
  });

  async function cancelledOne(): Promise<string> {
    await record(2, LEAK);
    const release = heldFrom(1);
    const { job_id } = await begin();
    await rig.model.next();
    await cancel(job_id);
    await jobs.idle();
    release();
    return job_id;
  }
});

describe('erasure', () => {
  it('of an exchange takes its results with it, and it is judged no more', async () => {
    await record(2, LEAK);
    const { job_id } = await begin();
    await jobs.idle();
    const actor = { kind: 'user', name: 'eve' } as const;
    const scope = { kind: 'exchange', exchange_id: id(0) } as const;
    await rig.ledger.erase({ actor, reason: 'request', tier: 'text', scope });
    expect((await changes(job_id)).items.map(({ exchange_id }) => exchange_id)).toEqual([id(1)]);
    const asked = rig.model.seen.length;
    const again = await begin();
    await jobs.idle();
    expect(await read(again.job_id)).toMatchObject({ changes: { newly_blocks: 1, not_judged: 1 } });
    expect(rig.model.seen).toHaveLength(asked + 1);
    const { items } = await changes(again.job_id, { change: 'not_judged' });
    expect(items).toMatchObject([{ exchange_id: id(0), why: 'content_missing', after: null }]);
  });

  it('while it is judged leaves nothing of it behind', async () => {
    await record(1, LEAK);
    const release = heldFrom(1);
    const { job_id } = await begin();
    await rig.model.next();
    const actor = { kind: 'user', name: 'eve' } as const;
    const scope = { kind: 'exchange', exchange_id: id(0) } as const;
    await rig.ledger.erase({ actor, reason: 'request', tier: 'text', scope });
    release();
    await jobs.idle();
    expect(await read(job_id)).toMatchObject({ state: 'done', done: 1 });
    expect((await changes(job_id)).items).toEqual([]);
  });
});
