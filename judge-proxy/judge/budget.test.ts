/**
 * Contract: nothing is asked once a budget is spent, a day and a month end at midnight UTC, one client's spending is not
 * another's, and a restart starts from what the ledger says. However many clients come, what is held is bounded, and
 * coming under new names buys nothing.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BudgetLimits, Budgets, type SpendingRow } from './budget.ts';

const NONE: BudgetLimits = { day: {}, month: {}, client_day: {}, client_month: {} };
const NOON = Date.parse('2026-03-30T12:00:00Z');
const DAY = 86_400_000;

function budgetsOf(limits: Partial<BudgetLimits>, mostClients?: number) {
  const clock = { time: NOON, now: () => clock.time };
  const budgets = new Budgets(new Map([['default', { ...NONE, ...limits }]]), clock, mostClients);
  return { clock, budgets };
}

const spend = (tokens: number, usd = 0) => ({ tokens, usd });

describe('what is spent', () => {
  it.each<[string, Partial<BudgetLimits>, string | null]>([
    ['tokens a day', { day: { tokens: 100 } }, 'day'],
    ['dollars a day', { day: { usd: 0.5 } }, 'day'],
    ['tokens a month', { month: { tokens: 100 } }, 'month'],
    ['dollars a month', { month: { usd: 0.5 } }, 'month'],
    ['tokens a day of a client', { client_day: { tokens: 100 } }, 'client_day'],
    ['dollars a month of a client', { client_month: { usd: 0.5 } }, 'client_month'],
    ['nothing limited', {}, null],
  ])('%s', (_, limits, scope) => {
    const { budgets } = budgetsOf(limits);
    budgets.charge('default', 'a', spend(99, 0.49));
    expect(budgets.exhausted('default', 'a')).toBeNull();
    budgets.charge('default', 'a', spend(1, 0.01));
    expect(budgets.exhausted('default', 'a')).toBe(scope);
  });

  it('of a client binds this client, of a judge this judge', () => {
    const { budgets } = budgetsOf({ client_day: { tokens: 10 } });
    budgets.charge('default', 'a', spend(10));
    expect([budgets.exhausted('default', 'a'), budgets.exhausted('default', 'b')]).toEqual(['client_day', null]);
    expect(budgets.exhausted('other', 'a')).toBeNull();
  });

  it('a budget of 0 is spent from the start, also for who never asked', () => {
    expect(budgetsOf({ client_month: { usd: 0 } }).budgets.exhausted('default', 'a')).toBe('client_month');
  });

  it('is over at midnight UTC, and in a new month', () => {
    const { budgets, clock } = budgetsOf({ client_day: { tokens: 10 }, month: { tokens: 15 } });
    budgets.charge('default', 'a', spend(10));
    clock.time = Date.parse('2026-03-30T23:59:59.999Z');
    expect(budgets.exhausted('default', 'a')).toBe('client_day');
    clock.time += 1;
    expect(budgets.exhausted('default', 'a')).toBeNull();
    budgets.charge('default', 'a', spend(5));
    expect(budgets.exhausted('default', 'b')).toBe('month');
    clock.time += DAY;
    expect(budgets.exhausted('default', 'b')).toBeNull();
  });

  it('does not come back when the clock is set back', () => {
    const { budgets, clock } = budgetsOf({ day: { tokens: 10 } });
    budgets.charge('default', 'a', spend(10));
    clock.time -= DAY;
    expect(budgets.exhausted('default', 'a')).toBe('day');
    budgets.charge('default', 'a', spend(1));
    expect(budgets.exhausted('default', 'a')).toBe('day');
    clock.time += DAY;
    expect(budgets.exhausted('default', 'a')).toBe('day');
  });
});

describe('after a restart', () => {
  const rows: SpendingRow[] = [
    { judge: 'default', client: 'a', day: '2026-03-29', tokens: 7, usd: 0 },
    { judge: 'default', client: 'b', day: '2026-03-29', tokens: 5, usd: 0 },
    { judge: 'default', client: 'a', day: '2026-03-30', tokens: 2, usd: 0 },
    { judge: 'gone', client: 'a', day: '2026-03-30', tokens: 99, usd: 0 },
  ];

  it.each<[string, Partial<BudgetLimits>, string, string | null]>([
    ['the day of a client', { client_day: { tokens: 3 } }, 'a', null],
    ['the day of a client that is spent', { client_day: { tokens: 2 } }, 'a', 'client_day'],
    ['yesterday', { client_day: { tokens: 1 } }, 'b', null],
    ['the month of a client', { client_month: { tokens: 9 } }, 'a', 'client_month'],
    ['the month of all', { month: { tokens: 14 } }, 'c', 'month'],
    ['the day of all', { day: { tokens: 3 } }, 'c', null],
  ])('%s', async (_, limits, client, scope) => {
    const { budgets } = budgetsOf(limits);
    const asked: string[] = [];
    await budgets.load({
      spending: (since) => {
        asked.push(since);
        return Promise.resolve(rows);
      },
    });
    expect(asked).toEqual(['2026-03-01T00:00:00.000Z']);
    expect(budgets.exhausted('default', client)).toBe(scope);
  });

  it('nobody is asked when nothing is limited', async () => {
    await budgetsOf({}).budgets.load({ spending: () => Promise.reject(new Error('asked')) });
  });
});

it('new names buy nothing: beyond the bound all newcomers share one budget', () => {
  const { budgets } = budgetsOf({ client_day: { tokens: 10 } }, 3);
  for (const client of ['a', 'b', 'c']) budgets.charge('default', client, spend(1));
  for (let index = 0; index < 10; index++) {
    expect(budgets.exhausted('default', `new-${index}`)).toBeNull();
    budgets.charge('default', `new-${index}`, spend(1));
  }
  expect(budgets.exhausted('default', 'new-10')).toBe('client_day');
  expect(budgets.exhausted('default', 'a')).toBeNull();
});

it('for every order of clients and sums: asked as long as less than the limit is spent, and no longer', () => {
  const charge = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(30));
  fc.assert(
    fc.property(fc.array(charge, { maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (charges, limit) => {
      const { budgets } = budgetsOf({ client_day: { tokens: limit }, day: { tokens: 2 * limit } });
      const spent: Record<string, number> = { a: 0, b: 0, c: 0 };
      for (const [client, tokens] of charges) {
        const all = Object.values(spent).reduce((sum, value) => sum + value, 0);
        const own = spent[client] ?? 0;
        const expected = all >= 2 * limit ? 'day' : own >= limit ? 'client_day' : null;
        expect(budgets.exhausted('default', client)).toBe(expected);
        budgets.charge('default', client, spend(tokens));
        spent[client] = own + tokens;
      }
    }),
  );
});
