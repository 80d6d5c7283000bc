/**
 * Contract: the keys of `ledger` and `log` do what docs/configuration.md says: where records are kept and what they
 * survive, which lines are written and for whom.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { ROOT } from '../support/chain.ts';
import { LoggedProcess } from '../support/process.ts';
import { chat } from '../support/settings-requests.ts';
import { JUDGED, SettingsWorld } from '../support/settings-world.ts';

let world: SettingsWorld;

beforeAll(async () => {
  world = await SettingsWorld.make();
});
afterAll(async () => {
  await world?.close();
});

describe('ledger', () => {
  it('url: is the file that holds the records', async () => {
    const file = join(world.folder, 'elsewhere/records.db');
    const url = `sqlite:${file}`;
    const moved = await world.start({ config: { ledger: { url } } });
    const usual = await world.start();
    await chat(moved.port, JUDGED.a, 'moved');
    await moved.verdict('moved');
    expect(existsSync(file)).toBe(true);
    for (const [running, ids] of [
      [moved, ['moved']],
      [usual, []],
    ] as const) {
      const reader = openReader(running === moved ? url : usual.ledgerUrl);
      expect((await reader.verdicts({ limit: 5 })).map((verdict) => verdict.client_request_id)).toEqual(ids);
      await reader.close();
    }
  });

  it.runIf(canTrace())('durability: with disk every commit is synced to it, with process none is', async () => {
    expect(await syncsOfOneExchange('process')).toBe(0);
    // At least when it was opened, and when it was completed.
    expect(await syncsOfOneExchange('disk')).toBeGreaterThanOrEqual(2);
  });
});

describe('log', () => {
  it('level: lines below it are not written', async () => {
    const lines = async (level: string | undefined) => {
      const running = await world.start({ config: level === undefined ? {} : { log: { level } } });
      await chat(running.port, JUDGED.a, 'level');
      await running.close(); // no line comes after this
      const events = running.text.map((line) => (JSON.parse(line) as { event: string }).event);
      return ['exchange', 'ready', 'stopped'].filter((event) => events.includes(event));
    };
    expect(await lines('debug')).toEqual(['exchange', 'ready', 'stopped']);
    expect(await lines(undefined)).toEqual(['ready', 'stopped']);
    expect(await lines('warn')).toEqual([]);
  });

  it('format: lines for people are no JSON', async () => {
    const [json, pretty] = [await world.start(), await world.start({ config: { log: { format: 'pretty' } } })];
    expect(JSON.parse(json.text.at(-1) ?? '')).toMatchObject({ event: 'ready', level: 'info' });
    expect(pretty.text.at(-1)).toMatch(/INFO.*ready/);
    expect(pretty.text.at(-1)).not.toContain('"event"');
  });
});

/** Times that the judge proxy asked the system to sync the ledger while one exchange passed. */
async function syncsOfOneExchange(durability: string): Promise<number> {
  const ledger = join(world.folder, `${durability}.db`);
  const config = join(world.folder, `${durability}.yaml`);
  const trace = join(world.folder, `${durability}.trace`);
  await writeFile(config, world.yaml({ ledger: { url: `sqlite:${ledger}`, durability } }));
  const child = new LoggedProcess([join(ROOT, 'test/support/traced-process.ts'), trace, config], {}, ROOT);
  const listening = await child.event('listening', (line) => line.mode === 'plain');
  await child.event('ready');
  const syncs = async () => (await readFile(trace, 'utf8')).split(`${ledger}-wal`).length - 1;
  const before = await syncs();
  await chat(Number(listening.port), JUDGED.a, durability);
  await child.event('verdict');
  const counted = (await syncs()) - before;
  child.kill('SIGTERM');
  await child.exited;
  return counted;
}

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-qq', '--seccomp-bpf', '-y', '-e', 'trace=fdatasync', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
