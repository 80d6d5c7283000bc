/**
 * Contract of the exports beside a running proxy: every verdict of its traffic is in each format; a secret of any kind
 * that the rules know, a credential in a header or in a query is in none, whatever is exported. A run that is killed in
 * the middle has handed over nothing by its state: the next one gives everything again.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../judge-proxy/exports/formats.ts';
import { BESIDE_SUBJECTS, SUBJECTS } from '../../judge-proxy/exports/record.ts';
import { SECRETS } from '../../judge-proxy/judge/testing/secrets.ts';
import { KeptLog, sampleConnection } from '../../judge-proxy/ledger/sample-records.ts';
import { openLedger } from '../../judge-proxy/ledger/sqlite.ts';
import { systemClock } from '../../judge-proxy/telemetry/clock.ts';
import { Chain, HOSTS, ROOT } from '../support/chain.ts';
import { curl, run } from '../support/clients.ts';
import { openAiHandler } from '../support/openai-origin.ts';

const HEADER_KEY = ['sk-proj', 'HEADERLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const QUERY_KEY = ['sk-proj', 'QUERYXLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const CLI = join(ROOT, 'judge-proxy/cli.ts');

const kinds = FORMATS.flatMap((format) => SUBJECTS.map((what) => [format, what] as const)).filter(([format, what]) =>
  BESIDE_SUBJECTS.some((one) => one === what)
    ? format === 'jsonl' || format === 'csv'
    : format !== 'ocsf' || what !== 'connections',
);

describe('a secret of each kind, in prompts and answers', () => {
  let chain: Chain;
  let ids: readonly string[];

  beforeAll(async () => {
    chain = await Chain.start({
      hop: 'h2',
      handler: openAiHandler({ script: ({ lastUser }) => ({ kind: 'reply', text: `You said: ${lastUser}` }) }),
    });
    for (const [index, { text }] of SECRETS.entries()) await send(`secret-${index}`, `Look at this:\n${text}\n`);
    const verdicts = await Promise.all(
      SECRETS.map((_secret, index) => chain.verdict((one) => one.model_requested === `secret-${index}`)),
    );
    ids = verdicts.map(({ verdict_id }) => verdict_id);
  }, 120_000);
  afterAll(async () => {
    await chain?.stop();
  });

  const send = (model: string, content: string) =>
    curl([
      ...['--proxy', chain.proxyUrl, '--cacert', chain.caFile, '-H', 'content-type: application/json'],
      ...['-H', `authorization: Bearer ${HEADER_KEY}`],
      ...['-d', JSON.stringify({ model, messages: [{ role: 'user', content }] })],
      `https://${HOSTS.openai}/v1/chat/completions?key=${QUERY_KEY}`,
    ]);

  it.each(kinds)('is in no export: %s of %s', async (format, what) => {
    const args = ['export', '--format', format, '--what', what, '--ledger', chain.ledgerUrl];
    const { code, stdout, stderr } = await run(process.execPath, [CLI, ...args]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/^\d+ records? exported/) });
    if (what === 'verdicts') for (const id of ids) expect(stdout).toContain(id);
    if (what === 'exchanges') expect(stdout).toContain('secret-0');
    const planted = [...SECRETS.map(({ secret }) => secret), HEADER_KEY, QUERY_KEY];
    // As it is, as JSON writes it, and as CSV does.
    for (const secret of planted) {
      for (const form of [secret, JSON.stringify(secret).slice(1, -1), secret.replaceAll('"', '""')]) {
        expect(stdout.includes(form), secret).toBe(false);
      }
    }
  });
});

describe('a run that is killed', () => {
  it('is done again from where it began', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'export-kill-'));
    try {
      const url = `sqlite:${join(folder, 'ledger.db')}`;
      const state = join(folder, 'state.json');
      const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
      const records = 2_000;
      // More than the pipe and the page hold, so that it is in the middle when it is killed.
      const reason = 'x'.repeat(500);
      await Promise.all(
        Array.from({ length: records }, (_, index) => ledger.connection(sampleConnection(`c-${index}`, { reason }))),
      );
      await ledger.close();
      const args = ['export', '--format', 'jsonl', '--what', 'connections', '--ledger', url, '--state', state];
      const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(child.stdout, 'readable');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(existsSync(state)).toBe(false);
      const again = await run(process.execPath, [CLI, ...args]);
      expect(again.code).toBe(0);
      expect(again.stdout.trim().split('\n')).toHaveLength(records);
      const then = await run(process.execPath, [CLI, ...args]);
      expect(then).toMatchObject({ code: 0, stdout: '' });
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
