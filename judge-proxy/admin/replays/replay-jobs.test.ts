/**
 * Contract: what is started is what was estimated; one job at one time, which never asks twice; nothing is kept of what was
 * erased, and no words of anybody.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { contextOf, DRAFT, LEAK } from '../policies/testing/policy-rig.ts';
import {
  answerFrom,
  begin,
  changes,
  EVE,
  estimate,
  given,
  handlers,
  heldFrom,
  id,
  jobs,
  NO_BOUND,
  read,
  readModel,
  record,
  rig,
  SPEC,
} from './testing/replay-rig.ts';

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
    const { ledger } = rig;
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
    answerFrom(behind);
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
