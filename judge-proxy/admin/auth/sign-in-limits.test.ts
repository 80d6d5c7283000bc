/**
 * Contract: ten failed attempts of one address and twenty on one name in a quarter of an hour; then there is a time to
 * wait. A browser that is known has ten of its own, whatever others do. However many sources there are, no more memory is
 * taken than there are counters.
 */

import { expect, test } from 'vitest';
import { SignInLimits } from './sign-in-limits.ts';

/** With one key two addresses share a counter always or never. */
const newLimits = () => new SignInLimits({ key: 'of the test' });

/** Seconds to wait. */
async function tried(limits: SignInLimits, name: string, address: string, device: string | null = null) {
  return (await limits.take({ name, address, device })).wait;
}

async function attempts(limits: SignInLimits, count: number, of: (index: number) => readonly [string, string]) {
  const waits: number[] = [];
  for (let index = 0; index < count; index += 1) waits.push(await tried(limits, ...of(index)));
  return waits;
}

test('ten of one address, whatever the name', async () => {
  const waits = await attempts(newLimits(), 12, (index) => [`name${index}`, '192.0.2.1']);
  expect(waits.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0));
  for (const wait of waits.slice(10)) expect(wait).toBeGreaterThan(890);
});

test('twenty on one name, wherever they come from', async () => {
  const waits = await attempts(newLimits(), 21, (index) => ['admin', `192.0.2.${index}`]);
  expect(waits.filter((wait) => wait > 0)).toHaveLength(1);
});

test('an address that has to wait takes none of the attempts on a name', async () => {
  const limits = newLimits();
  await attempts(limits, 100, () => ['admin', '192.0.2.1']);
  expect(await tried(limits, 'admin', '192.0.2.2')).toBe(0);
});

test('those at one time are as many', async () => {
  const limits = newLimits();
  const waits = await Promise.all(Array.from({ length: 30 }, () => tried(limits, 'admin', '192.0.2.1')));
  expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
});

test('a good one does not count', async () => {
  const limits = newLimits();
  for (let index = 0; index < 50; index += 1) {
    const attempt = await limits.take({ name: 'admin', address: '192.0.2.1', device: null });
    expect(attempt.wait).toBe(0);
    await attempt.good();
  }
});

test.each([
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::ffff:192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['::1', '::2', true],
])('%s and %s: one source %s', async (a, b, one) => {
  const limits = newLimits();
  await attempts(limits, 10, (index) => [`n${index}`, a]);
  expect((await tried(limits, 'other', b)) > 0).toBe(one);
});

test('a known browser is let in whatever others do, ten times of its own, and is then like any other', async () => {
  const limits = newLimits();
  await attempts(limits, 100, (index) => ['admin', `192.0.2.${index}`]);
  await attempts(limits, 100, () => ['other', '192.0.2.200']);
  expect(await tried(limits, 'admin', '203.0.113.1')).toBeGreaterThan(0);
  for (let index = 0; index < 10; index += 1) expect(await tried(limits, 'admin', '192.0.2.200', 'known')).toBe(0);
  expect(await tried(limits, 'admin', '192.0.2.200', 'known')).toBeGreaterThan(0);
  expect(await tried(limits, 'admin', '203.0.113.2', 'another')).toBe(0);
});

test('a browser that is known gives its address and its name nothing by signing in', async () => {
  const limits = newLimits();
  await attempts(limits, 10, () => ['admin', '192.0.2.1']);
  for (let index = 0; index < 20; index += 1) {
    const attempt = await limits.take({ name: 'eve', address: '192.0.2.1', device: 'of eve' });
    expect(attempt.wait).toBe(0);
    await attempt.good();
  }
  expect(await tried(limits, 'admin', '192.0.2.1')).toBeGreaterThan(0);
});

test('more sources than counters: a bound on what is kept', async () => {
  const sources = 64;
  const limits = new SignInLimits({ key: 'of the test', sources });
  await attempts(limits, 10_000, (index) => [`name${index}`, `10.0.${index >> 8}.${index & 255}`]);
  expect(limits.kept).toBe(2 * sources);
  // And who comes then waits, too: none is let in because others were forgotten.
  expect(await tried(limits, 'admin', '203.0.113.9')).toBeGreaterThan(0);
});
