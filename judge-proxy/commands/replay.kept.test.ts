/**
 * Contract of `npm run replay` where something is amiss, on a real ledger that is being written:
 * - an input that is not the recorded one is named and never judged; every failure of the judge has its state;
 * - results are kept as they come: a run that was killed, interrupted or out of money goes on where it stopped.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../test/support/chain.ts';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import { errorBody } from '../../test/support/openai-shapes.ts';
import type { OriginHandler } from '../../test/support/origin.ts';
import { LoggedProcess } from '../../test/support/process.ts';
import type { NewVerdict } from '../ledger/records.ts';
import { linesOf, ReplayRig } from './replay/replay-rig.ts';

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
