/** Contract: nobody waits for what is there, nobody waits after the caller went, and a failure of the index is told. */

import { expect, it, vi } from 'vitest';
import { caughtUp } from './catch-up.ts';

/** An index that never comes further, unless it is told to. */
function standing(position: number) {
  const moved = Promise.withResolvers<void>();
  return { position, caughtUp: vi.fn(() => moved.promise), moved };
}

const signal = new AbortController().signal;

it('asks nothing when it is there already', async () => {
  const index = standing(7);
  await caughtUp(index, 7, signal);
  expect(index.caughtUp).not.toHaveBeenCalled();
});

it('waits until it is', async () => {
  const index = standing(6);
  const waiting = caughtUp(index, 7, signal);
  index.moved.resolve();
  await waiting;
  expect(index.caughtUp).toHaveBeenCalledWith(7);
});

it('ends with the caller, before and while it waits', async () => {
  const gone = new AbortController();
  const waiting = caughtUp(standing(0), 1, gone.signal);
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await expect(caughtUp(standing(0), 1, gone.signal)).rejects.toThrow('gone');
});

it('tells when the index fails, and when it takes too long', async () => {
  const index = standing(0);
  const waiting = caughtUp(index, 1, signal);
  index.moved.reject(new Error('the index is closed'));
  await expect(waiting).rejects.toThrow('the index is closed');
  await expect(caughtUp(standing(0), 1, signal, 1)).rejects.toMatchObject({ code: 'ledger_unavailable' });
});
