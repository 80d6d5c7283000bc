/**
 * Contract: a draft belongs to whoever saw it last; what is published is in force at once and after a restart, and the
 * chain names its text; rolling back is a new version; trying records nothing and costs from the judge's budget.
 */

import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadPublished, textHash } from '../../judge/published.ts';
import { ConflictError } from '../../ledger/ledger-error.ts';
import { contextOf, DRAFT, FILE, LEAK, PolicyRig } from './testing/policy-rig.ts';

let rig: PolicyRig;
beforeEach(async () => {
  rig = await PolicyRig.start();
});
afterEach(() => rig.close());

const EVE = contextOf('eve');
const given = <B, P, Q>(params: P, body: B, query?: Q) => ({ params, body, query: query ?? {} }) as never;

const save = (yaml: string, revision: number, context = EVE) =>
  rig.handlers.save_draft(given({ judge: 'default' }, { yaml, revision }), context);
const publish = (revision: number, note = 'why', context = EVE, judge = 'default') =>
  rig.handlers.publish_policy(given({ judge }, { revision, note }), context);
const rollBack = (version: number, context = EVE) =>
  rig.handlers.roll_back_policy(given({ judge: 'default' }, { version, note: 'back' }), context);
const read = (version: number, judge = 'default') => rig.handlers.read_policy(given({ judge, version }, {}), EVE);
const tryOn = (yaml: string, exchange_id: string, judge = 'default') =>
  rig.handlers.try_policy(given({ judge }, { yaml, exchange_id }), EVE);
const hashNow = () => rig.policies.judges.get('default')?.rubric.hash;

describe('versions', () => {
  it('begin with the file of the configuration', async () => {
    const list = await rig.handlers.list_policies(given({}, {}), EVE);
    expect(list).toMatchObject([
      { judge: 'default', version: 0, state: 'file' },
      { judge: 'fixed', version: 0, state: 'file' },
    ]);
    expect(list.some((row) => 'yaml' in row)).toBe(false);
    expect(await read(0)).toMatchObject({ yaml: FILE, rubric_hash: hashNow() });
    await expect(read(1)).rejects.toMatchObject({ code: 'not_found' });
    await expect(read(0, 'nobody')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('have a schema, in which every key is described', async () => {
    const schema = JSON.stringify(await rig.handlers.policy_schema(given({}, {}), EVE));
    for (const key of ['question', 'threshold', 'severity', 'applies_to']) {
      expect(schema).toMatch(new RegExp(`"${key}":\\{[^{}]*(\\{[^{}]*\\}[^{}]*)*"description"`));
    }
  });

  it('are checked place by place', async () => {
    const check = (yaml: string) => rig.handlers.check_policy(given({}, { yaml }), EVE);
    expect(await check(FILE)).toEqual({ ok: true, rubric_hash: hashNow(), findings: [] });
    const { ok, findings } = await check(FILE.replace('threshold: 2', 'threshold: 9'));
    expect(ok).toBe(false);
    expect(findings).toEqual([
      {
        ...{ line: 10, column: 16, path: 'criteria[0].threshold', fix: null },
        message: 'no score of the scale reaches this threshold',
      },
    ]);
    const aliases = `a: &a [x,x,x,x,x,x,x,x,x]\n${'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n'}`;
    expect(await check(aliases)).toMatchObject({ ok: false });
    expect(await check('{')).toMatchObject({ ok: false });
    expect(await check('null')).toMatchObject({ ok: false });
  });

  it('are compared by line and by criterion', async () => {
    await save(`${DRAFT}  - id: rude\n${FILE.slice(FILE.indexOf('    question'))}`, 0);
    const diff = await rig.handlers.diff_policies(given({ judge: 'default' }, {}, { from: 0, to: 1 }), EVE);
    expect(diff.unified).toContain('-version: 1\n+version: 2');
    expect(diff.criteria).toEqual([
      { id: 'leak', change: 'changed', fields: ['severity'] },
      { id: 'rude', change: 'added', fields: [] },
    ]);
    const back = await rig.handlers.diff_policies(given({ judge: 'default' }, {}, { from: 1, to: 0 }), EVE);
    expect(back.criteria.map(({ change }) => change)).toEqual(['changed', 'removed']);
  });
});

describe('a draft', () => {
  it('is changed from the revision that was seen, by one of two editors', async () => {
    expect(await save(DRAFT, 0)).toMatchObject({ version: 1, state: 'draft', revision: 1, author: 'eve' });
    await expect(save(FILE, 0)).rejects.toMatchObject({ code: 'conflict' });
    const two = await Promise.allSettled([save(FILE, 1, contextOf('adam')), save('no: rubric', 1)]);
    expect(two.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(two.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } });
    expect(await read(1)).toMatchObject({ revision: 2 });
  });

  it('may be wrong, and is not published then', async () => {
    await save('name: x\n', 0);
    expect(await read(1)).toMatchObject({ rubric_hash: null });
    await expect(publish(1)).rejects.toMatchObject({
      code: 'not_possible',
      errors: [{ path: expect.any(String) }, {}],
    });
    expect(hashNow()).toBe((await read(0)).rubric_hash);
  });

  it('is thrown away, once', async () => {
    await save(DRAFT, 0);
    const discard = () => rig.handlers.discard_draft(given({ judge: 'default' }, {}), EVE);
    await discard();
    await expect(discard()).rejects.toMatchObject({ code: 'not_found' });
    await expect(read(1)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is made for judges of the configuration alone', async () => {
    const to = given({ judge: 'nobody' }, { yaml: DRAFT, revision: 0 });
    await expect(rig.handlers.save_draft(to, EVE)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('publishing', () => {
  it('replaces the judge, and names text and hashes in the chain', async () => {
    const before = rig.policies.judges.get('default');
    await save(DRAFT, 0);
    expect(await publish(1)).toMatchObject({ version: 1, state: 'published', published_by: 'eve', note: 'why' });
    const after = rig.policies.judges.get('default');
    expect(after?.hash).not.toBe(before?.hash);
    expect(after?.model).toBe(before?.model);
    expect(rig.policies.inForce('default')?.version).toBe(1);
    expect(lastAct()).toMatchObject({
      ...{ action: 'policy.publish', object: 'default', actor: { kind: 'user', name: 'eve' } },
      before: { version: 0, judge_hash: before?.hash, rubric_hash: before?.rubric.hash },
      after: { version: 1, judge_hash: after?.hash, text_sha256: textHash(DRAFT), note: 'why', revision: 1 },
    });
  });

  it('takes the revision that was seen and no other', async () => {
    await save(DRAFT, 0);
    await expect(publish(2)).rejects.toMatchObject({ code: 'conflict' });
    await publish(1);
    await expect(publish(1)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('of two at one time puts one in force, and memory says what the ledger says', async () => {
    await save(DRAFT, 0);
    const done = await Promise.allSettled([
      publish(1),
      publish(1),
      rollBack(0).catch((e: unknown) => Promise.reject(e)),
    ]);
    expect(done[0]?.status).toBe('fulfilled');
    expect(done[1]).toMatchObject({ reason: { code: 'conflict' } });
    const [row] = await rig.ledger.rows<{ version: number }>('policiesInForce');
    expect(row?.version).toBe(rig.policies.inForce('default')?.version);
  });

  it('is refused where the configuration keeps its file', async () => {
    await rig.handlers.save_draft(given({ judge: 'fixed' }, { yaml: DRAFT, revision: 0 }), EVE);
    await expect(publish(1, 'why', EVE, 'fixed')).rejects.toMatchObject({ code: 'not_possible' });
  });

  it('leaves neither act nor change when one of them cannot be', async () => {
    await save(DRAFT, 0);
    const head = await rig.ledger.head();
    const record = EVE.act('policy.publish', 'default', null, null);
    const wrong = ['publishDraft', 'now', 'eve', 'n', 'h', 'default', 99, 'default'] as const;
    await expect(rig.ledger.append([{ kind: 'act', record }], [wrong])).rejects.toBeInstanceOf(ConflictError);
    expect(await rig.ledger.head()).toEqual(head);
  });
});

describe('after a restart', () => {
  it('what was published is in force', async () => {
    await save(DRAFT, 0);
    await publish(1);
    const hash = rig.policies.judges.get('default')?.hash;
    const policies = rig.restarted();
    expect(policies.inForce('default')?.version).toBe(0);
    expect(await loadPublished(rig.ledger, policies)).toMatchObject([
      { row: { judge: 'default', version: 1 }, outcome: 'in_force' },
    ]);
    expect(policies.judges.get('default')?.hash).toBe(hash);
  });

  it('a text that the chain does not name stops the start, and says what to do', async () => {
    await rig.ledger.append([], [['insertPublished', 'default', 1, DRAFT, 'h', 'x', 'n', 'n', 'n', 'x', 'n']]);
    await expect(loadPublished(rig.ledger, rig.policies)).rejects.toThrow(
      /policy default version 1.*not the one whose publication the chain records.*judges\.default\.policy: file/s,
    );
    expect(rig.policies.inForce('default')?.version).toBe(0);
  });

  it('a text that cannot be read any more stops the start, too', async () => {
    const yaml = 'name: of another version\n';
    const record = EVE.act('policy.publish', 'default', null, { version: 1, text_sha256: textHash(yaml) });
    await rig.ledger.append(
      [{ kind: 'act', record }],
      [['insertPublished', 'default', 1, yaml, 'h', 'x', 'n', 'n', 'n', 'x', 'n']],
    );
    await expect(loadPublished(rig.ledger, rig.policies)).rejects.toThrow(/this version is in force.*policy: file/s);
  });

  it('a version of a judge that is gone, or keeps its file, is told and not used', async () => {
    for (const judge of ['gone', 'fixed']) {
      await rig.ledger.append([], [['insertPublished', judge, 1, DRAFT, 'h', 'x', 'n', 'n', 'n', 'x', 'n']]);
    }
    expect(await loadPublished(rig.ledger, rig.policies)).toMatchObject([
      { row: { judge: 'fixed', version: 1 }, outcome: 'file', rubric: null },
      { row: { judge: 'gone', version: 1 }, outcome: 'no_judge', rubric: null },
    ]);
    expect(rig.policies.inForce('fixed')?.version).toBe(0);
  });
});

describe('rolling back', () => {
  it('makes a new version of an old text, and retires the one in force', async () => {
    const file = rig.policies.judges.get('default')?.hash;
    await save(DRAFT, 0);
    await publish(1);
    expect(await rollBack(0)).toMatchObject({ version: 2, state: 'published', yaml: FILE, note: 'back' });
    expect(rig.policies.judges.get('default')?.hash).toBe(file);
    expect(await read(1)).toMatchObject({ state: 'retired' });
    expect(await rollBack(1)).toMatchObject({ version: 3, yaml: DRAFT });
    expect(lastAct()).toMatchObject({ action: 'policy.rollback', after: { version: 3, of_version: 1 } });
  });

  it('is of something else than what is in force, and of no draft', async () => {
    await expect(rollBack(0)).rejects.toMatchObject({ code: 'not_possible' });
    await save(DRAFT, 0);
    await expect(rollBack(1)).rejects.toMatchObject({ code: 'not_possible' });
    await expect(rollBack(7)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('trying', () => {
  it('asks the model once about the recorded input, and records nothing', async () => {
    await rig.record('exchange-1', `Here is the ${LEAK}.`);
    const head = await rig.ledger.head();
    const tried = await tryOn(DRAFT, 'exchange-1');
    expect(tried).toMatchObject({
      change: 'newly_blocks',
      before: { overall: { label: 'clean' } },
      after: { overall: { label: 'violation', severity: 'low' }, action: 'would_block' },
    });
    expect(rig.model.seen).toHaveLength(1);
    expect(await rig.ledger.head()).toEqual(head);
    expect(rig.policies.inForce('default')?.version).toBe(0);
  });

  it('costs from the budget of the judge, and ends where that is spent', async () => {
    await rig.record('exchange-1', 'Hello.');
    rig.budgets.charge('default', 'team-a', { tokens: 1_000_000, usd: 0 });
    expect(await tryOn(DRAFT, 'exchange-1')).toMatchObject({ change: 'changed', after: { state: 'budget_exhausted' } });
    expect(rig.model.seen).toHaveLength(0);
  });

  it('is about an exchange whose recorded input is there', async () => {
    await rig.record('exchange-1', 'Hello.', { input_sha256: 'f'.repeat(64) });
    await expect(tryOn(DRAFT, 'exchange-1')).rejects.toMatchObject({
      code: 'not_possible',
      detail: expect.stringContaining('input_differs'),
    });
    await expect(tryOn(DRAFT, 'exchange-9')).rejects.toMatchObject({ code: 'not_found' });
    await expect(tryOn('x: 1', 'exchange-1')).rejects.toMatchObject({ code: 'not_possible' });
    await expect(tryOn(DRAFT, 'exchange-1', 'nobody')).rejects.toMatchObject({ code: 'not_found' });
    expect(rig.model.seen).toHaveLength(0);
  });
});

function lastAct(): unknown {
  using db = new DatabaseSync(rig.database, { readOnly: true });
  const row = db.prepare("SELECT body FROM records WHERE kind = 'act' ORDER BY seq DESC LIMIT 1").get();
  return JSON.parse(String(row?.body));
}
