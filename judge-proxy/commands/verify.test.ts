/**
 * Contract of `npm run verify`: exit code 0 for a ledger that holds, 1 for one that does not, 2 when nothing can be said;
 * the first bad record stands in the first line, and in `first` of the JSON.
 */

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { publicKeyFile } from '../ledger/checkpoint-key.ts';
import { RECORDS, VerifyRig } from '../ledger/verify-rig.ts';
import { verify } from './verify.ts';
import { createVerifyProgress } from './verify-progress.ts';

let rig: VerifyRig;

beforeEach(async () => {
  rig = new VerifyRig();
  await rig.write();
});
afterEach(() => rig.remove());

async function run(args: readonly string[], env: Record<string, string> = {}, signal = new AbortController().signal) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await verify(args, { stdout, stderr, env, signal });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

const edit = () => rig.tamper((db) => db.exec("UPDATE records SET body = replace(body, 'POST', 'PUT') WHERE seq = 3"));

describe('verify', () => {
  it('says that a ledger holds, and how far checkpoints vouch for it', async () => {
    const { code, out, err } = await run(['--ledger', rig.url]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^The ledger holds\.\n/);
    expect(out).toContain(`covers 1 to ${RECORDS}, 2026-01-31 12:00:00 UTC; 0 records came after it`);
    expect(await run([], { JUDGE_PROXY_LEDGER: rig.url })).toMatchObject({ code: 0 });
  });

  it('names the first bad record, in words and as JSON', async () => {
    edit();
    const { code, out } = await run(['--ledger', rig.url]);
    expect(code).toBe(1);
    expect(out).toMatch(/^The ledger DOES NOT HOLD\. First bad record: 3 \(edited\)\.\n/);
    expect(out).toContain('  3  edited: It is not what was sealed.');
    const json = await run(['--ledger', rig.url, '--json']);
    expect([json.code, JSON.parse(json.out)]).toEqual([
      1,
      expect.objectContaining({
        holds: false,
        first: { kind: 'edited', seq: 3, detail: 'It is not what was sealed.' },
        key_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      }),
    ]);
  });

  it('looks at a part only when it is told to', async () => {
    edit();
    expect(await run(['--ledger', rig.url, '--from', '4'])).toMatchObject({ code: 0 });
    expect(await run(['--ledger', rig.url, '--to', '3'])).toMatchObject({ code: 1 });
  });

  it('with checkpoints and key from elsewhere it does not need those beside the ledger', async () => {
    const [outside, key] = [join(rig.folder, 'outside.jsonl'), join(rig.folder, 'outside.pub')];
    copyFileSync(rig.places.file, outside);
    copyFileSync(publicKeyFile(rig.places.key), key);
    for (const file of [rig.places.file, rig.places.key, publicKeyFile(rig.places.key)]) rmSync(file);
    rig.tamper((db) => db.exec('DELETE FROM records WHERE seq > 7'));
    const blind = await run(['--ledger', rig.url]);
    expect(blind.out).not.toContain('cut:');
    expect(blind.out).toMatch(/warning: Without checkpoints/);
    const { code, out } = await run(['--ledger', rig.url, '--checkpoints', outside, '--public-key', key]);
    expect([code, out.split('\n')[0]]).toEqual([1, 'The ledger DOES NOT HOLD. First bad record: 8 (cut).']);
  });

  it('with --config it reads every checkpoint file that the configuration names', async () => {
    const copy = join(rig.folder, 'copy.jsonl');
    writeFileSync(copy, readFileSync(rig.places.file, 'utf8').replace('2026', '2027'));
    const config = join(rig.folder, 'config.yaml');
    const routes = [{ name: 'all', hosts: ['*'], action: 'tunnel' }];
    writeFileSync(config, stringify({ routes, ledger: { url: rig.url, checkpoints: { copies: [copy] } } }));
    const { code, out } = await run(['--config', config]);
    expect([code, out]).toEqual([1, expect.stringContaining(`Line 1 of ${copy} has a wrong signature.`)]);
  });

  it('prints the public key, never the private one', async () => {
    const { code, out } = await run(['--ledger', rig.url, '--show-key']);
    expect([code, out]).toEqual([0, readFileSync(publicKeyFile(rig.places.key), 'utf8')]);
    const ofPrivate = await run(['--ledger', rig.url, '--show-key', '--public-key', rig.places.key]);
    expect(ofPrivate.out).toBe(out);
  });

  it.each([
    [['--ledger', 'sqlite:/nonexistent/ledger.db'], 'does not exist'],
    [['--from', '0'], '--from takes a position'],
    [['--from', '3', '--to', '2'], '--from is behind --to'],
    [['--ledger', 'a', '--config', 'b'], 'not both'],
    [['--nonsense'], 'nonsense'],
    [['--show-key', '--public-key', '/nonexistent/key'], 'the first start makes it'],
  ])('%j says nothing about the ledger: exit code 2', async (args, text) => {
    const { code, out, err } = await run(args, { JUDGE_PROXY_LEDGER: rig.url });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(text);
  });

  it('a key that is not there, while checkpoints are, is not passed over', async () => {
    rmSync(publicKeyFile(rig.places.key));
    const { code, err } = await run(['--ledger', rig.url]);
    expect([code, err]).toEqual([2, expect.stringContaining('--public-key')]);
  });

  it('a check that is stopped says nothing about the ledger', async () => {
    const { code, out, err } = await run(['--ledger', rig.url], {}, AbortSignal.abort('SIGINT'));
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('Stopped')]);
  });

  it('--help', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--show-key') });
  });
});

describe('progress', () => {
  const shown = (isTTY: boolean, times: readonly number[]) => {
    let now = 0;
    const text: string[] = [];
    const stream = Object.assign(new PassThrough(), { isTTY });
    stream.write = (chunk: string) => text.push(chunk) > 0;
    const progress = createVerifyProgress(stream, { now: () => now, monotonic: () => now });
    for (const time of times) {
      now = time;
      progress.step(time, 4_000);
    }
    progress.end();
    return text;
  };

  it('is silent for a second', () => {
    expect([shown(true, [500, 900]), shown(false, [500, 900])]).toEqual([[], []]);
  });

  it('is a bar on a terminal, that goes away, and lines elsewhere', () => {
    expect(shown(true, [1_000, 1_050, 2_000])).toEqual([
      expect.stringContaining('1000 of 4000 records, 3 s left'),
      expect.stringContaining(`${'█'.repeat(15)}${'·'.repeat(15)}`),
      '\r\u001b[K',
    ]);
    expect(shown(false, [1_000, 1_100, 2_000])).toEqual([
      '1000 of 4000 records, 3 s left\n',
      '2000 of 4000 records, 2 s left\n',
    ]);
  });
});
