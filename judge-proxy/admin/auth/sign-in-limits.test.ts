/**
 * Contract: ten failed attempts of one address and twenty on one name in a quarter of an hour; then there is a time to
 * wait. A million sources take no more memory than 16,384.
 */

import { expect, test } from 'vitest';
import { SignInLimits, SOURCES } from './sign-in-limits.ts';

async function attempts(limits: SignInLimits, count: number, of: (index: number) => readonly [string, string]) {
  const waits: number[] = [];
  for (let index = 0; index < count; index += 1) waits.push(await limits.take(...of(index)));
  return waits;
}

test('ten of one address, whatever the name', async () => {
  const waits = await attempts(new SignInLimits(), 12, (index) => [`name${index}`, '192.0.2.1']);
  expect(waits.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0));
  for (const wait of waits.slice(10)) expect(wait).toBeGreaterThan(890);
});

test('twenty on one name, wherever they come from', async () => {
  const waits = await attempts(new SignInLimits(), 21, (index) => ['admin', `192.0.2.${index}`]);
  expect(waits.filter((wait) => wait > 0)).toHaveLength(1);
});

test('an address that has to wait takes none of the attempts on a name', async () => {
  const limits = new SignInLimits();
  await attempts(limits, 100, () => ['admin', '192.0.2.1']);
  expect(await limits.take('admin', '192.0.2.2')).toBe(0);
});

test('those at one time are as many', async () => {
  const limits = new SignInLimits();
  const waits = await Promise.all(Array.from({ length: 30 }, () => limits.take('admin', '192.0.2.1')));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
});

test('a good one does not count', async () => {
  const limits = new SignInLimits();
  for (let index = 0; index < 50; index += 1) {
    expect(await limits.take('admin', '192.0.2.1')).toBe(0);
    await limits.forgive('admin', '192.0.2.1');
  }
});

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['::1', '::2', true],
])('%s and %s: one source %s', async (a, b, one) => {
  const limits = new SignInLimits();
  await attempts(limits, 10, (index) => [`n${index}`, a]);
  expect((await limits.take('other', b)) > 0).toBe(one);
});

test('a million sources: a bound on what is kept', { timeout: 60_000 }, async () => {
  const limits = new SignInLimits();
  for (let index = 0; index < 1_000_000; index += 1) {
    await limits.take(`name${index}`, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
  }
  expect(limits.kept).toBeLessThanOrEqual(2 * SOURCES);
  expect(limits.kept).toBeGreaterThan(SOURCES);
  // And who comes then waits, too: none is let in because others were forgotten.
  expect(await limits.take('admin', '203.0.113.9')).toBeGreaterThan(0);
});
