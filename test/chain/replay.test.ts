/**
 * Contract: what went through the chain can be judged again while it runs, from exactly what was judged then: the same
 * judge is asked about the same document and changes nothing; a stricter rubric says what it would newly block, a
 * milder one what it would newly pass, of what was only watched and of what was held. The ledger stays as it was, and no
 * secret of the traffic comes out.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { expandText } from '../../judge-proxy/commands/eval/synthetic.ts';
import type { ReplayReport } from '../../judge-proxy/commands/replay/report.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import type { ReplayLine } from '../../judge-proxy/replays/line.ts';
import { Chain, ROOT } from '../support/chain.ts';
import { curl, run } from '../support/clients.ts';

const MODES = ['observe', 'hold'] as const;
const hostOf = (mode: string) => `${mode}.replay.test`;
const LEAK = 'STRICTLY CONFIDENTIAL: the merger of spring.';
const KEY = expandText('{{synthetic:aws_access_key_id}}');
const STRICT = join(ROOT, 'config/rubrics/default.yaml');

let chain: Chain;
let folder: string;
/** Asks nothing that the judge model of the tests would find in these exchanges. */
let mild: string;
let outs = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replay-chain-'));
  mild = join(folder, 'mild.yaml');
  const words = { question: 'Is someone rude?', definition: 'Insults.', violating: ['an insult'], allowed: ['a joke'] };
  const criterion = { id: 'rude', ...words, scale: 'binary', threshold: 1, weight: 1, severity: 'high' };
  writeFileSync(mild, stringify({ name: 'mild', version: 1, criteria: [criterion] }));
  chain = await Chain.start({
    hop: 'h2',
    terminatedHosts: MODES.map(hostOf),
    config: {
      judges: { default: { rubric: STRICT } },
      routes: MODES.map((mode) => ({
        ...{ name: mode, hosts: [hostOf(mode)], action: 'terminate', judge: 'default', mode },
      })),
    },
  });
  for (const mode of MODES) {
    for (const [index, text] of ['Name three rivers.', LEAK, `My key is ${KEY}.`].entries()) {
      await chat(mode, text, `model-${mode}-${index}`);
      await chain.verdict(({ model_requested }) => model_requested === `model-${mode}-${index}`);
    }
  }
});
afterAll(async () => {
  await chain?.stop();
  rmSync(folder, { recursive: true });
});

function chat(mode: string, text: string, model: string) {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: text }] });
  const to = ['-H', 'content-type: application/json', '-d', body, `https://${hostOf(mode)}/v1/chat/completions`];
  return curl(['--proxy', chain.proxyUrl, '--cacert', chain.caFile, ...to]);
}

interface Replayed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly report: ReplayReport;
  readonly lines: ReplayLine[];
}

async function replay(...args: readonly string[]): Promise<Replayed> {
  const out = join(folder, `out-${++outs}.jsonl`);
  const config = join(chain.folder, 'judge-proxy.yaml');
  const fixed = ['replay', '--judge', 'default', '--config', config, '--out', out, '--yes', '--json'];
  const ran = await run(process.execPath, [join(ROOT, 'judge-proxy/cli.ts'), ...fixed, ...args], {}, ROOT);
  expect(ran.stdout, ran.stderr).toMatch(/^\{/);
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { ...ran, report: JSON.parse(ran.stdout), lines: lines.map((line) => JSON.parse(line)) };
}

async function ledger(): Promise<readonly Verdict[]> {
  return (await chain.reader()).verdicts({ limit: 100, after_seq: 0 });
}

/** Documents that the judge model was shown, in order. */
function documents(): string[] {
  const bodies = chain.judgeModel?.seen.map(({ body }) => body.toString('utf8')) ?? [];
  return bodies.map((body) => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    return messages.find(({ role }) => role === 'user')?.content.split('\n')[1] ?? '';
  });
}

describe('the same judge', () => {
  it('is asked about the same documents, and changes nothing', async () => {
    const before = await ledger();
    const live = documents();
    const { code, report, lines } = await replay();
    expect(code).toBe(0);
    expect(documents().slice(live.length).toSorted()).toEqual(live.toSorted());
    expect(report.diff.changes).toMatchObject({
      unchanged: 6,
      newly_blocks: 0,
      newly_passes: 0,
      changed: 0,
      failed: 0,
    });
    expect(report.diff.changed).toEqual([]);
    const hashes = (of: readonly { exchange_id: string; input_sha256: string | null }[]) =>
      of.map(({ exchange_id, input_sha256 }) => `${exchange_id} ${input_sha256}`).toSorted();
    expect(hashes(lines)).toEqual(hashes(before));
    for (const { after, exchange_id } of lines) {
      const verdict = before.find((one) => one.exchange_id === exchange_id);
      expect(after).toMatchObject({
        ...verdict?.overall,
        ...{ state: verdict?.state, action: verdict?.action, decided_by: verdict?.decided_by },
      });
    }
  });

  it('leaves the ledger as it was', async () => {
    const before = await ledger();
    await replay();
    expect(await ledger()).toEqual(before);
  });
});

describe('a milder rubric', () => {
  it('would newly pass what the other stopped, watched or held, and not what rules stop', async () => {
    const { report } = await replay('--rubric', mild);
    expect(report.diff.changes).toMatchObject({ newly_passes: 2, newly_blocks: 0, unchanged: 4 });
    const passes = report.diff.changed.map(({ route, before, after, criteria }) => ({
      route,
      before,
      after,
      criteria,
    }));
    for (const [route, action] of [
      ['hold', 'blocked'],
      ['observe', 'would_block'],
    ]) {
      expect(passes).toContainEqual({
        route,
        before: expect.objectContaining({ action, label: 'violation', severity: 'high' }),
        after: expect.objectContaining({ action: 'allowed', label: 'clean', severity: 'none' }),
        criteria: ['data_leakage'],
      });
    }
  });
});

describe('a stricter rubric', () => {
  it('would newly block, and says which, by which criterion', async () => {
    // What the milder judge had let pass, in a ledger of its own day.
    await using calm = await Chain.start({ hop: 'h2', config: { judges: { default: { rubric: mild } } } });
    const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: LEAK }] });
    const url = 'https://api.openai.com/v1/chat/completions';
    const json = ['-H', 'content-type: application/json', '-d', body];
    await curl(['--proxy', calm.proxyUrl, '--cacert', calm.caFile, ...json, url]);
    const verdict = await calm.verdict();
    expect(verdict).toMatchObject({ overall: { label: 'clean' }, action: 'allowed' });

    const { code, report } = await replay('--rubric', STRICT, '--ledger', calm.ledgerUrl);
    expect(code).toBe(0);
    expect(report.diff).toMatchObject({ exchanges: 1, changes: { newly_blocks: 1 } });
    expect(report.diff.changed[0]).toMatchObject({
      change: 'newly_blocks',
      exchange_id: verdict.exchange_id,
      before: { verdict_id: verdict.verdict_id, label: 'clean', action: 'allowed' },
      after: { label: 'violation', severity: 'high', action: 'would_block', decided_by: 'model' },
      criteria: ['data_leakage'],
    });
    expect(report.diff.criteria).toContainEqual(expect.objectContaining({ id: 'data_leakage', added_violated: 1 }));
    expect(report.diff.criteria).toContainEqual(expect.objectContaining({ id: 'rude', removed_passed: 1 }));
  });
});

it('no secret of the traffic comes out', async () => {
  const { stdout, stderr, lines } = await replay();
  const all = [stdout, stderr, JSON.stringify(lines)].join('\n');
  expect(lines.some(({ after }) => after?.decided_by === 'rule')).toBe(true);
  expect(all).not.toContain(KEY);
});
