/** Contract: nothing that came is lost or shown twice; while the list is held it is counted, and a change is seen at once. */

import { describe, expect, it } from 'vitest';
import type { ExchangeRow } from '../../../../ledger/read-model/rows.ts';
import { arrived, NOTHING_LIVE, released } from './live-state.ts';
import { mergeRows } from './merge-rows.ts';

const row = (id: string, seq: number, model = 'm') =>
  ({ exchange_id: id, opened_seq: seq, model, ts: '2026-11-21T12:00:00.000Z' }) as unknown as ExchangeRow;
const isNew = () => true;

describe('the live tail', () => {
  it('puts what came into the list, newest first', () => {
    const state = arrived(NOTHING_LIVE, [row('a', 1), row('b', 2)], isNew, false);
    expect(state.shown.map(({ exchange_id }) => exchange_id)).toEqual(['b', 'a']);
    expect(state.waiting).toEqual([]);
  });

  it('counts what comes while the list is held, until it is released', () => {
    const held = arrived(arrived(NOTHING_LIVE, [row('a', 1)], isNew, false), [row('b', 2)], isNew, true);
    expect(held.shown.map(({ exchange_id }) => exchange_id)).toEqual(['a']);
    expect(held.waiting).toHaveLength(1);
    expect(released(held).shown.map(({ exchange_id }) => exchange_id)).toEqual(['b', 'a']);
  });

  it('counts an exchange that changes while it waits once', () => {
    const held = arrived(arrived(NOTHING_LIVE, [row('a', 1)], isNew, true), [row('a', 1, 'later')], isNew, true);
    expect(held.waiting).toHaveLength(1);
    expect(mergeRows(released(held).shown, [], held.changed).map(({ model }) => model)).toEqual(['later']);
  });

  it('changes a row of the pages in its place', () => {
    const pages = [row('b', 2), row('a', 1)].map((one) => ({ ...one, snippet: null }));
    const state = arrived(NOTHING_LIVE, [row('a', 1, 'later')], () => false, true);
    expect(mergeRows(state.shown, pages, state.changed).map(({ model }) => model)).toEqual(['m', 'later']);
  });

  it('shows an exchange once that came live and stands on a page', () => {
    const state = arrived(NOTHING_LIVE, [row('a', 1)], isNew, false);
    expect(mergeRows(state.shown, [{ ...row('a', 1), snippet: null }], state.changed)).toHaveLength(1);
  });
});
