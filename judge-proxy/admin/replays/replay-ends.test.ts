/**
 * Contract: a bound is kept, and a higher one goes on; a job that was cancelled goes on where it stopped; one of a process
 * that ended waits for a person.
 */

import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { parseRubric } from '../../judge/rubric.ts';
import { DRAFT, LEAK } from '../policies/testing/policy-rig.ts';
import {
  begin,
  cancel,
  changes,
  estimate,
  heldFrom,
  jobs,
  read,
  record,
  resume,
  rig,
  start,
} from './testing/replay-rig.ts';

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
