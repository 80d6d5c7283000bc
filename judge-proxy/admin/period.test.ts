/** Contract: times of callers in the one form of the ledger, which sorts as text; what is undefined is absent. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defined, instant, instants, period } from './period.ts';

it.each([
  ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31T12:00:00.5+02:00', '2026-01-31T10:00:00.500Z'],
  ['2025-12-31T23:30:00-01:00', '2026-01-01T00:30:00.000Z'],
])('%s is %s', (given, wanted) => {
  expect(instant(given)).toBe(wanted);
});

it('sorts as text in the order of time', () => {
  const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
  fc.assert(
    fc.property(time, time, (a, b) => {
      expect(instant(a.toISOString()) < instant(b.toISOString())).toBe(a.getTime() < b.getTime());
    }),
  );
});

it('leaves what else was asked as it is', () => {
  const query = { since: '2026-01-31T12:00:00+01:00', until: undefined, route: undefined, judged: false };
  expect(instants(query)).toStrictEqual({ since: '2026-01-31T11:00:00.000Z', judged: false });
  expect(defined({ a: undefined, b: null, c: 0, d: '' })).toStrictEqual({ b: null, c: 0, d: '' });
});

it('a period ends after it begins, whatever the offsets say', () => {
  const [since, until] = ['2026-01-31T12:00:00+02:00', '2026-01-31T11:00:00Z'];
  expect(period({ since, until })).toEqual({ since: '2026-01-31T10:00:00.000Z', until: '2026-01-31T11:00:00.000Z' });
  for (const wrong of [
    { since: until, until: since },
    { since, until: since },
  ]) {
    expect(() => period(wrong)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  }
});
