/** Texts are compared in the thread of traffic: those that have nothing in common are refused soon, and traffic goes on. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { diffPolicies } from './policy-diff.ts';

function side(version: number, yaml: string) {
  return { judge: 'default', version, yaml };
}

/** As many lines as the text of a policy can have. */
function lines(letter: string): string {
  return `${letter}\n`.repeat(131_072);
}

test('a hundred thousand lines against others', async () => {
  const before = process.cpuUsage();
  await expect(diffPolicies(side(1, lines('a')), side(2, lines('b')))).rejects.toMatchObject({
    ...{ code: 'not_possible', detail: 'The two texts differ in too many lines.' },
  });
  // Microseconds of this process. With 10,000 lines to change it was 27 s.
  expect(process.cpuUsage(before).user).toBeLessThan(3_000_000);
});

test('a rubric written anew, line by line, is compared; others have their turns meanwhile', async () => {
  const anew = (letter: string) => Array.from({ length: 900 }, (_, index) => `# ${letter} ${index}`).join('\n');
  let ended = false;
  const asked = diffPolicies(side(1, anew('a')), side(2, anew('b'))).finally(() => {
    ended = true;
  });
  let turns = 0;
  for (; !ended; turns += 1) await setImmediate();
  expect((await asked).unified).toContain('+# b 899');
  // One for each of the 1,800 changed lines at the least.
  expect(turns).toBeGreaterThan(1_000);
});
