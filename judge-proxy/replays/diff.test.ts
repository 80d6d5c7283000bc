/**
 * Contract: each exchange is one change, the gravest that fits; a judge that failed changes nothing, whatever stands
 * instead of its verdict; counts and lists are bounded in memory, and nothing is dropped in silence.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JUDGE_STATES } from '../ledger/records.ts';
import { sampleVerdict } from '../ledger/sample-records.ts';
import { CHANGES, changeOf, Tally } from './diff.ts';
import { type After, afterOf, type Before, type ReplayLine } from './line.ts';

type Label = Before['criteria'][number]['label'];

function scored(id: string, score: number, label: Label = score >= 2 ? 'violation' : 'pass') {
  return { id, score, threshold: 2, label, evidence: [], explanation: '', severity: 'high' as const };
}

const AFTER: After = afterOf(sampleVerdict('x'));
const {
  model: _m,
  output_mode: _o,
  escalated_from: _e,
  latency_ms: _l,
  tokens: _t,
  cost_usd: _c,
  error,
  ...said
} = AFTER;
const BEFORE: Before = { ...said, verdict_id: 'v', judge: { name: 'default', hash: 'f'.repeat(64), model: 'm' } };
const STOPPED = { action: 'would_block', label: 'violation', severity: 'high' } as const;
expect(error).toBeNull();

function line(over: Partial<ReplayLine> = {}): ReplayLine {
  return {
    ...{ exchange_id: 'e', subject: 'exchange', judge: 'h', endpoint: null, small_endpoint: null, input_sha256: 's' },
    ...{ on_failure: 'review', ts: '2026-01-31T00:00:00.000Z', client: 'c', route: 'r', host: 'h', api: 'a' },
    ...{ mode: 'observe', unusable: null, before: BEFORE, after: AFTER, ...over },
  };
}

describe('one exchange', () => {
  it.each<[string, Partial<ReplayLine>, string]>([
    ['the same', {}, 'unchanged'],
    ['passed, would be stopped', { after: { ...AFTER, ...STOPPED } }, 'newly_blocks'],
    ['was stopped, would pass', { before: { ...BEFORE, ...STOPPED } }, 'newly_passes'],
    [
      'stopped by another word',
      { before: { ...BEFORE, ...STOPPED, action: 'cut' }, after: { ...AFTER, ...STOPPED } },
      'unchanged',
    ],
    ['another label', { after: { ...AFTER, label: 'undetermined' } }, 'changed'],
    ['another severity', { after: { ...AFTER, severity: 'low' } }, 'changed'],
    ['another score alone', { after: { ...AFTER, score: 0.5 } }, 'unchanged'],
    ['no verdict before', { before: null }, 'first_verdict'],
    ['no verdict before, stopped now', { before: null, after: { ...AFTER, ...STOPPED } }, 'newly_blocks'],
    ['not judged', { after: null, unusable: 'content_missing' }, 'not_judged'],
    ['failed, and stopped by the route', { after: { ...AFTER, state: 'timeout', action: 'would_block' } }, 'failed'],
    ['failed, and let pass', { before: { ...BEFORE, ...STOPPED }, after: { ...AFTER, state: 'refused' } }, 'failed'],
    ['had failed before', { before: { ...BEFORE, state: 'timeout', label: 'undetermined' } }, 'changed'],
  ])('%s', (_, over, change) => expect(changeOf(line(over))).toBe(change));

  it.each(JUDGE_STATES)('state %s is a failure exactly where the judge was to answer', (state) => {
    const told = [
      'scored',
      'truncated_input',
      'rules_only',
      'sampled_out',
      'budget_exhausted',
      'unparseable',
      'interrupted',
    ];
    expect(changeOf(line({ after: { ...AFTER, state } })) === 'failed').toBe(!told.includes(state));
  });
});

describe('all exchanges', () => {
  it('are counted once each', () => {
    const change = fc.constantFrom<Partial<ReplayLine>>(
      {},
      { after: null, unusable: 'content_altered' },
      { after: { ...AFTER, ...STOPPED } },
      { before: { ...BEFORE, ...STOPPED } },
      { before: null },
      { after: { ...AFTER, state: 'provider_error' } },
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const tally = new Tally();
        for (const over of changes) tally.add(line(over));
        const diff = tally.diff();
        expect(diff.exchanges).toBe(changes.length);
        expect(Object.values(diff.changes).reduce((sum, count) => sum + count, 0)).toBe(changes.length);
        expect(diff.changed.length + diff.changed_not_listed + diff.changes.unchanged).toBe(changes.length);
        expect(Object.values(diff.failed).reduce((sum, count) => sum + count, 0)).toBe(diff.changes.failed);
      }),
    );
  });

  it('are listed gravest first, newest first', () => {
    const tally = new Tally();
    tally.add(line({ exchange_id: 'failed', after: { ...AFTER, state: 'timeout' } }));
    tally.add(line({ exchange_id: 'old', after: { ...AFTER, ...STOPPED }, ts: '2026-01-01T00:00:00.000Z' }));
    tally.add(line({ exchange_id: 'new', after: { ...AFTER, ...STOPPED } }));
    tally.add(line({ exchange_id: 'passes', before: { ...BEFORE, ...STOPPED } }));
    const { changed } = tally.diff();
    expect(changed.map(({ exchange_id }) => exchange_id)).toEqual(['new', 'old', 'passes', 'failed']);
    const order = changed.map(({ change }) => CHANGES.indexOf(change));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('are listed up to a bound, and the rest is counted', () => {
    const tally = new Tally();
    for (let index = 0; index < 1_500; index++) tally.add(line({ after: { ...AFTER, ...STOPPED } }));
    tally.add(line({ before: { ...BEFORE, ...STOPPED } }));
    const diff = tally.diff();
    expect(diff.changed).toHaveLength(1_001);
    expect(diff.changed_not_listed).toBe(500);
  });

  it('say by which judge they were judged before', () => {
    const tally = new Tally();
    for (const before of [BEFORE, BEFORE, null]) tally.add(line({ before }));
    expect(tally.diff().judged_before_by).toEqual({ 'default ffffffff': 2, none: 1 });
  });
});

describe('criteria', () => {
  function compare(before: Before['criteria'], after: After['criteria'], over: Partial<After> = {}) {
    const tally = new Tally();
    tally.add(line({ before: { ...BEFORE, criteria: before }, after: { ...AFTER, criteria: after, ...over } }));
    const { criteria, changed } = tally.diff();
    const counted = criteria.map(({ id, ...counts }) => [
      id,
      Object.entries(counts).flatMap(([k, n]) => (n > 0 ? [k] : [])),
    ]);
    return { counted: Object.fromEntries(counted), changed };
  }
  const leak = (score: number) => scored('leak', score);

  it.each([
    ['newly_violated', 1, 2],
    ['no_longer_violated', 3, 0],
    ['score_higher', 2, 3],
    ['score_lower', 1, 0],
    ['equal', 2, 2],
  ])('%s: %d, then %d', (change, before, after) => {
    expect(compare([leak(before)], [leak(after)]).counted).toEqual({ leak: [change] });
  });

  it('that only one of them asks are told as such', () => {
    const { counted } = compare([leak(0), scored('gone', 3)], [leak(0), scored('added', 2), scored('calm', 0)]);
    expect(counted).toEqual({
      ...{ leak: ['equal'], gone: ['removed_violated'], added: ['added_violated'], calm: ['added_passed'] },
    });
  });

  it('are compared where both scored, and nowhere else', () => {
    expect(compare([], [leak(3)]).counted).toEqual({});
    expect(compare([leak(3)], []).counted).toEqual({});
    expect(compare([leak(3)], [leak(0)], { state: 'timeout' }).counted).toEqual({});
  });

  it('are named where an exchange has another label for them', () => {
    const tally = new Tally();
    const criteria = [leak(3), scored('gone', 2), scored('same', 2)];
    const after = [leak(0), scored('same', 3), scored('added', 2)];
    tally.add(line({ before: { ...BEFORE, ...STOPPED, criteria }, after: { ...AFTER, criteria: after } }));
    expect(tally.diff().changed[0]?.criteria.toSorted()).toEqual(['added', 'gone', 'leak']);
  });
});
