/**
 * What judging may cost, a day and a calendar month (UTC), for each judge and each client of it. What is spent is asked
 * before a call and charged after it, so calls in flight at the same time can overshoot: by at most
 * `limits.judge_concurrency` of them. After a restart it is what the verdicts in the ledger say.
 */

import type { JudgeConfig } from '../config/schema.ts';
import type { Clock } from '../telemetry/clock.ts';

export type BudgetLimits = JudgeConfig['budget'];

export const BUDGET_SCOPES = ['day', 'month', 'client_day', 'client_month'] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** What a judge spent for a client on one day. */
export interface SpendingRow {
  readonly judge: string;
  readonly client: string;
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  /** Of both directions. */
  readonly tokens: number;
  readonly usd: number;
}

export interface SpendingSource {
  /** @param sinceTs RFC 3339 UTC with milliseconds */
  spending(sinceTs: string): Promise<readonly SpendingRow[]>;
}

export interface Spent {
  readonly tokens: number;
  /** US dollars; what has no known price counts as nothing. */
  readonly usd: number;
}

/** Clients of one judge that are counted apart. All further ones share one account, with the budget of one client. */
const MOST_CLIENTS = 10_000;

interface JudgeBooks {
  readonly limits: BudgetLimits;
  readonly all: Account;
  readonly clients: Map<string, Account>;
  readonly others: Account;
}

export class Budgets {
  readonly #books: ReadonlyMap<string, JudgeBooks>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #mostClients: number;

  /** @param limits by name of the judge; judges without any are free */
  constructor(
    limits: ReadonlyMap<string, BudgetLimits>,
    clock: Pick<Clock, 'now'>,
    mostClients: number = MOST_CLIENTS,
  ) {
    const limited = [...limits].filter(([, budget]) => BUDGET_SCOPES.some((scope) => isLimited(budget, scope)));
    this.#books = new Map(
      limited.map(([name, budget]) => [
        name,
        { limits: budget, all: new Account(), clients: new Map(), others: new Account() },
      ]),
    );
    this.#clock = clock;
    this.#mostClients = mostClients;
  }

  /** Takes over what was spent in this month. Rejects when the source does; asks nothing when nothing is limited. */
  async load(source: SpendingSource): Promise<void> {
    if (this.#books.size === 0) return;
    const today = this.#today();
    for (const row of await source.spending(`${today.slice(0, 7)}-01T00:00:00.000Z`)) {
      // Rows come oldest day first, and an account forgets the day before.
      this.#charge(row.judge, row.client, row, row.day);
    }
  }

  /** @returns which budget is spent, null when the model may be asked */
  exhausted(judge: string, client: string): BudgetScope | null {
    const books = this.#books.get(judge);
    if (books === undefined) return null;
    const day = this.#today();
    const own = books.clients.get(client) ?? (this.#isFull(books) ? books.others : null);
    const spent: Readonly<Record<BudgetScope, Spent>> = {
      day: books.all.onDay(day),
      month: books.all.inMonth(day),
      client_day: own?.onDay(day) ?? NOTHING,
      client_month: own?.inMonth(day) ?? NOTHING,
    };
    return BUDGET_SCOPES.find((scope) => isSpent(books.limits[scope], spent[scope])) ?? null;
  }

  charge(judge: string, client: string, spent: Spent): void {
    this.#charge(judge, client, spent, this.#today());
  }

  #charge(judge: string, client: string, spent: Spent, day: string): void {
    const books = this.#books.get(judge);
    if (books === undefined) return;
    if (books.all.add(spent, day)) books.clients.clear();
    if (!isLimited(books.limits, 'client_day') && !isLimited(books.limits, 'client_month')) return;
    this.#clientAccount(books, client).add(spent, day);
  }

  #clientAccount(books: JudgeBooks, client: string): Account {
    const known = books.clients.get(client);
    if (known !== undefined) return known;
    if (this.#isFull(books)) return books.others;
    const account = new Account();
    books.clients.set(client, account);
    return account;
  }

  #isFull({ clients }: JudgeBooks): boolean {
    return clients.size >= this.#mostClients;
  }

  #today(): string {
    return new Date(this.#clock.now()).toISOString().slice(0, 10);
  }
}

const NOTHING: Spent = { tokens: 0, usd: 0 };

function isLimited(budget: BudgetLimits, scope: BudgetScope): boolean {
  return budget[scope].tokens !== undefined || budget[scope].usd !== undefined;
}

function isSpent(limit: BudgetLimits[BudgetScope], spent: Spent): boolean {
  return (
    spent.tokens >= (limit.tokens ?? Number.POSITIVE_INFINITY) || spent.usd >= (limit.usd ?? Number.POSITIVE_INFINITY)
  );
}

/** Of one payer. A clock that is set back changes nothing: days only follow each other. */
class Account {
  #date = '';
  #day: Spent = NOTHING;
  #month: Spent = NOTHING;

  onDay(date: string): Spent {
    return date > this.#date ? NOTHING : this.#day;
  }

  inMonth(date: string): Spent {
    return date.slice(0, 7) > this.#date.slice(0, 7) ? NOTHING : this.#month;
  }

  /** @returns whether it is the first of a new month */
  add(spent: Spent, date: string): boolean {
    const newMonth = date.slice(0, 7) > this.#date.slice(0, 7);
    this.#month = sum(this.inMonth(date), spent);
    this.#day = sum(this.onDay(date), spent);
    if (date > this.#date) this.#date = date;
    return newMonth;
  }
}

function sum(a: Spent, b: Spent): Spent {
  return { tokens: a.tokens + b.tokens, usd: a.usd + b.usd };
}
