/**
 * Contract of `npm run users`: a lost password is mended at the terminal while the proxy is stopped, and told so while it
 * runs; passwords are printed once and stand in no file; what was done is in the chain, by whom.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureFirstUser } from '../admin/accounts/first-user.ts';
import { Passwords } from '../admin/auth/passwords.ts';
import { KeptLog } from '../ledger/sample-records.ts';
import { openLedger } from '../ledger/sqlite.ts';
import { newId, systemClock } from '../telemetry/clock.ts';
import { users } from './users.ts';

const folder = mkdtempSync(join(tmpdir(), 'users-'));
const file = join(folder, 'ledger.db');
const config = join(folder, 'config.yaml');
const open = () => openLedger({ url: `sqlite:${file}`, durability: 'process', clock: systemClock, log: new KeptLog() });

beforeAll(async () => {
  writeFileSync(config, `routes: [{ name: rest, hosts: ["*"], action: tunnel }]\nledger: { url: "sqlite:${file}" }\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await users([...args, '--config', config], {
    ...{ stdout, stderr, env: {}, signal: new AbortController().signal },
  });
  stdout.end();
  stderr.end();
  const text = async (stream: PassThrough) => Buffer.concat(await stream.toArray()).toString('utf8');
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

it('says that there is no ledger, and makes none', async () => {
  expect(await run('reset', 'admin')).toMatchObject({ code: 1, stderr: expect.stringContaining('does not exist') });
});

it('lists, adds, resets, changes and unlocks; each is an act of the person at the terminal', async () => {
  const ledger = await open();
  const passwords = new Passwords({ memory: 64, passes: 1, parallelism: 1 });
  await ensureFirstUser({ ledger, passwords, clock: systemClock, newId });
  await ledger.close();

  const reset = await run('reset', 'admin');
  expect(reset).toMatchObject({ code: 0, stderr: '' });
  const [password = ''] = /[a-z2-9]{5}(-[a-z2-9]{5}){3}/.exec(reset.stdout) ?? [];
  const db = new DatabaseSync(file);
  const [row] = db.prepare('SELECT password_hash, must_change FROM users').all();
  expect(await new Passwords().verify(password, String(row?.password_hash))).toBe(true);
  expect(row?.must_change).toBe(1);

  expect(await run('add', 'anna', '--role', 'reviewer')).toMatchObject({ code: 0 });
  expect(await run('add', 'anna')).toMatchObject({ code: 1, stderr: 'anna: There is a user of that name.\n' });
  expect(await run('role', 'anna', 'policy_editor')).toMatchObject({ stdout: 'anna is policy_editor.\n' });
  expect(await run('role', 'admin', 'viewer')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has to stay'),
  });
  expect(await run('reset', 'nobody')).toMatchObject({ code: 1 });
  db.prepare("UPDATE users SET disabled_at = '2026-01-01T00:00:00.000Z' WHERE name = 'anna'").run();
  expect((await run('list')).stdout).toMatch(/^admin +admin +has to change.*\nanna +policy_editor +locked, /);
  expect(await run('unlock', 'anna', '--json')).toMatchObject({
    stdout: expect.stringContaining('"disabled_at":null'),
  });

  const bodies = db.prepare("SELECT body FROM records WHERE kind = 'act' ORDER BY seq").all();
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const acts = bodies.map(({ body }) => JSON.parse(String(body)) as { action: string; actor: object });
  expect(acts.slice(1)).toMatchObject(
    ['user.password', 'user.create', 'user.update', 'user.update'].map((action) => ({
      action,
      actor: { kind: 'cli', name: userInfo().username },
    })),
  );
  expect(readFileSync(file, 'latin1')).not.toContain(password);
});

it('while the proxy runs it lists, and says what to do for everything else', async () => {
  const ledger = await open();
  try {
    expect(await run('list', '--json')).toMatchObject({ code: 0, stdout: expect.stringContaining('"name":"anna"') });
    const refused = await run('reset', 'admin');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('The judge proxy runs');
    expect(refused.stderr).toContain('stop the proxy, run this again');
  } finally {
    await ledger.close();
  }
});

it.each([
  [[], 'Which command?'],
  [['delete', 'admin'], 'no command'],
  [['reset'], 'takes 1'],
  [['list', 'admin'], 'takes 0'],
  [['add', 'a', 'b'], 'takes 1'],
  [['add', 'Anna'], 'small letters'],
  [['add', 'a', '--role', 'root'], 'A role is one of'],
  [['add', 'a', '--rôle', 'x'], '--r'],
])('%j: exit code 2', async (args, words) => {
  const answer = await run(...args);
  expect(answer.code).toBe(2);
  expect(answer.stderr).toContain(words);
});
