/**
 * Contract of `npm run replay`, on a real ledger that is being written, with a model endpoint beside it:
 * - what it will cost is said first, and nothing is asked before somebody agreed;
 * - an input that is not the recorded one is named and never judged; every failure of the judge has its state;
 * - results are kept as they come: a run that was killed, interrupted or out of money goes on where it stopped.
 * The endpoint answers by fixed patterns: what it finds says nothing about any model.
 */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../test/support/chain.ts';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { errorBody } from '../../test/support/openai-shapes.ts';
import type { OriginHandler } from '../../test/support/origin.ts';
import { LoggedProcess } from '../../test/support/process.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { LEAK, linesOf, ReplayRig } from './replay/replay-rig.ts';
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

/** Answers the first `count` questions and keeps all others waiting. @returns when the first of those is there */
function answerOnly(count: number): Promise<void> {
  const stuck = Promise.withResolvers<void>();
  let asked = 0;
  rig.handler = (seen, out, origin) => {
    if (++asked <= count) return judgeModelHandler()(seen, out, origin);
    stuck.resolve();
  };
  return stuck.promise;
}

const statusHandler =
  (status: number, code: string): OriginHandler =>
  (_, out) => {
    out.writeHead(status, { 'content-type': 'application/json' });
    out.end(JSON.stringify(errorBody('no', 'invalid_request_error', code)));
  };

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
    expect(await ran).toMatchObject({ code: 130 });
    expect(rig.model.seen).toHaveLength(0);
  });
});

describe('what was not recorded so', () => {
  function edit(sql: string): void {
    const db = new DatabaseSync(rig.database);
    db.exec(sql);
    db.close();
  }

  it('is named and never judged', async () => {
    await record(4);
    const rows = "(SELECT completed_seq FROM exchanges WHERE exchange_id = 'exchange-0";
    edit(`DELETE FROM contents WHERE seq = ${rows}0')`);
    edit(`UPDATE contents SET json = replace(json, 'Hello', 'Hullo') WHERE seq = ${rows}1')`);
    await rig.record('exchange-other', { verdict: { input_sha256: 'f'.repeat(64) } });
    const { code, report, lines, stderr } = await rig.replay();
    expect(report.diff.not_judged).toEqual({ content_missing: 1, content_altered: 1, input_differs: 1 });
    expect(report.diff.changes).toMatchObject({ not_judged: 3, unchanged: 2 });
    expect(report.estimate).toMatchObject({ exchanges: 5, to_ask: 2, unusable: 3 });
    expect(rig.model.seen).toHaveLength(2);
    expect(lines.find(({ exchange_id }) => exchange_id === 'exchange-01')).toMatchObject({
      ...{ unusable: 'content_altered', after: null },
    });
    expect(code).toBe(1);
    expect(stderr).toContain('The ledger holds another input than the one that was judged');
  });

  it('is no failure where it was erased', async () => {
    await record(2);
    edit('DELETE FROM contents WHERE seq = (SELECT min(seq) FROM contents)');
    const { code, report } = await rig.replay();
    expect({ code, ...report.diff.not_judged }).toEqual({ code: 0, content_missing: 1 });
  });

  it('and what had nothing to judge has nothing now', async () => {
    const coverage = { level: 'none', reasons: ['unknown_api'] } as const;
    const verdict: Partial<NewVerdict> = {
      ...{ coverage, state: 'unparseable', decided_by: 'fallback' },
      overall: { label: 'undetermined', severity: 'none', score: null },
    };
    await rig.record('exchange-unread', { completed: { content_sha256: null, coverage }, verdict });
    const { report, lines } = await rig.replay();
    expect(report.diff.changes).toMatchObject({ unchanged: 1 });
    expect(lines[0]?.after).toMatchObject({ state: 'unparseable', coverage });
    expect(rig.model.seen).toHaveLength(0);
  });
});

describe('failures', () => {
  it('are counted by state, and are no change', async () => {
    await record(4);
    let asked = 0;
    const handlers: OriginHandler[] = [
      statusHandler(401, 'invalid_api_key'),
      judgeModelHandler({ tamper: (answer) => ({ ...answer, nonce: 'x' }) }),
      judgeModelHandler(),
    ];
    rig.handler = (seen, out, origin) => (handlers[asked++] ?? judgeModelHandler())(seen, out, origin);
    rig.configure({ limits: { judge_breaker_failures: 100 } });
    const { code, report } = await rig.replay('--concurrency', '1');
    expect(code).toBe(0);
    expect(report.diff.failed).toEqual({ provider_error: 1, nonce_mismatch: 1 });
    expect(report.diff.changes).toMatchObject({ failed: 2, unchanged: 2, newly_blocks: 0 });
  });

  it('of all are a failure of the run; those that pass are asked again by the next one', async () => {
    await record(2);
    rig.handler = statusHandler(401, 'invalid_api_key');
    const first = await rig.replay();
    expect(first).toMatchObject({ code: 1, report: { diff: { changes: { failed: 2 } }, answered: 0 } });
    expect(first.stderr).toContain('The model gave no usable answer.');
    rig.handler = judgeModelHandler();
    const second = await rig.replay('--out', first.out);
    expect(second).toMatchObject({ code: 0, report: { diff: { changes: { failed: 0, unchanged: 2 } }, from_file: 0 } });
  });

  it('for a moment are tried again, as for traffic', async () => {
    await record(1);
    let asked = 0;
    rig.handler = (seen, out, origin) =>
      (++asked === 1 ? statusHandler(503, 'overloaded') : judgeModelHandler())(seen, out, origin);
    const { report } = await rig.replay();
    expect(report.diff.changes).toMatchObject({ unchanged: 1 });
    expect(asked).toBe(2);
  });

  it('never pass what the route would not let pass', async () => {
    rig.configure({ on_judge_failure: { observe: 'block' } });
    await record(1);
    rig.handler = statusHandler(401, 'invalid_api_key');
    const { lines } = await rig.replay();
    expect(lines[0]).toMatchObject({ on_failure: 'block', after: { action: 'would_block', label: 'undetermined' } });
  });
});

describe('going on', () => {
  const SOME = ['--concurrency', '2'];

  it('after kill -9: only what has no answer is asked', async () => {
    await record(8);
    const out = rig.newOut();
    const stuck = answerOnly(5);
    const cli = [join(ROOT, 'judge-proxy/cli.ts'), 'replay', '--judge', 'default', '--config', rig.configFile];
    const child = new LoggedProcess([...cli, '--yes', '--out', out, ...SOME], {}, ROOT);
    await stuck;
    child.kill('SIGKILL');
    await child.exited;
    const kept = linesOf(out).length;
    expect(kept).toBeGreaterThanOrEqual(4);
    // As a write that was cut in the middle leaves it.
    writeFileSync(out, '{"exchange_id":"exch', { flag: 'a' });
    rig.handler = judgeModelHandler();
    const before = rig.model.seen.length;
    const { report, lines } = await rig.replay('--out', out, ...SOME);
    expect(report).toMatchObject({ from_file: kept, estimate: { in_file: kept, to_ask: 8 - kept } });
    expect(report.diff.changes).toMatchObject({ unchanged: 8 });
    expect(rig.model.seen.length - before).toBe(8 - kept);
    expect(lines.map(({ exchange_id }) => exchange_id).toSorted()).toHaveLength(8);
  });

  it('after Ctrl-C, which gives up what is under way and keeps what is done', async () => {
    await record(6);
    const stop = new AbortController();
    const stuck = answerOnly(3);
    const running = rig.run(['--yes', ...SOME], { signal: stop.signal });
    await stuck;
    stop.abort('SIGINT');
    const { code, stderr, stdout, out } = await running;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain(`Interrupted. What was judged is in ${out}`);
    const kept = linesOf(out).length;
    rig.handler = judgeModelHandler();
    const { report } = await rig.replay('--out', out);
    expect(report).toMatchObject({ from_file: kept, diff: { changes: { unchanged: 6 } } });
  });

  it('after --max-usd, which ends before more is asked', async () => {
    await record(10);
    // Each call costs 42 tokens in, at 1,000 USD a million: 0.042 USD, and something for the answer.
    rig.configure({ prices: { 'pattern-judge': { input: 1_000, output: 0 } } });
    const first = await rig.replay('--max-usd', '0.1', '--concurrency', '1');
    expect(first).toMatchObject({ code: 3, report: { stopped: 'max_usd', diff: { exchanges: 3 } } });
    expect(first.report.spent.usd).toBeCloseTo(0.126, 6);
    expect(rig.model.seen).toHaveLength(3);
    const second = await rig.replay('--out', first.out);
    expect(second).toMatchObject({ code: 0, report: { from_file: 3, diff: { exchanges: 10 }, stopped: null } });
    expect(rig.model.seen).toHaveLength(10);
  });

  it.each([
    ['another rubric', ['--rubric', join(ROOT, 'config/rubrics/default.yaml')], {}],
    ['another way to decide on failures', [], { on_judge_failure: { observe: 'allow' } }],
  ])('%s is another judging', async (_, args, config) => {
    await record(1);
    const { out } = await rig.replay();
    rig.configure(config);
    const { report } = await rig.replay('--out', out, ...args);
    expect(report).toMatchObject({ from_file: 0, estimate: { to_ask: 1 } });
  });

  it('a file of something else is refused, and stays as it is', async () => {
    await record(1);
    const { code, stderr } = await rig.run(['--yes', '--out', rig.configFile]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `${rig.configFile}:1: this is no result of a replay.\n` });
    await expect(rig.replay()).resolves.toMatchObject({ code: 0 });
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
