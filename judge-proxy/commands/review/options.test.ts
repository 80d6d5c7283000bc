/** Contract: wrong arguments are exit code 2 with the help; a ledger that is not there is exit code 1 with a sentence. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../ledger/ledger.ts';
import { run, sampleLedger } from './review-rig.ts';

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await sampleLedger(url);
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

describe('arguments', () => {
  it('--help is help', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^npm run review -- list/),
    });
    expect(await run(['tail', '--help', '--ledger', url])).toMatchObject({ code: 0 });
  });

  it.each([
    [[], 'Say what to do.'],
    [['lsit'], "There is no 'lsit'."],
    [['show'], 'show takes one ID.'],
    [['show', 'exchange-a', 'exchange-b'], 'show takes one ID.'],
    [['list', 'exchange-a'], 'list takes options only.'],
    [['list', '--labl', 'clean'], '--labl'],
    [['list', '--label', 'safe'], "--label takes one of clean, violation, undetermined, not 'safe'."],
    [['list', '--label', 'toString'], '--label takes one of'],
    [['list', '--severity', '3'], '--severity takes one of'],
    [['list', '--limit', '0'], '--limit takes a whole number above 0'],
    [['list', '--limit', '1e3'], '--limit takes a whole number above 0'],
    [['list', '--limit', '1001'], '--limit takes at most 1000'],
    [['list', '--before', 'x'], '--before takes a whole number above 0'],
    [['list', '--config', 'a', '--ledger', 'b'], 'Give --ledger or --config, not both.'],
  ])('%j is refused', async (args, complaint) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
    expect(stderr).toContain('npm run review -- list');
  });

  it('a ledger that is not there is exit code 1', async () => {
    const { code, stderr } = await run(['list', '--ledger', `sqlite:${join(folder, 'none.db')}`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The ledger .*none\.db does not exist\. /);
  });

  it('--config names the ledger', async () => {
    const config = join(folder, 'config.yaml');
    writeFileSync(config, `ledger: { url: '${url}' }\nroutes: [{ name: rest, hosts: ['*'], action: tunnel }]\n`);
    expect(await run(['list', '--config', config])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['list', '--config', join(folder, 'none.yaml')])).toMatchObject({ code: 1 });
  });
});
