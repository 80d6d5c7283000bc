/**
 * Contract of blind mode (notes: a reviewer who sees the judge's label in the blind sample must be impossible), over HTTP:
 * nothing that judge, shadow judge or another reviewer said is anywhere in the answer, and nothing follows from it. Two
 * exchanges that differ in what was said of them alone, and in what became of them through it, have the same blind answer.
 * A positive control comes first: with open eyes both answers are full of it.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminSession } from '../../../test/support/admin-session.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';
import { sampleCompleted, sampleContent, sampleOpened } from '../../ledger/sample-records.ts';
import { DataRig, documentOf } from '../testing/data-rig.ts';
import { blindRow } from './blind.ts';

let rig: DataRig;
let reviewer: AdminSession;
let other: AdminSession;

/** Words of a verdict that no key of an answer has. */
const JUDGE = {
  name: 'stern-judge',
  hash: 'e1'.repeat(32),
  rubric_hash: 'e2'.repeat(32),
  model: 'stern-model',
  ...{ output_mode: 'json_schema' as const, nonce_ok: true, cache_hit: false, escalated_from: 'small-model' },
};
const WORDS = [
  ...['stern-judge', 'stern-model', 'small-model', JUDGE.hash, JUDGE.rubric_hash, 'verdict-exchange'],
  ...['leak-criterion', 'because it leaks', 'the quoted evidence', 'rule-that-hit', 'rule preview'],
  ...['violation', 'critical', 'blocked', 'scored', 'stern-shadow', 'other-reviewer', 'note of the other', ':403'],
  ...['blocked_by_judge', '"stopped"', 'partial'],
];

/** The latest user message, which is the client's own words. */
const SAID = { latest_user_message: 'What is the plan?', latest_user_message_length: 17 };
const ID = { stern: 'exchange-stern', mild: 'exchange-mild', bare: 'exchange-bare' };

beforeAll(async () => {
  rig = await DataRig.start({ opinions: 2 });
  await rig.rig.administrator();
  reviewer = await rig.rig.user('rita', 'reviewer');
  other = await rig.rig.user('other-reviewer', 'reviewer');
  const content = sampleContent(documentOf('What is the plan?'));
  await rig.ledger.open(sampleOpened(ID.bare));
  const waiting = { exchange_id: ID.bare, judge: 'default' };
  await rig.ledger.complete(sampleCompleted(ID.bare, { content_sha256: content.sha256 }), content, waiting);
  await rig.record(ID.mild, {
    content: 'What is the plan?',
    verdict: { ...SAID, overall: { label: 'clean', severity: 'none', score: 0 } },
  });
  await rig.record(ID.stern, {
    content: 'What is the plan?',
    opened: { judge: JUDGE.name },
    completed: {
      ...{ outcome: 'blocked', error_code: 'blocked_by_judge', status: 403, duration_ms: 9_000, tokens_out: null },
      coverage: { level: 'partial', reasons: ['stopped'] },
    },
    verdict: {
      ...SAID,
      judge: JUDGE,
      overall: { label: 'violation', severity: 'critical', score: 0.97 },
      ...{ action: 'blocked', decided_by: 'model', coverage: { level: 'partial', reasons: ['stopped'] } },
      rule_hits: [
        { rule: 'rule-that-hit', version: '1', place: 'request', preview: 'rule preview', severity: 'critical' },
      ],
      criteria: [
        {
          ...{ id: 'leak-criterion', score: 0.97, threshold: 0.5, label: 'violation', severity: 'critical' },
          evidence: [{ place: 'request.messages[0].content', quote: 'the quoted evidence' }],
          explanation: 'because it leaks',
        },
      ],
    },
  });
  await rig.shadow(ID.stern, {
    judge: { ...JUDGE, name: 'stern-shadow' },
    overall: { label: 'violation', severity: 'critical', score: 1 },
  });
  await rig.ask(other, 'label', {
    body: { exchange_ids: [ID.stern], label: 'violation', note: 'note of the other', queue: 'severe' },
  });
});
afterAll(async () => await rig?.[Symbol.asyncDispose]());

const read = (id: string, blind: 'true' | 'false') =>
  rig.ask(reviewer, 'read_exchange', { params: { id }, query: { blind } });
const queue = (blind: 'true' | 'false') =>
  rig.ask(reviewer, 'read_queue', { params: { queue: 'control' }, query: { blind } });
const told = (answer: unknown) => WORDS.filter((word) => JSON.stringify(answer).includes(word));

/** Without what names the exchange: its id, and the places of its record. */
function nameless(answer: unknown, id: string): unknown {
  return JSON.parse(JSON.stringify(answer).replaceAll(id, 'ID'), (key, value) =>
    ['opened_seq', 'seq', 'hash', 'prev_hash', 'head_seq'].includes(key) ? 0 : value,
  );
}

it('with open eyes all of it is there', async () => {
  const detail = await read(ID.stern, 'false');
  expect(told(detail)).toEqual(WORDS);
  expect(told(await queue('false'))).toContain('violation');
});

describe('blind', () => {
  it('no word of judge, shadow or other reviewer is in the exchange', async () => {
    const detail = await read(ID.stern, 'true');
    expect(told(detail)).toEqual([]);
    expect(detail.blind).toBe(true);
    // What is to be labelled is there all the same.
    expect(detail.conversation?.parts[0]?.text).toBe('What is the plan?');
    expect(detail.row.preview).not.toBeNull();
  });

  it('nor in the queue', async () => {
    const page = await queue('true');
    expect(page.items.map(({ exchange }) => exchange.exchange_id)).toEqual([ID.stern, ID.mild, ID.bare]);
    expect(told(page)).toEqual([]);
    expect(page.items.every(({ why }) => why === 'drawn')).toBe(true);
  });

  it('what was stopped, what was clean and what waits for its judge look the same', async () => {
    const [stern, mild] = [await read(ID.stern, 'true'), await read(ID.mild, 'true')];
    expect(nameless(stern, ID.stern)).toEqual(nameless(mild, ID.mild));
    expect(nameless(await read(ID.bare, 'true'), ID.bare)).toEqual(nameless(mild, ID.mild));
    const [first, second, third] = (await queue('true')).items;
    expect(nameless(third, ID.bare)).toEqual(nameless(second, ID.mild));
    expect(nameless(first, ID.stern)).toEqual(nameless(second, ID.mild));
  });

  it('the own labels stay, without the verdict that they were given on', async () => {
    await rig.ask(reviewer, 'label', {
      body: { exchange_ids: [ID.stern], label: 'clean', queue: 'control', blind: true },
    });
    const detail = await read(ID.stern, 'true');
    expect(detail.labels).toMatchObject([{ reviewer: 'rita', label: 'clean', blind: true, verdict_id: null }]);
    expect(told(detail)).toEqual([]);
  });

  it('is possible in the control sample alone: an exchange is in the other queues for what was said of it', async () => {
    for (const name of ['severe', 'disagreements', 'failed']) {
      const asked = { params: { queue: name }, query: { blind: 'true' as const } };
      expect(await rig.refused(reviewer, 'read_queue', asked)).toMatchObject({ code: 'not_possible' });
      const body = { exchange_ids: [ID.mild], label: 'clean' as const, queue: name as 'severe', blind: true };
      expect(await rig.refused(reviewer, 'label', { body })).toMatchObject({ code: 'not_possible' });
    }
  });
});

it('a field that is added to rows is hidden until somebody lists it', async () => {
  const [row] = await rig.readModel.rows([ID.stern]);
  const more = { ...row, judge_said: 'violation' } as unknown as ExchangeRow;
  expect(Object.keys(blindRow(more)).sort()).toEqual(Object.keys(row ?? {}).sort());
});
