/** Contract: what was written is never lost, neither one's own nor another's, unless the editor decides so. */

import { describe, expect, it } from 'vitest';
import { type DraftEvent, isDirty, startDraft, stepDraft } from './draft-state.ts';

const base = { yaml: 'base', revision: 1 };
const theirs = { yaml: 'theirs', revision: 2 };
const run = (...events: readonly DraftEvent[]) => events.reduce(stepDraft, startDraft(base));
const wrote: DraftEvent = { kind: 'wrote', text: 'mine' };
const read: DraftEvent = { kind: 'read', draft: theirs };

describe('another editor’s draft', () => {
  it('is taken where nothing was written', () => {
    expect(run(read)).toEqual(startDraft(theirs));
  });

  it('stands beside one’s own where something was', () => {
    expect(run(wrote, read)).toEqual({ text: 'mine', base, theirs });
  });

  it('that says the same as one’s own is no conflict', () => {
    expect(run({ kind: 'wrote', text: 'theirs' }, read)).toEqual(startDraft(theirs));
  });

  it('is replaced by one’s own when that was decided, from its revision on', () => {
    const state = run(wrote, read, { kind: 'kept_mine' });
    expect(state).toEqual({ text: 'mine', base: theirs, theirs: null });
    expect(isDirty(state)).toBe(true);
  });

  it('takes the place of one’s own when that was decided', () => {
    expect(run(wrote, read, { kind: 'took_theirs' })).toEqual(startDraft(theirs));
  });

  it('that was read before is none', () => {
    expect(run(wrote, { kind: 'read', draft: base })).toEqual({ text: 'mine', base, theirs: null });
  });
});

it('what is written while it is saved is not lost', () => {
  const state = run(
    wrote,
    { kind: 'wrote', text: 'mine, more' },
    { kind: 'saved', draft: { yaml: 'mine', revision: 2 } },
  );
  expect(state.text).toBe('mine, more');
  expect(isDirty(state)).toBe(true);
});

it('a decision without a conflict changes nothing', () => {
  expect(run(wrote, { kind: 'took_theirs' }, { kind: 'kept_mine' }).text).toBe('mine');
});
