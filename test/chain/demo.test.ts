/**
 * Contract: `npm run demo` runs the whole chain with the real Envoy, needs neither key nor network, and ends with a
 * verdict for each exchange, found where the scenario puts it. The model is a stand-in; everything between is real.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../judge-proxy/commands/demo/scenarios.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { ROOT } from '../support/chain.ts';
import { type Ran, run } from '../support/clients.ts';

const CLI = join(ROOT, 'judge-proxy/cli.ts');

describe('npm run demo', () => {
  let home: string;
  let ran: Ran;
  let verdicts: Verdict[];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'judge-demo-'));
    ran = await run(
      process.execPath,
      [CLI, 'demo', '--json', '--folder', join(home, 'demo')],
      { OPENAI_API_KEY: '' },
      ROOT,
    );
    verdicts = (JSON.parse(ran.stdout) as { verdicts: Verdict[] }).verdicts.toReversed();
  });
  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  it('ends well, with a verdict for each exchange', () => {
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(verdicts).toHaveLength(SCENARIOS.length);
    expect(ran.stderr).toContain('The capital of France is Paris.');
  });

  it.each([
    ['a plain question', { overall: { label: 'clean' }, state: 'scored', coverage: { level: 'full' } }],
    ['Responses API, streamed', { overall: { label: 'clean' }, api: 'openai.responses', streamed: true }],
    ['a credential in the prompt', { overall: { label: 'violation' }, decided_by: 'rule', action: 'would_block' }],
    ['a secret leaked by the answer, streamed', { overall: { label: 'violation' }, streamed: true }],
    ['a payment card in the prompt', { overall: { label: 'violation' } }],
    ['a harmless tool call', { overall: { label: 'clean' } }],
    ['a destructive tool call, streamed', { overall: { label: 'violation' }, decided_by: 'model' }],
    ['an injection aimed at the judge', { overall: { label: 'violation' } }],
    ['an error of the origin', { status: 429, llm_error: { source: 'origin', class: 'rate_limit' } }],
    ['a stream that breaks off', { overall: { label: 'undetermined' }, coverage: { level: 'partial' } }],
    [
      'an endpoint that nothing reads',
      { overall: { label: 'undetermined' }, coverage: { level: 'none', reasons: ['unknown_api'] } },
    ],
    ['hold: a plain question', { mode: 'hold', overall: { label: 'clean' }, action: 'allowed' }],
    ['hold: a leaked secret never arrives', { mode: 'hold', overall: { label: 'violation' }, action: 'blocked' }],
    ['window: a stream is cut in the middle', { mode: 'window', decided_by: 'model', action: 'cut' }],
  ])('%s is judged as its title says', (title, expected) => {
    expect(verdicts[SCENARIOS.findIndex((scenario) => scenario.title === title)]).toMatchObject(expected);
  });

  it('a folder with files of somebody else is left alone', async () => {
    const file = join(home, 'precious.txt');
    await writeFile(file, 'mine');
    const refused = await run(process.execPath, [CLI, 'demo', '--folder', home], {}, ROOT);
    expect(refused.code).toBe(1);
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
