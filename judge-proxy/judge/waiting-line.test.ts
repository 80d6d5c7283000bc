/**
 * Contract: bounded; clients are called by turns, and one that floods the line neither delays another by more than one
 * call nor keeps it out.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Waiter, WaitingLine } from './waiting-line.ts';

/** A line whose waiters have names: client and number. */
function lineOf(most: number) {
  const line = new WaitingLine(most);
  const displaced: string[] = [];
  const names = new Map<Waiter, string>();
  const enter = (client: string, name: string) => {
    const waiter: Waiter = { client, call: () => undefined, displace: () => displaced.push(name) };
    names.set(waiter, name);
    return line.enter(waiter);
  };
  const next = () => {
    const waiter = line.next();
    return waiter === null ? null : (names.get(waiter) ?? '');
  };
  return { line, displaced, enter, next };
}

describe('the line', () => {
  it('calls clients by turns, and each in its own order', () => {
    const { enter, next } = lineOf(10);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) enter(name.charAt(0), name);
    expect([1, 2, 3, 4, 5, 6, 7].map(next)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', null]);
  });

  it('that is full takes the last place of who has most', () => {
    const { line, displaced, enter } = lineOf(3);
    for (const name of ['a1', 'a2', 'a3']) expect(enter('a', name)).toBe(true);
    expect(enter('a', 'a4')).toBe(false);
    expect(enter('b', 'b1')).toBe(true);
    expect(displaced).toEqual(['a3']);
    expect(enter('b', 'b2')).toBe(false);
    expect(line.size).toBe(3);
  });

  it('forgets who left, once', () => {
    const line = new WaitingLine(2);
    const waiter: Waiter = { client: 'a', call: () => undefined, displace: () => undefined };
    line.enter(waiter);
    line.leave(waiter);
    line.leave(waiter);
    expect([line.size, line.next()]).toEqual([0, null]);
  });
});

it('for every flood: a client with one question is let in, and called among the first of all clients', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 5, max: 20 }),
      (flood, most) => {
        const { line, enter, next } = lineOf(most);
        flood.forEach((client, index) => void enter(client, `${client}${index}`));
        expect(line.size).toBeLessThanOrEqual(most);
        expect(enter('late', 'late')).toBe(true);
        expect(line.size).toBeLessThanOrEqual(most);
        expect([1, 2, 3, 4].map(next)).toContain('late');
      },
    ),
  );
});
