/** Two texts that have nothing in common are refused soon: they are compared in the thread of traffic. */

import { expect, test } from 'vitest';
import { diffPolicies } from './policy-diff.ts';

function side(version: number, yaml: string) {
  return { judge: 'default', version, yaml };
}

/** As many lines as the text of a policy can have. */
function lines(letter: string): string {
  return `${letter}\n`.repeat(131_072);
}

test('a hundred thousand lines against others', () => {
  const before = process.cpuUsage();
  expect(() => diffPolicies(side(1, lines('a')), side(2, lines('b')))).toThrow('differ in too many lines');
  // Microseconds of this process. With 10,000 lines to change it was 27 s.
  expect(process.cpuUsage(before).user).toBeLessThan(3_000_000);
});

test('a rubric written anew, line by line, is compared', () => {
  const anew = (letter: string) => Array.from({ length: 900 }, (_, index) => `# ${letter} ${index}`).join('\n');
  expect(diffPolicies(side(1, anew('a')), side(2, anew('b'))).unified).toContain('+# b 899');
});
