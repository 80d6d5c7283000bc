/** The admin server on a real ledger and real sockets, with a clock that tests set and hashes that cost little. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AdminSession, TEST_PASSWORD } from '../../../test/support/admin-session.ts';
import { type Config, configSchema } from '../../config/schema.ts';
import { type Permission, ROLE_PERMISSIONS, type Role } from '../../contract/roles.ts';
import type { ActRecord } from '../../ledger/acts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { openReader } from '../../ledger/reader.ts';
import { KeptLog } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { newId } from '../../telemetry/clock.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createAccountHandlers } from '../accounts/account-handlers.ts';
import { act } from '../accounts/act.ts';
import { ensureFirstUser } from '../accounts/first-user.ts';
import { Passwords } from '../auth/passwords.ts';
import type { Context, Handlers } from '../handlers.ts';
import type { HealthReport } from '../health.ts';
import { type Admin, startAdmin } from '../server.ts';

export interface RigOptions {
  readonly listen?: Partial<Config['listen']['admin']>;
  readonly console?: Partial<Config['console']>;
  /** Beside those of accounts, or in their place. */
  readonly handlers?: Partial<Handlers>;
  /** The same, of handlers that need the ledger. */
  readonly handlersOf?: (parts: {
    readonly ledger: Ledger;
    readonly url: string;
    readonly clock: SetClock;
  }) => Partial<Handlers>;
  readonly health?: () => HealthReport;
  readonly consoleFolder?: string;
}

/** Milliseconds since 1970; a test moves it. */
export class SetClock {
  ms = Date.now();
  now(): number {
    return this.ms;
  }
  monotonic(): number {
    return this.ms;
  }
}

export class AdminRig implements AsyncDisposable {
  readonly folder: string;
  readonly ledger: Ledger;
  readonly clock: SetClock;
  readonly log: KeptLog;
  readonly admin: Admin;
  /** The real handlers of accounts, for what a test needs before it asks the server. */
  readonly accounts: ReturnType<typeof createAccountHandlers>;
  readonly firstPassword: string;

  private constructor(parts: Omit<PublicParts, 'port' | 'base'>) {
    this.folder = parts.folder;
    this.ledger = parts.ledger;
    this.clock = parts.clock;
    this.log = parts.log;
    this.admin = parts.admin;
    this.accounts = parts.accounts;
    this.firstPassword = parts.firstPassword;
  }

  static async start(options: RigOptions = {}): Promise<AdminRig> {
    const folder = mkdtempSync(join(tmpdir(), 'admin-'));
    const clock = new SetClock();
    const log = new KeptLog();
    const url = `sqlite:${join(folder, 'ledger.db')}`;
    const ledger = await openLedger({ url, durability: 'process', clock, log });
    const parts = { ledger, passwords: new Passwords(CHEAP), clock, newId };
    const settings = settingsOf(options);
    try {
      const first = await ensureFirstUser(parts);
      const accounts = createAccountHandlers(parts);
      const admin = await startAdmin({
        ...parts,
        listen: settings.listen.admin,
        console: { ...settings.console, ...options.console },
        limits: settings.limits,
        log,
        metrics: createMetrics(),
        health: options.health ?? (() => ({ parts: [{ name: 'ledger', ok: true }] })),
        handlers: { ...accounts, ...options.handlers, ...options.handlersOf?.({ ledger, url, clock }) },
        consoleFolder: options.consoleFolder ?? join(folder, 'no-console'),
      });
      return new AdminRig({ folder, ledger, clock, log, admin, accounts, firstPassword: first?.password ?? '' });
    } catch (error) {
      await ledger.close();
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get port(): number {
    return this.admin.port;
  }

  get base(): string {
    return this.admin.url;
  }

  /** The administrator of the first start, signed in; its password becomes TEST_PASSWORD. */
  async administrator(): Promise<AdminSession> {
    const [row] = await this.ledger.rows<{ must_change: number }>('user', 'admin');
    return await this.sessionOf('admin', row?.must_change === 0 ? TEST_PASSWORD : this.firstPassword);
  }

  /** A new user of the role, signed in, with the password TEST_PASSWORD. */
  async user(name: string, role: Role): Promise<AdminSession> {
    const { password } = await this.accounts.create_user(
      { params: {}, query: {}, body: { name, role } },
      this.context('admin', 'admin'),
    );
    return await this.sessionOf(name, password);
  }

  async sessionOf(name: string, password = TEST_PASSWORD): Promise<AdminSession> {
    return await AdminSession.start(this.base, name, password);
  }

  /** A token of the user; it ends in an hour unless told otherwise. */
  async tokenOf(
    name: string,
    role: Role,
    scopes: readonly Permission[],
    lifeMs = 3_600_000,
  ): Promise<{ id: string; token: string }> {
    const expires_at = new Date(this.clock.ms + lifeMs).toISOString();
    const body = { name: 'test', scopes: [...scopes], expires_at };
    const made = await this.accounts.create_token({ params: {}, query: {}, body }, this.context(name, role));
    return { id: made.row.token_id, token: made.token };
  }

  /** What a handler gets with a call of this user. */
  context(user: string, role: Role): Context {
    const actor = { kind: 'user', name: user } as const;
    return {
      caller: { actor, user, role, permissions: new Set(ROLE_PERMISSIONS[role]) },
      requestId: newId(),
      signal: new AbortController().signal,
      act: (action, object, before, after) => act({ clock: this.clock, newId }, actor, action, object, before, after),
    };
  }

  /** Another server on the same ledger's file, as another process has it: it shares nothing else. */
  async second(): Promise<Admin & AsyncDisposable> {
    const reader = openReader(`sqlite:${join(this.folder, 'ledger.db')}`);
    const ledger = { rows: reader.rows.bind(reader), append: this.ledger.append.bind(this.ledger) };
    const { clock, log } = this;
    const passwords = new Passwords(CHEAP);
    const { console, limits, listen } = settingsOf({});
    const accounts = { ledger, passwords, clock, newId };
    const admin = await startAdmin({
      ...accounts,
      ...{ listen: listen.admin, console, limits, log },
      metrics: createMetrics(),
      health: () => ({ parts: [] }),
      handlers: createAccountHandlers(accounts),
    });
    return {
      ...admin,
      [Symbol.asyncDispose]: async () => {
        await admin.close();
        await reader.close();
      },
    };
  }

  /** Acts of the chain, oldest first. */
  acts(): ActRecord[] {
    const db = new DatabaseSync(join(this.folder, 'ledger.db'), { readOnly: true });
    const rows = db.prepare("SELECT body FROM records WHERE kind = 'act' ORDER BY seq").all();
    db.close();
    return rows.map(({ body }) => JSON.parse(String(body)) as ActRecord);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.close();
    await this.ledger.close();
    rmSync(this.folder, { recursive: true });
  }
}

type PublicParts = Pick<
  AdminRig,
  'folder' | 'ledger' | 'clock' | 'log' | 'admin' | 'accounts' | 'firstPassword' | 'port' | 'base'
>;

function settingsOf({ listen }: Pick<RigOptions, 'listen'>): Config {
  return configSchema.parse({
    listen: { admin: { port: 0, ...listen } },
    routes: [{ name: 'rest', hosts: ['*'], action: 'tunnel' }],
  });
}

/** The least that argon2 takes: what a hash costs is no matter of these tests. */
const CHEAP = { memory: 64, passes: 1, parallelism: 1 };
