/**
 * Contract of `npm run erase`: it erases what is named, and nothing without being told to twice; while the proxy runs it
 * says where to erase instead; what it did is in the chain, by whom; what could not be erased is said.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { found, judgedExchange } from '../ledger/erasure-rig.ts';
import { writeOldLedger } from '../ledger/old-ledger.ts';
import { believedBefore } from '../ledger/retention-clock.ts';
import { VerifyRig } from '../ledger/verify-rig.ts';
import { erase } from './erase.ts';

const TS = '2026-01-01T00:00:00.000Z';
const ROUTES = [{ name: 'rest', hosts: ['*'], action: 'tunnel' }];

let rig: VerifyRig;
let config: string;

beforeEach(async () => {
  rig = new VerifyRig();
  config = join(rig.folder, 'config.yaml');
  writeFileSync(config, stringify({ routes: ROUTES, ledger: { url: rig.url } }));
});
afterEach(() => rig.remove());

async function fill(): Promise<void> {
  const ledger = await rig.open();
  await judgedExchange(ledger, 'first-exchange', 'team-a', TS);
  await judgedExchange(ledger, 'other-exchange', 'team-b', TS);
  await ledger.close();
}

async function run(args: readonly string[], typed?: string) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const stdin = typed === undefined ? undefined : Object.assign(new PassThrough(), { isTTY: true });
  stdin?.end(typed);
  const io = { stdout, stderr, env: {}, signal: new AbortController().signal };
  const code = await erase([...args, '--config', config], stdin === undefined ? io : { ...io, stdin });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

const TEXT = ['--exchange', 'first-exchange', '--tier', 'text'];

describe('erase', () => {
  it('takes an exchange, and records who did it', async () => {
    await fill();
    const { code, out, err } = await run([...TEXT, '--yes']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^Erased text of exchange first-exchange: 1 exchanges, 5 records \(erasure [0-9a-f-]{36}\)\.\n$/,
    );
    expect(found(rig.file, ['quote-first-exchange', 'quote-other-exchange'])).toEqual(['quote-other-exchange']);
    const db = new DatabaseSync(rig.file, { readOnly: true });
    const body = db.prepare("SELECT body FROM records WHERE kind = 'erasure'").get()?.body;
    db.close();
    expect(JSON.parse(String(body))).toMatchObject({
      actor: { kind: 'cli', name: userInfo().username },
      reason: 'request',
    });
    // The checkpoint of the last record was made, too.
    expect(await rig.verify()).toMatchObject({ holds: true, faults: [], warnings: [] });
  });

  it('takes a client whole, and the index of the console with it', async () => {
    await fill();
    writeFileSync(`${rig.file}.index.db`, 'team-a');
    const { code, out } = await run(['--client', 'team-a', '--tier', 'metadata', '--yes', '--json']);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ exchanges: 1, records: 6, left: 0, kept: 0 }),
    ]);
    expect(found(rig.file, ['team-a', 'team-b'])).toEqual(['team-b']);
    expect(existsSync(`${rig.file}.index.db`)).toBe(false);
  });

  it('asks, and does nothing without a yes', async () => {
    await fill();
    const refused = await run(TEXT, 'no\n');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('Erase text of exchange first-exchange? This cannot be undone.');
    expect(await run(TEXT)).toMatchObject({ code: 2, err: expect.stringContaining('give --yes') });
    expect(found(rig.file, ['quote-first-exchange'])).toHaveLength(1);
    expect(await run(TEXT, 'y\n')).toMatchObject({ code: 0 });
    expect(found(rig.file, ['quote-first-exchange'])).toEqual([]);
  });

  it('takes what retention keeps no longer, by the clock, and retention believes that clock from then on', async () => {
    await fill();
    writeFileSync(config, stringify({ routes: ROUTES, ledger: { url: rig.url, retention: { text: '1d' } } }));
    const asked = await run(['--retention-now'], 'no\n');
    expect(asked).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Erase text from before .*by the clock of this/),
    });
    expect(found(rig.file, ['quote-first-exchange'])).toHaveLength(1);
    const { code, out } = await run(['--retention-now', '--yes']);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^Erased text from before \S+: 2 exchanges, 10 records\.\n$/),
    ]);
    expect(found(rig.file, ['quote-first-exchange', 'quote-other-exchange'])).toEqual([]);
    const ledger = await rig.open();
    expect(await believedBefore(ledger)).toBeGreaterThan(Date.parse(TS) + 86_400_000);
    await ledger.close();
    expect((await rig.verify()).faults).toEqual([]);
  });

  it('without retention says that nothing is to be erased by age', async () => {
    await fill();
    const answer = await run(['--retention-now', '--yes']);
    expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('keeps everything for ever') });
  });

  it('while the proxy runs says where to erase', async () => {
    await fill();
    const ledger = await rig.open();
    const { code, err } = await run([...TEXT, '--yes']);
    expect([code, err]).toEqual([1, expect.stringMatching(/The judge proxy runs.*POST \/api\/erasures/)]);
    await ledger.close();
  });

  it('says what of an older ledger it could not erase', async () => {
    writeOldLedger(rig.file, 'old-exchange', 'team-old', TS);
    await (await rig.open()).close();
    const { code, out } = await run(['--client', 'team-old', '--tier', 'metadata', '--yes']);
    expect([code, out]).toEqual([1, expect.stringContaining('Kept: 4 records from before schema 5')]);
  });

  it.each([
    [['--tier', 'text'], 'Give --exchange or --client'],
    [['--exchange', 'a', '--client', 'b', '--tier', 'text'], 'Give --exchange or --client'],
    [['--client', 'a'], '--tier is one of sealed, text, metadata'],
    [['--retention-now', '--tier', 'text'], '--retention-now goes with none of the others'],
    [['--client', 'a', '--tier', 'all'], '--tier is one of'],
  ])('%j: exit code 2', async (args, words) => {
    expect(await run(args)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
  });

  it.each([
    ['first-', 'Give the whole id: first-exchange'],
    ['unknown-exchange', 'no such exchange'],
    ['x', 'at least 6 characters'],
  ])('%s names no exchange to erase', async (id, words) => {
    await fill();
    const answer = await run(['--exchange', id, '--tier', 'text', '--yes']);
    expect(answer).toMatchObject({ code: 1, err: expect.stringContaining(words) });
  });

  it('makes no ledger where there is none', async () => {
    expect(await run([...TEXT, '--yes'])).toMatchObject({ code: 1, err: expect.stringContaining('does not exist') });
    expect(existsSync(rig.file)).toBe(false);
  });
});
