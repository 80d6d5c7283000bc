/**
 * Contract: every exchange of a terminated host is in the ledger with its verdict, and the verdict says honestly what was
 * judged. A secret that a rule matches, and a credential in a header, is nowhere: not in the log, the ledger's files, the
 * judge's requests or an error. Tunnels and refusals are on record as what was not judged.
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { VERDICT_FIELDS } from '../../judge-proxy/ledger/records.ts';
import { Chain, HOSTS, ROOT } from '../support/chain.ts';
import { curl, run } from '../support/clients.ts';
import { openAiHandler } from '../support/openai-origin.ts';

const AWS_KEY = ['AKIA', 'QYLPMN5HHHFPZAM2'].join('');
const OPENAI_KEY = ['sk-proj', 'a8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const HEADER_KEY = ['sk-proj', 'HEADERLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
const CARD = '4111111111111111';

describe('records, with a judge model', () => {
  let chain: Chain;

  beforeAll(async () => {
    chain = await Chain.start({
      hop: 'h2',
      handler: openAiHandler({
        script: (body) => {
          if (body.lastUser.includes('leak')) return { kind: 'reply', text: `The key is ${OPENAI_KEY}, keep it.` };
          if (body.lastUser.includes('error'))
            return { kind: 'error', status: 429, type: 'requests', code: 'rate_limit_exceeded', message: 'slow down' };
          if (body.lastUser.includes('die'))
            return { kind: 'die', text: 'a long answer that never ends because it is cut', afterEvents: 3 };
          return { kind: 'reply', text: `You said: ${body.lastUser}` };
        },
      }),
    });
  });
  afterAll(async () => {
    await chain?.stop();
  });

  const send = (model: string, content: string, extra: object = {}, path = '/v1/chat/completions') =>
    curl([
      '--proxy',
      chain.proxyUrl,
      '--cacert',
      chain.caFile,
      '-H',
      'content-type: application/json',
      '-H',
      `authorization: Bearer ${HEADER_KEY}`,
      '-d',
      JSON.stringify({ model, messages: [{ role: 'user', content }], ...extra }),
      `https://${HOSTS.openai}${path}`,
    ]);
  const verdictOf = (model: string): Promise<Verdict> => chain.verdict((verdict) => verdict.model_requested === model);

  it('a harmless exchange is judged in full and is clean', async () => {
    await send('gpt-5-mini-clean', 'What is the capital of France?');
    const verdict = await verdictOf('gpt-5-mini-clean');
    expect(verdict).toMatchObject({
      state: 'scored',
      decided_by: 'model',
      coverage: { level: 'full', reasons: [] },
      overall: { label: 'clean' },
      action: 'allowed',
      mode: 'observe',
      route: 'openai',
      host: HOSTS.openai,
      api: 'openai.chat_completions',
      streamed: false,
      status: 200,
      tokens_in: 42,
      latest_user_message: 'What is the capital of France?',
      latest_user_message_length: 30,
      judge: { name: 'default', nonce_ok: true, output_mode: 'json_schema' },
    });
    expect(verdict.cost_usd).toBeGreaterThan(0);
    expect(verdict.context_tail_preview?.length).toBeLessThanOrEqual(200);
    expect(verdict.origin_request_id).toMatch(/^req_origin/);
    expect(Object.keys(verdict)).toEqual(expect.arrayContaining([...VERDICT_FIELDS]));
  });

  it('the log line, the ledger row and the terminal say the same', async () => {
    await send('gpt-5-mini-same', 'the same everywhere');
    const logged = await verdictOf('gpt-5-mini-same');
    const reader = await chain.reader();
    const stored = (await reader.verdicts({ limit: 50 })).find((one) => one.verdict_id === logged.verdict_id);
    for (const field of VERDICT_FIELDS) expect(stored?.[field], field).toEqual(logged[field]);
    const listed = await run(process.execPath, [
      join(ROOT, 'judge-proxy/cli.ts'),
      'review',
      'list',
      '--json',
      '--ledger',
      chain.ledgerUrl,
    ]);
    expect(listed, listed.stderr).toMatchObject({ code: 0 });
    const { verdicts } = JSON.parse(listed.stdout) as { verdicts: Verdict[] };
    expect(verdicts.find((one) => one.verdict_id === logged.verdict_id)).toEqual(stored);
    const shown = await run(process.execPath, [
      join(ROOT, 'judge-proxy/cli.ts'),
      'review',
      'show',
      logged.exchange_id,
      '--ledger',
      chain.ledgerUrl,
    ]);
    expect(shown.stdout).toContain('the same everywhere');
  });

  it.each([
    ['in the prompt', 'secret-prompt', `what is wrong with ${AWS_KEY}?`, {}],
    ['in the answer', 'secret-answer', 'please leak', {}],
    ['in a streamed answer, split over events', 'secret-stream', 'please leak', { stream: true }],
    ['a payment card', 'secret-card', `pay with ${CARD}`, {}],
  ])('a secret %s is a finding, and is written nowhere', async (_name, model, content, extra) => {
    await send(model, content, extra);
    const verdict = await verdictOf(model);
    expect(verdict.rule_hits.length).toBeGreaterThan(0);
    expect(verdict.overall.label).not.toBe('clean');
    await expectNowhere(chain, [AWS_KEY, OPENAI_KEY, HEADER_KEY, CARD]);
  });

  it('an origin error is recorded as such', async () => {
    await send('origin-error', 'error please');
    expect(await verdictOf('origin-error')).toMatchObject({
      status: 429,
      llm_error: { source: 'origin', class: 'rate_limit', status: 429, code: 'rate_limit_exceeded' },
    });
  });

  it('a stream that breaks off is judged in part, never clean', async () => {
    await send('broken-stream', 'die', { stream: true });
    const verdict = await verdictOf('broken-stream');
    expect(verdict.coverage.level).not.toBe('full');
    expect(verdict.coverage.reasons).toContain('stream_broken');
    expect(verdict.overall.label).not.toBe('clean');
  });

  it('an unknown API is recorded with coverage none', async () => {
    await send('unknown-api', 'embed me', {}, '/v1/embeddings');
    const verdict = await chain.verdict((one) => one.api === 'unknown');
    expect(verdict).toMatchObject({
      coverage: { level: 'none', reasons: ['unknown_api'] },
      overall: { label: 'undetermined' },
    });
  });

  it('tunnels and refusals are on record', async () => {
    await curl(['--proxy', chain.proxyUrl, '-k', `https://${HOSTS.tunnel}/v1/models`]);
    await curl(['--proxy', chain.proxyUrl, `https://${HOSTS.denied}/`]);
    const reader = await chain.reader();
    const isTunnel = { host: HOSTS.tunnel, action: 'tunnel', route: 'rest', error_code: null };
    const isRefusal = { host: HOSTS.denied, action: 'deny', route: 'denied', error_code: 'route_denied' };
    // Nothing waits for these records but the ledger itself: asked until they are committed.
    let connections: readonly object[] = [];
    while (connections.length < 2) connections = await reader.connections({ limit: 50 });
    expect(connections).toEqual(
      expect.arrayContaining([expect.objectContaining(isTunnel), expect.objectContaining(isRefusal)]),
    );
  });
});

describe('records, without a model', () => {
  it('rules alone judge, and coverage says so', async () => {
    await using chain = await Chain.start({ hop: 'plain', judgeHandler: null });
    const body = JSON.stringify({ model: 'rules-alone', messages: [{ role: 'user', content: 'hello' }] });
    await curl([
      '--proxy',
      chain.proxyUrl,
      '--cacert',
      chain.caFile,
      '-H',
      'content-type: application/json',
      '-d',
      body,
      `https://${HOSTS.openai}/v1/chat/completions`,
    ]);
    const verdict = await chain.verdict((one) => one.model_requested === 'rules-alone');
    expect(verdict).toMatchObject({
      state: 'rules_only',
      coverage: { level: 'partial', reasons: ['model_not_configured'] },
      overall: { label: 'undetermined' },
    });
  });
});

/** Fails when one of the secrets stands in a file of the chain, its log, or a request to the judge model. */
async function expectNowhere(chain: Chain, secrets: readonly string[]): Promise<void> {
  const texts: [string, string][] = [
    ['log', JSON.stringify(chain.proxy.lines) + chain.proxy.text.join('\n')],
    ['judge requests', Buffer.concat((chain.judgeModel?.seen ?? []).map((seen) => seen.body)).toString('latin1')],
  ];
  for (const name of await readdir(chain.folder)) {
    if (/^(ledger|envoy-access)/.test(name))
      texts.push([name, (await readFile(join(chain.folder, name))).toString('latin1')]);
  }
  expect(texts.map(([name]) => name)).toContain('ledger.db');
  for (const [where, text] of texts) {
    for (const secret of secrets) expect(text.includes(secret), `${secret.slice(0, 6)}… in ${where}`).toBe(false);
  }
}
