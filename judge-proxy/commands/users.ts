/**
 * `npm run users`: users of the console from the machine's own terminal, for the day when nobody can sign in. The ledger
 * has one writer: while the proxy runs, that is the proxy, and users are changed in the console.
 */

import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { act } from '../admin/accounts/act.ts';
import { createUserHandlers } from '../admin/accounts/user-handlers.ts';
import { type StoredUser, userRow } from '../admin/auth/account-rows.ts';
import { Passwords } from '../admin/auth/passwords.ts';
import type { Context } from '../admin/handlers.ts';
import { ApiProblem } from '../admin/problems.ts';
import type { Config } from '../config/schema.ts';
import { newUser } from '../contract/requests.ts';
import { ROLE_PERMISSIONS, ROLES } from '../contract/roles.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { LedgerError } from '../ledger/ledger-error.ts';
import { openReader } from '../ledger/reader.ts';
import { openLedger } from '../ledger/sqlite.ts';
import { newId, systemClock } from '../telemetry/clock.ts';
import { createLog } from '../telemetry/log.ts';
import { CommandError, type CommandIo } from './command.ts';
import { DEFAULT_CONFIG, guarded, readConfig, UsageError } from './options.ts';

const HELP = `npm run users -- COMMAND [options]

Users of the review console and the admin API. Everything but list needs the judge proxy to be stopped: it alone writes
the ledger while it runs, and users are changed in its console then.

  list              names, roles, who is locked
  add NAME          a new user; the password is printed once
  reset NAME        a new password, printed once; all sessions of the user end
  unlock NAME       lets a locked user sign in again
  role NAME ROLE    another role: ${ROLES.join(', ')}

  --role ROLE     for add (viewer)
  --config FILE   configuration that names the ledger (${DEFAULT_CONFIG})
  --json          the answer as JSON
`;

interface Order {
  readonly command: string;
  readonly name: string;
  readonly role: string;
  readonly json: boolean;
  readonly config: string | undefined;
}

export async function users(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const order = readOrder(args);
    if (order === null) {
      io.stdout.write(HELP);
      return 0;
    }
    const config = await readConfig(order.config, io);
    const lines = order.command === 'list' ? await list(config, order) : await change(config, order);
    io.stdout.write(lines);
    return 0;
  });
}

/** @throws {UsageError} */
function readOrder(args: readonly string[]): Order | null {
  const { values, positionals } = parsed(args);
  const [command = '', name = '', role = '', ...more] = positionals;
  if (values.help || command === 'help') return null;
  const names = { list: 0, add: 1, reset: 1, unlock: 1, role: 2 }[command];
  if (names === undefined)
    throw new UsageError(command === '' ? 'Which command?' : `There is no command '${command}'.`);
  if (more.length > 0 || positionals.length !== names + 1) throw new UsageError(`${command} takes ${names} names.`);
  const asked = command === 'role' ? role : (values.role ?? 'viewer');
  if (!ROLES.some((known) => known === asked)) throw new UsageError(`A role is one of ${ROLES.join(', ')}.`);
  return { command, name, role: asked, json: values.json === true, config: values.config };
}

function parsed(args: readonly string[]) {
  const options = {
    role: { type: 'string' },
    config: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function list(config: Config, { json }: Order): Promise<string> {
  const reader = openReader(config.ledger.url);
  try {
    const rows = (await reader.rows<StoredUser>('users')).map(userRow);
    if (json) return `${JSON.stringify(rows)}\n`;
    const lines = rows.map(({ name, role, disabled_at, must_change_password }) => {
      const notes = [disabled_at === null ? '' : 'locked', must_change_password ? 'has to change the password' : ''];
      return `${name.padEnd(24)}${role.padEnd(16)}${notes.filter((note) => note !== '').join(', ')}`.trimEnd();
    });
    return `${lines.join('\n')}\n`;
  } finally {
    await reader.close();
  }
}

async function change(config: Config, order: Order): Promise<string> {
  const ledger = await openForWriting(config);
  try {
    return await carryOut(ledger, order);
  } catch (error) {
    if (error instanceof ApiProblem) throw new CommandError(`${order.name}: ${error.detail ?? error.message}`);
    throw error;
  } finally {
    await ledger.close();
  }
}

async function openForWriting(config: Config): Promise<Ledger> {
  const { url, durability } = config.ledger;
  await openReader(url).close(); // a ledger that is not there is a wrong --config, not a new ledger
  try {
    const log = createLog({ level: 'silent', format: 'json', verdictFields: [] });
    return await openLedger({ url, durability, clock: systemClock, log });
  } catch (error) {
    if (!(error instanceof LedgerError) || error.reason !== 'in_use') throw error;
    throw new CommandError(
      'The judge proxy runs, and it alone writes its ledger. Let another administrator do it in the console (Users), or stop the proxy, run this again and start it.',
    );
  }
}

async function carryOut(ledger: Ledger, { command, name, role, json }: Order): Promise<string> {
  const handlers = createUserHandlers({ ledger, clock: systemClock, passwords: new Passwords() });
  const params = { params: { name }, query: {} } as const;
  const context = commandContext();
  const shown = ROLES.find((known) => known === role) ?? 'viewer';
  if (command === 'unlock' || command === 'role') {
    const body = command === 'unlock' ? { disabled: false } : { role: shown };
    const row = await handlers.change_user({ ...params, body }, context);
    return json
      ? `${JSON.stringify(row)}\n`
      : `${name} is ${row.role}${row.disabled_at === null ? '' : ', and locked'}.\n`;
  }
  const made =
    command === 'add'
      ? await handlers.create_user({ params: {}, query: {}, body: checkedUser(name, shown) }, context)
      : await handlers.reset_password({ ...params, body: {} }, context);
  if (json) return `${JSON.stringify(made)}\n`;
  const locked = made.user.disabled_at === null ? '' : `${name} is locked: npm run users -- unlock ${name}\n`;
  return `Password of ${name}, shown this once, to be changed at the next sign-in:\n\n    ${made.password}\n\n${locked}`;
}

function checkedUser(name: string, role: (typeof ROLES)[number]) {
  const user = newUser.safeParse({ name, role });
  if (user.success) return user.data;
  throw new UsageError('A name has small letters, digits and . _ @ -, at most 63, and begins with a letter or digit.');
}

/** Who sits at the terminal may everything: the file is theirs. */
function commandContext(): Context {
  const actor = { kind: 'cli', name: userInfo().username } as const;
  return {
    caller: { actor, user: actor.name, role: 'admin', permissions: new Set(ROLE_PERMISSIONS.admin) },
    requestId: newId(),
    signal: new AbortController().signal,
    act: (action, object, before, after) => act({ clock: systemClock, newId }, actor, action, object, before, after),
  };
}
