/**
 * Contract: a label shows at once and goes on to the next item; what fails is unlabelled again and said, with its note
 * kept; undo withdraws the latest and shows its item; nothing moves where the reviewer stands but the reviewer.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueueItem } from '../../../../ledger/read-model/rows.ts';
import { current, done, onTheWay, type Step, startTriage, step, type TriageEvent, type TriageState } from './triage.ts';

const item = (id: string): QueueItem => ({
  exchange: { exchange_id: id } as QueueItem['exchange'],
  why: 'drawn',
  sampling_probability: 0.1,
});
const items = (...ids: readonly string[]) => ids.map(item);

function run(events: readonly TriageEvent[], from = startTriage('control', false).state): Step {
  return events.reduce<Step>(
    (before, event) => {
      const after = step(before.state, event);
      return { state: after.state, commands: [...before.commands, ...after.commands] };
    },
    { state: from, commands: [] },
  );
}

const loaded: TriageEvent = { kind: 'loaded', items: items('a', 'b', 'c'), next: null };
const chose: TriageEvent = { kind: 'chose', label: 'violation' };
const kept = (exchangeId: string, act: number): TriageEvent => ({ kind: 'kept', exchangeId, act, labelId: `l${act}` });
const failed = (exchangeId: string, act: number): TriageEvent => ({ kind: 'failed', exchangeId, act, text: 'no' });
const phase = (state: TriageState, id: string) => state.given.get(id)?.phase;

describe('labelling', () => {
  it('shows the label, asks the server and goes on', () => {
    const { state, commands } = run([loaded, chose]);
    expect(commands).toEqual([{ kind: 'label', exchangeId: 'a', act: 1, label: 'violation', note: null }]);
    expect(phase(state, 'a')).toBe('sending');
    expect(current(state)?.exchange.exchange_id).toBe('b');
    expect(onTheWay(state)).toBe(1);
    expect(onTheWay(run([kept('a', 1)], state).state)).toBe(0);
  });

  it('that fails is taken back and said; the reviewer stays where he is and his note is there', () => {
    const { state } = run([loaded, { kind: 'wrote', exchangeId: 'a', text: ' why ' }, chose, failed('a', 1)]);
    expect(state.given.size).toBe(0);
    expect(state.problems).toEqual([{ exchangeId: 'a', what: 'label', text: 'no' }]);
    expect(state.at).toBe(1);
    expect(state.notes.get('a')).toBe(' why ');
    const again = run([{ kind: 'went_to', exchangeId: 'a' }, chose], state);
    expect(again.commands).toEqual([{ kind: 'label', exchangeId: 'a', act: 2, label: 'violation', note: 'why' }]);
    expect(again.state.problems).toEqual([]);
  });

  it('again, which fails, leaves the one before', () => {
    const back: TriageEvent = { kind: 'moved', by: -1 };
    const { state } = run([loaded, chose, kept('a', 1), back, { kind: 'chose', label: 'clean' }, failed('a', 2)]);
    expect(state.given.get('a')).toMatchObject({ act: 1, label: 'violation', phase: 'kept' });
  });

  it('again before the first arrived knows of both', () => {
    const back: TriageEvent = { kind: 'moved', by: -1 };
    const { state } = run([loaded, chose, back, { kind: 'chose', label: 'clean' }, kept('a', 1), failed('a', 2)]);
    expect(state.given.get('a')).toMatchObject({ act: 1, phase: 'kept', labelId: 'l1' });
  });

  it('at the end does nothing', () => {
    const { state, commands } = run([loaded, chose, chose, chose, chose]);
    expect(commands).toHaveLength(3);
    expect(current(state)).toBeUndefined();
    expect(done(state)).toBe(3);
  });
});

describe('undo', () => {
  it('withdraws the latest and shows its item', () => {
    const { state, commands } = run([loaded, chose, kept('a', 1), { kind: 'undid' }]);
    expect(commands.at(-1)).toEqual({ kind: 'withdraw', exchangeId: 'a', act: 1, labelId: 'l1' });
    expect(state.at).toBe(0);
    expect(phase(state, 'a')).toBe('withdrawing');
    expect(run([{ kind: 'withdrawn', exchangeId: 'a', act: 1 }], state).state.given.size).toBe(0);
  });

  it('of one that is on its way waits for it', () => {
    const { state, commands } = run([loaded, chose, { kind: 'undid' }]);
    expect(commands).toHaveLength(1);
    expect(phase(state, 'a')).toBe('undo');
    const after = run([kept('a', 1)], state);
    expect(after.commands).toEqual([{ kind: 'withdraw', exchangeId: 'a', act: 1, labelId: 'l1' }]);
  });

  it('of one that then fails leaves nothing to withdraw', () => {
    const { state, commands } = run([loaded, chose, { kind: 'undid' }, failed('a', 1)]);
    expect(commands).toHaveLength(1);
    expect(state.given.size).toBe(0);
  });

  it('that fails leaves the label and says so', () => {
    const no: TriageEvent = { kind: 'withdraw_failed', exchangeId: 'a', act: 1, text: 'no' };
    const { state } = run([loaded, chose, kept('a', 1), { kind: 'undid' }, no]);
    expect(phase(state, 'a')).toBe('kept');
    expect(state.problems).toEqual([{ exchangeId: 'a', what: 'withdraw', text: 'no' }]);
  });

  it('of one that is on its way is overtaken by another label of the item', () => {
    const again: TriageEvent = { kind: 'chose', label: 'clean' };
    const { state, commands } = run([loaded, chose, { kind: 'undid' }, again, kept('a', 1), failed('a', 2)]);
    expect(commands.map(({ kind }) => kind)).toEqual(['label', 'label']);
    expect(state.given.get('a')).toMatchObject({ act: 1, phase: 'kept', labelId: 'l1' });
  });

  it('that is done while another label of the item fails leaves none', () => {
    const events = [loaded, chose, kept('a', 1), { kind: 'undid' } as const, chose];
    const { state } = run([...events, { kind: 'withdrawn', exchangeId: 'a', act: 1 }, failed('a', 2)]);
    expect(state.given.size).toBe(0);
  });

  it('goes back one by one, and ends', () => {
    const both = [loaded, chose, kept('a', 1), chose, kept('b', 2)];
    const { commands } = run([...both, { kind: 'undid' }, { kind: 'undid' }, { kind: 'undid' }]);
    expect(commands.filter(({ kind }) => kind === 'withdraw')).toMatchObject([{ labelId: 'l2' }, { labelId: 'l1' }]);
  });
});

describe('a note', () => {
  it('that comes after the label gives it again, and stays at the item', () => {
    const wrote: TriageEvent = { kind: 'wrote', exchangeId: 'a', text: 'seen' };
    const { state, commands } = run([loaded, chose, kept('a', 1), wrote, { kind: 'note_done', exchangeId: 'a' }]);
    expect(commands.at(-1)).toEqual({ kind: 'label', exchangeId: 'a', act: 2, label: 'violation', note: 'seen' });
    expect(state.at).toBe(1);
  });

  it('before the label is not sent by itself', () => {
    const wrote: TriageEvent = { kind: 'wrote', exchangeId: 'a', text: 'seen' };
    expect(run([loaded, wrote, { kind: 'note_done', exchangeId: 'a' }]).commands).toEqual([]);
  });
});

describe('loading', () => {
  it('asks for more before the end, once', () => {
    const many = Array.from({ length: 12 }, (_, index) => item(`x${index}`));
    const events: TriageEvent[] = [{ kind: 'loaded', items: many, next: 'p2' }];
    for (let index = 0; index < 6; index += 1) events.push({ kind: 'moved', by: 1 });
    expect(run(events).commands).toEqual([{ kind: 'load', cursor: 'p2' }]);
  });

  it('shows no item twice', () => {
    const again: TriageEvent = { kind: 'loaded', items: items('c', 'd'), next: null };
    expect(run([loaded, again]).state.items.map(({ exchange }) => exchange.exchange_id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that failed is said, and tried again only when asked', () => {
    const { state, commands } = run([
      { kind: 'load_failed', text: 'no' },
      { kind: 'moved', by: 1 },
    ]);
    expect(commands).toEqual([]);
    expect(state.loadProblem).toBe('no');
    expect(run([{ kind: 'load_again' }], state).commands).toEqual([{ kind: 'load', cursor: null }]);
  });
});

describe('the verdict of a blind item', () => {
  const blind = startTriage('control', true).state;

  it('is asked for only after the own label is in the ledger', () => {
    const before = run([loaded, { kind: 'asked_verdict' }], blind).state;
    expect(before.revealed.size).toBe(0);
    const back: TriageEvent = { kind: 'moved', by: -1 };
    expect(run([chose, back, { kind: 'asked_verdict' }], before).state.revealed.size).toBe(0);
    const after = run([chose, kept('a', 1), back, { kind: 'asked_verdict' }], before).state;
    expect([...after.revealed]).toEqual(['a']);
  });
});

it('labels given together can be undone one by one', () => {
  const labels = new Map([
    ['a', 'l-a'],
    ['z', 'l-z'],
  ]);
  const { state, commands } = run([loaded, { kind: 'labelled_together', label: 'clean', labels }, { kind: 'undid' }]);
  expect(commands).toEqual([{ kind: 'withdraw', exchangeId: 'z', act: 2, labelId: 'l-z' }]);
  expect(phase(state, 'a')).toBe('kept');
});

it('however labels, answers and undos are mixed, what is shown as kept is what the server has', () => {
  const acts = fc.array(fc.constantFrom('label', 'back', 'undo', 'ok', 'fail'), { maxLength: 60 });
  fc.assert(
    fc.property(acts, (script) => {
      let state = run([{ kind: 'loaded', items: items('a', 'b', 'c', 'd'), next: null }]).state;
      const waiting: Step['commands'][number][] = [];
      const server = new Map<string, string>();
      const feed = (event: TriageEvent) => {
        const after = step(state, event);
        state = after.state;
        waiting.push(...after.commands);
      };
      const answer = (fine: boolean) => {
        const asked = waiting.shift();
        if (asked === undefined || asked.kind === 'load') return;
        const { exchangeId, act } = asked;
        if (asked.kind === 'label') {
          if (fine) server.set(exchangeId, `l${act}`);
          feed(fine ? kept(exchangeId, act) : failed(exchangeId, act));
        } else {
          if (fine && server.get(exchangeId) === asked.labelId) server.delete(exchangeId);
          feed(fine ? { kind: 'withdrawn', exchangeId, act } : { ...asked, kind: 'withdraw_failed', text: 'no' });
        }
      };
      for (const act of script) {
        if (act === 'label') feed(chose);
        else if (act === 'back') feed({ kind: 'moved', by: -1 });
        else if (act === 'undo') feed({ kind: 'undid' });
        else answer(act === 'ok');
      }
      while (waiting.length > 0) answer(true);
      const shown = [...state.given].map(([id, given]) => [id, given.phase, given.labelId]);
      expect(shown.sort()).toEqual([...server].map(([id, labelId]) => [id, 'kept', labelId]).sort());
    }),
    { numRuns: 1_000 },
  );
});
