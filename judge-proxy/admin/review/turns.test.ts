/** Contract: of one name one after the other, whatever became of the one before; of two names beside each other. */

import { expect, it } from 'vitest';
import { createTurns } from './turns.ts';

it('waits for its name alone, and a failure stops nobody', async () => {
  const turns = createTurns();
  const [first, done] = [Promise.withResolvers<void>(), [] as string[]];
  const run = (word: string, until?: Promise<void>) => async () => {
    await until;
    done.push(word);
    return word;
  };
  const a1 = turns.take('a', run('a1', first.promise));
  const a2 = turns.take('a', async () => Promise.reject(new Error('a2')));
  const a3 = turns.take('a', run('a3'));
  expect(await turns.take('b', run('b1'))).toBe('b1');
  expect(done).toEqual(['b1']);
  first.resolve();
  expect(await a1).toBe('a1');
  await expect(a2).rejects.toThrow('a2');
  expect(await a3).toBe('a3');
  expect(done).toEqual(['b1', 'a1', 'a3']);
  expect(await turns.take('a', run('a4'))).toBe('a4');
});
