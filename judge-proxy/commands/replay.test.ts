/**
 * Contract of `npm run replay`, on a real ledger that is being written, with a model endpoint beside it:
 * - what it will cost is said first, and nothing is asked before somebody agreed;
 * - what changes is told by exchange and by criterion, of exactly the exchanges that were meant, and nothing is written to
 *   the ledger.
 * The endpoint answers by fixed patterns: what it finds says nothing about any model.
 */

import { existsSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { LEAK, ReplayRig } from './replay/replay-rig.ts';
import type { ReplayReport } from './replay/report.ts';
import { HOSTILE } from './review/review-rig.ts';

let rig: ReplayRig;

beforeEach(async () => {
  rig = await ReplayRig.start();
});
afterEach(() => rig.close());

/** So many exchanges, `exchange-00` the oldest. */
async function record(count: number): Promise<void> {
  for (let index = 0; index < count; index++) await rig.record(`exchange-${String(index).padStart(2, '0')}`);
}

describe('the difference', () => {
  it('says what would newly block and newly pass, and leaves the ledger alone', async () => {
    const stopped: Partial<NewVerdict> = {
      ...{ action: 'blocked', overall: { label: 'violation', severity: 'critical', score: 1 } },
    };
    await rig.record('exchange-same');
    await rig.record('exchange-block', { text: LEAK });
    await rig.record('exchange-pass', { opened: { mode: 'hold' }, verdict: stopped });
    await rig.record('exchange-still', {
      text: LEAK,
      opened: { mode: 'window' },
      verdict: { ...stopped, action: 'cut' },
    });
    await rig.record('exchange-first', { opened: { judge: null }, verdict: null });
    const before = await rig.ledger.head();

    const { code, report } = await rig.replay();
    expect(code).toBe(0);
    expect(report.diff.changes).toEqual({
      ...{ newly_blocks: 1, newly_passes: 1, first_verdict: 1, changed: 0, failed: 0, unchanged: 2, not_judged: 0 },
    });
    expect(report.diff.changed.map(({ change, exchange_id }) => [change, exchange_id])).toEqual([
      ['newly_blocks', 'exchange-block'],
      ['newly_passes', 'exchange-pass'],
      ['first_verdict', 'exchange-first'],
    ]);
    expect(report.spent).toMatchObject({ calls: 5, unpriced: 0 });
    expect(await rig.ledger.head()).toEqual(before);
  });

  it('reads well on a terminal, whatever a client or a model writes', async () => {
    await rig.record('exchange-hostile', { text: LEAK, opened: { client: `team ${HOSTILE}` } });
    rig.handler = judgeModelHandler({ tamper: (answer) => ({ ...answer, unreadable: [HOSTILE] }) });
    const { stdout, stderr, out } = await rig.run(['--yes']);
    expect(stdout).toMatch(/would newly block +1\n/);
    expect(stdout).toMatch(/exchange-hostile +openai +clean +violation · critical +leak/);
    expect(stdout).toContain('Rules were not run again');
    expect(stdout).toContain(out);
    for (const character of HOSTILE.match(/\p{C}/gu) ?? ['']) expect(`${stdout}${stderr}`).not.toContain(character);
  });

  it('of nothing is none', async () => {
    await record(1);
    const { code, stdout, stderr, out } = await rig.run(['--yes', '--json', '--route', 'no-such-route']);
    const report = JSON.parse(stdout) as ReplayReport;
    expect({ code, exchanges: report.diff.exchanges, file: existsSync(out) }).toEqual({
      ...{ code: 0, exchanges: 0, file: false },
    });
    expect(stderr).toContain('0 recorded exchanges');
  });
});

describe('the estimate', () => {
  it('comes first: tokens by characters, money by the prices', async () => {
    await record(3);
    const { report, stderr } = await rig.replay();
    const [model] = report.estimate.models;
    const characters = rig.model.seen.reduce((sum, { body }) => {
      const { messages } = JSON.parse(body.toString('utf8')) as { messages: { content: string }[] };
      return sum + messages.reduce((length, { content }) => length + content.length, 0);
    }, 0);
    expect(model?.tokens.in).toBe(Math.ceil(characters / 4));
    // As long as the recorded answers: 80 tokens each.
    expect(model?.tokens.out).toBe(240);
    const usd = ((model?.tokens.in ?? 0) * 1 + 240 * 2) / 1e6;
    expect(report.estimate.usd?.most).toBeCloseTo(usd, 8);
    expect(stderr).toMatch(/3 recorded exchanges: 3 to ask the model about\.\n {2}pattern-judge: about \d+ tokens in/);
  });

  it('says that a price is not known', async () => {
    rig.configure({ prices: {} });
    await record(1);
    const { report, stderr } = await rig.replay();
    expect(report.estimate.usd).toBeNull();
    expect(stderr).toContain('price unknown');
    expect(report.spent).toMatchObject({ calls: 1, unpriced: 1 });
  });

  it('without a terminal nothing is asked unless --yes says so', async () => {
    await record(1);
    const { code, stderr, out } = await rig.run([]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/1 to ask the model about[\s\S]*say --yes/);
    expect(rig.model.seen).toHaveLength(0);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    ['y\n', 0, 1],
    ['Yes\n', 0, 1],
    ['n\n', 0, 0],
    ['\n', 0, 0],
    ['', 0, 0],
  ])('on a terminal %j is understood', async (typed, code, asked) => {
    await record(1);
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end(typed);
    const ran = await rig.run([], { stdin });
    expect(ran).toMatchObject({ code });
    expect(ran.stderr).toContain('Ask the model now? [y/N]');
    expect(rig.model.seen).toHaveLength(asked);
  });

  it('what is recorded while it waits for the answer is not in what was agreed to', async () => {
    await record(1);
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.once('resume', async () => {
      await rig.record('exchange-later');
      stdin.end('y\n');
    });
    const ran = await rig.run(['--json'], { stdin });
    expect((JSON.parse(ran.stdout) as ReplayReport).diff.exchanges).toBe(1);
    expect(rig.model.seen).toHaveLength(1);
  });

  it('Ctrl-C is an answer, too', async () => {
    await record(1);
    const stop = new AbortController();
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const ran = rig.run([], { stdin, signal: stop.signal });
    stdin.once('resume', () => stop.abort());
    expect(await ran).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted. Nothing was asked.') });
    expect(rig.model.seen).toHaveLength(0);
  });
});

describe('which exchanges', () => {
  const ids = (report: ReplayReport) => report.diff.changed.map(({ exchange_id }) => exchange_id).toSorted();

  it.each([
    [
      ['--route', 'a'],
      ['exchange-a1', 'exchange-a2'],
    ],
    [
      ['--client', 'team-b'],
      ['exchange-a2', 'exchange-b1'],
    ],
    [['--label', 'undetermined'], ['exchange-b1']],
    [
      ['--limit', '2'],
      ['exchange-a2', 'exchange-b1'],
    ],
    [
      ['--since', '2026-02-02'],
      ['exchange-a2', 'exchange-b1'],
    ],
    [['--until', '2026-02-02'], ['exchange-a1']],
    [['--since', '2026-02-01', '--until', '2026-02-03', '--client', 'team-b'], ['exchange-a2']],
  ])('%j', async (args, expected) => {
    const at = (day: number, route: string, client: string) => ({ ts: `2026-02-0${day}T00:00:00.000Z`, route, client });
    const later = { ts: '2026-02-09T00:00:00.000Z' };
    const unsure = { ...later, overall: { label: 'undetermined', severity: 'medium', score: null } } as const;
    await rig.record('exchange-a1', { text: LEAK, opened: at(1, 'a', 'team-a'), verdict: later });
    await rig.record('exchange-a2', { text: LEAK, opened: at(2, 'a', 'team-b'), verdict: later });
    await rig.record('exchange-b1', { text: LEAK, opened: at(3, 'b', 'team-b'), verdict: unsure });
    expect(ids((await rig.replay(...args)).report)).toEqual(expected);
  });
});

describe('what cannot begin', () => {
  it.each([
    [['--judge', 'none'], 1, /has no judge 'none'; it has default/],
    [['--rubric', 'package.json'], 1, /package\.json:1/],
    [['--ledger', 'sqlite:/nowhere/ledger.db'], 1, /nowhere/],
    [['--max-usd', '0'], 2, /--max-usd takes an amount above 0/],
    [['--limit', 'many'], 2, /--limit takes a whole number/],
    [['--label', 'good'], 2, /--label takes one of clean, violation, undetermined/],
    [['--since', 'yesterday'], 2, /--since takes a time/],
    [['more'], 2, /more/],
    [['--out', 'package.json/x'], 1, /package\.json\/x cannot be/],
  ])('%j', async (args, code, message) => {
    await record(1);
    const ran = await rig.run(['--yes', ...args]);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toMatch(message);
    expect(rig.model.seen).toHaveLength(0);
  });

  it('a bound on money without a price', async () => {
    rig.configure({ prices: {} });
    const { code, stderr } = await rig.run(['--yes', '--max-usd', '1']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: '--max-usd cannot be kept: the price of pattern-judge is not known (prices).\n',
    });
  });

  it('a model without a key', async () => {
    rig.configure({ judge: { model: { name: 'pattern-judge', api_key: '' } } });
    const { code, stderr } = await rig.run(['--yes']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: /has no api_key/ });
  });
});
