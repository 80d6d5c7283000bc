/** Contract: text that is made to be slow is searched in bounded time, and what is not searched is taken out. */

import { expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time.ts';
import { LiteralSet } from './literals.ts';

it('a long literal in text that repeats itself', () => {
  const literals = new LiteralSet<string>();
  literals.add(`${'a'.repeat(200_000)}b`, 'secret');
  const text = 'a'.repeat(4 << 20);
  const started = cpuMs();
  const found = literals.find(text);
  expect(cpuMs() - started).toBeLessThan(5_000);
  expect(found.at(-1)).toMatchObject({ end: text.length, value: 'secret' });
});

it('many literals of one beginning', () => {
  const literals = new LiteralSet<number>();
  for (let n = 0; n < 2_000; n += 1) literals.add(`${'x'.repeat(64)}${n}`, n);
  const text = 'x'.repeat(4 << 20);
  const started = cpuMs();
  expect(literals.find(text).at(-1)).toMatchObject({ end: text.length });
  expect(cpuMs() - started).toBeLessThan(5_000);
});

it('an ordinary long text is searched to its end', () => {
  const literals = new LiteralSet<number>();
  literals.add('-----BEGIN PRIVATE KEY-----abcdefgh', 1);
  const text = `${'-----BEGIN CERTIFICATE-----\n'.repeat(100_000)}-----BEGIN PRIVATE KEY-----abcdefgh, end`;
  expect(literals.find(text)).toEqual([{ start: text.length - 40, end: text.length - 5, value: 1 }]);
});
