/** Contract of `review costs`: sums by route and client, unknown prices named, times checked, nothing hostile shown. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ledger } from '../../ledger/ledger.ts';
import { showCosts } from './costs.ts';
import { readReviewOptions } from './options.ts';
import { addJudged, run, sampleLedger, Terminal } from './review-rig.ts';

let folder: string;
let url: string;
let ledger: Ledger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'review-costs-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await sampleLedger(url);
  await addJudged(ledger, 'exchange-paid', { judge_cost_usd: 0.000_142 });
});

afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});

it('shows traffic and judging side by side, and that a sum is not the whole', async () => {
  const { code, stdout } = await run(['costs', '--ledger', url]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Exchanges from the beginning to now\n/);
  expect(stdout).toMatch(/ROUTE +EXCHANGES +TRAFFIC TOKENS +TRAFFIC COST +JUDGING +JUDGING COST +OF TRAFFIC/);
  expect(stdout).toMatch(/openai +6 +60 in +\$0\.000355 +4 asked +\$0\.000142 +40\.0 %/);
  expect(stdout).toMatch(/4 judged +170 out +2320 tokens +\+ 3 unpriced\s+2 without verdict/);
  expect(stdout).toMatch(/all routes +6 /);
  expect(stdout).toMatch(/CLIENT[\s\S]*team-a +5 [\s\S]*client ␛/);
  expect(stdout).not.toMatch(/[^\P{C}\n]/u);
});

it('gives all sums as JSON, with the time they are of', async () => {
  const { stdout } = await run(['costs', '--ledger', url, '--json', '--since', '2026-01-31']);
  expect(JSON.parse(stdout)).toEqual({ since: '2026-01-31T00:00:00.000Z', ...(await ledger.costs({})) });
  const { stdout: none } = await run(['costs', '--ledger', url, '--until', '2026-01-31T12:00+01:00']);
  expect(none).toBe('Exchanges from the beginning to 2026-01-31 11:00:00 UTC\n\nNo exchange fits.\n');
});

it.each([
  [99_999, ''],
  [100_000, 'Reading the records of 100000 exchanges …\n'],
])('of %i exchanges says beforehand that it takes a while: %j', async (exchanges, said) => {
  const stats = async () => ({ ...(await ledger.stats()), exchanges });
  const io = { stdout: new Terminal(), stderr: new Terminal(), env: {}, signal: new AbortController().signal };
  const options = readReviewOptions(['costs'], 0);
  await showCosts({ stats, costs: (filter) => ledger.costs(filter) }, options, io, (_style, text) => text);
  expect(await io.stderr.text()).toBe(said);
});

describe('a time', () => {
  const now = Date.parse('2026-02-08T10:00:00.000Z');
  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:30.5+02:00', '2026-01-31T10:00:30.500Z'],
    ['36h', '2026-02-06T22:00:00.000Z'],
    ['7d', '2026-02-01T10:00:00.000Z'],
  ])('%s is %s', (text, since) => {
    expect(readReviewOptions(['costs', '--since', text], now).period).toEqual({ since });
  });

  it.each(['yesterday', '2026-13-01', '2026-01-31T12:00', '31.01.2026', '9999999d', '', "' OR 1"])(
    'is not %j',
    async (text) => {
      const { code, stderr } = await run(['costs', '--ledger', url, '--since', text]);
      expect(code).toBe(2);
      expect(stderr).toContain('--since takes a time such as 2026-01-31');
    },
  );
});
