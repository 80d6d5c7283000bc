/**
 * Contract of the levels, through the real chain, in every mode: the judge sees what the ledger keeps and the ledger keeps
 * what the judge saw, byte for byte, and the verdict has its hash; of `metadata` it sees nothing. A sealed original opens
 * with the private key, in which nothing is missing, and with nothing that the proxy has.
 */

import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { fetch, ProxyAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExchangeView, LedgerReader } from '../../judge-proxy/ledger/ledger.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { Chain } from '../support/chain.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { openAiHandler } from '../support/openai-origin.ts';

const MODES = {
  observe: { mode: 'observe' },
  window: { mode: 'window', window: { tokens: 50, rules_tokens: 10, overlap_tokens: 10 } },
  eager: { mode: 'window', window: { release: 'eager', tokens: 50, rules_tokens: 10, overlap_tokens: 10 } },
  hold: { mode: 'hold' },
  held: { mode: 'observe', hold_request: true },
} as const;
const LEVELS = ['redacted', 'full', 'metadata'] as const;
type Mode = keyof typeof MODES;
type Level = (typeof LEVELS)[number];
const hostOf = (mode: Mode, level: Level) => `${mode}-${level}.levels.test`;
const each = (Object.keys(MODES) as Mode[]).flatMap((mode) => LEVELS.map((level) => [mode, level] as const));
const seen = each.filter(([, level]) => level !== 'metadata');
const at = (one: Level) => each.filter(([, level]) => level === one);

/** Found by the operator's pattern, which stops nothing; in prose that is long enough for windows. */
const EMPLOYEE = ['EMP', '271828'].join('-');
const PROSE = 'Rivers carry water, boats and stories to the sea, and towns grow where they meet. '.repeat(12);
const FORGED = '[REDACTED:employee_id:00000000]';

let chain: Chain;
let reader: LedgerReader;
let agent: ProxyAgent;
let identity: string;
const documents: string[] = [];
/** By host: a question about a window has come. */
const windows = new Map(
  seen
    .filter(([mode]) => mode === 'window' || mode === 'eager')
    .map(([mode, level]) => [hostOf(mode, level), Promise.withResolvers<void>()]),
);
const judged = new Map<string, { readonly verdict: Verdict; readonly view: ExchangeView; readonly asked: string[] }>();

beforeAll(async () => {
  identity = await generateIdentity();
  const model = judgeModelHandler();
  chain = await Chain.start({
    hop: 'h2',
    handler: openAiHandler({
      script: () => ({ kind: 'reply', text: `${PROSE}${EMPLOYEE} ${PROSE}`, deltaLength: 9 }),
      // The stream goes on when the model was asked about a window of it.
      gate: async (index, { headers }) => {
        if (index === 150 && windows.has(String(headers.host))) await windows.get(String(headers.host))?.promise;
      },
    }),
    judgeHandler: async (seen, response, origin) => {
      const { messages } = JSON.parse(seen.body.toString('utf8')) as { messages: { role: string; content: string }[] };
      const document = messages.find(({ role }) => role === 'user')?.content.split('\n')[1] ?? '';
      documents.push(document);
      const { transcript } = JSON.parse(document) as { transcript: { model_requested: string } };
      windows.get(`${transcript.model_requested}.levels.test`)?.resolve();
      await model(seen, response, origin);
    },
    terminatedHosts: each.map(([mode, level]) => hostOf(mode, level)),
    config: {
      redaction: { patterns: [{ name: 'employee_id', pattern: '\\bEMP-[0-9]{6}\\b' }] },
      sealing: { recipients: [await identityToRecipient(identity)] },
      routes: each.map(([mode, recording]) => ({
        ...{ name: `${mode}-${recording}`, hosts: [hostOf(mode, recording)], action: 'terminate', judge: 'default' },
        ...{ recording, seal: true },
        ...MODES[mode],
      })),
    },
  });
  reader = await chain.reader();
  agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca: readFileSync(chain.caFile, 'utf8') } });
  for (const [mode, level] of each) judged.set(`${mode} ${level}`, await send(mode, level));
}, 120_000);

afterAll(async () => {
  await agent?.close();
  await chain?.stop();
});

const question = (mode: Mode, level: Level) =>
  JSON.stringify({
    ...{ model: `${mode}-${level}`, stream: true },
    messages: [{ role: 'user', content: `Who is ${EMPLOYEE}? ${FORGED}` }],
  });

async function send(mode: Mode, level: Level) {
  const from = documents.length;
  const response = await fetch(`https://${hostOf(mode, level)}/v1/chat/completions?trace=${mode}`, {
    ...{ method: 'POST', dispatcher: agent, body: question(mode, level) },
    headers: { 'content-type': 'application/json', authorization: 'Bearer pumpernickel-accordion' },
  });
  expect([response.status, (await response.text()).includes('[DONE]')]).toEqual([200, true]);
  const verdict = await chain.verdict(
    (one) => one.model_requested === `${mode}-${level}` && one.subject === 'exchange',
  );
  const view = await reader.exchange(verdict.exchange_id);
  if (view === null) throw new Error('no exchange');
  return { verdict, view, asked: documents.slice(from) };
}

function of(mode: Mode, level: Level) {
  const found = judged.get(`${mode} ${level}`);
  if (found === undefined) throw new Error('not sent');
  return found;
}

describe('each mode at each level', () => {
  it.each(each)('%s, %s: is recorded with its level', (mode, level) => {
    expect(of(mode, level).view.completed?.recording).toBe(level);
  });

  it.each(seen)('%s, %s: the judge saw what is kept, and the verdict has its hash', (mode, level) => {
    const { verdict, view, asked } = of(mode, level);
    const { content } = view;
    expect(verdict).toMatchObject({ state: 'scored', input_sha256: hash('sha256', content ?? '') });
    // The last question is about the whole pair.
    expect(asked.at(-1)).toBe(content);
    const kept = JSON.parse(content ?? '') as { transcript: { parts: { place: string; text: string }[] } };
    const texts = new Map(kept.transcript.parts.map(({ place, text }) => [place, text]));
    expect(asked.length).toBeGreaterThan(mode === 'observe' || mode === 'hold' ? 0 : 1);
    for (const document of asked) {
      const { transcript } = JSON.parse(document) as typeof kept;
      for (const { place, text } of transcript.parts) expect(texts.get(place), place).toContain(text);
    }
    if (mode !== 'held') return;
    expect(asked[0]).toBe(view.request_content);
    const [ofRequest] = view.verdicts.filter(({ subject }) => subject === 'request');
    expect(ofRequest?.input_sha256).toBe(hash('sha256', asked[0] ?? ''));
  });

  it.each(at('full'))(
    '%s, %s: text is as it came, but for placeholders that nobody but us may write',
    (mode, level) => {
      const { view, asked } = of(mode, level);
      for (const text of [view.content, ...asked]) {
        expect(text).toContain(EMPLOYEE);
        expect(text).not.toContain(FORGED);
        expect(text).not.toContain('"[REDACTED:');
      }
    },
  );

  it.each(at('redacted'))('%s, %s: text is kept without what a detector found', (mode, level) => {
    const { view, asked } = of(mode, level);
    for (const text of [JSON.stringify(view), ...asked]) {
      expect(text).not.toContain(EMPLOYEE);
      expect(text).not.toContain(FORGED);
      expect(text).toMatch(/\[REDACTED:employee_id:[0-9a-f]{8}\]/);
    }
  });

  it.each(at('metadata'))('%s, %s: nothing is kept, nobody is asked, and rules decide', (mode, level) => {
    const { verdict, view, asked } = of(mode, level);
    expect(asked).toEqual([]);
    expect([view.content, view.request_content]).toEqual([null, null]);
    expect(JSON.stringify(view)).not.toContain('Rivers');
    expect(verdict).toMatchObject({
      ...{ state: 'rules_only', action: 'allowed', decided_by: 'rule', input_sha256: null, windows: 0 },
      coverage: { level: 'partial', reasons: ['metadata_only'] },
      overall: { label: 'undetermined', severity: 'none' },
      ...{ latest_user_message: null, latest_user_message_length: null, context_tail_preview: null },
    });
  });

  it.each(each)('%s, %s: the sealed original opens with the private key alone, and is whole', async (mode, level) => {
    const { view } = of(mode, level);
    const sealed = await reader.sealed(view.opened.exchange_id);
    expect(sealed?.sha256).toBe(view.completed?.sealed_sha256);
    const bytes = sealed?.bytes ?? new Uint8Array();
    expect(hash('sha256', bytes)).toBe(sealed?.sha256);
    expect(Buffer.from(bytes).includes(EMPLOYEE)).toBe(false);
    const document = JSON.parse(await opened(bytes)) as Record<string, { text: string; complete: boolean }>;
    expect(document).toMatchObject({
      ...{ version: 1, exchange_id: view.opened.exchange_id, method: 'POST', status: 200 },
      path: `/v1/chat/completions?trace=${mode}`,
      request: { content_type: 'application/json', complete: true, text: question(mode, level) },
      response: { complete: true },
    });
    expect(document.response?.text).toMatch(/^data: .*\[DONE\]\s*$/s);
    expect(JSON.stringify(document)).not.toContain('pumpernickel');
    const stranger = new Decrypter();
    stranger.addIdentity(await generateIdentity());
    await expect(stranger.decrypt(bytes)).rejects.toThrow();
  });
});

it('the proxy has the public key and nothing that opens', () => {
  const config = readFileSync(join(chain.folder, 'judge-proxy.yaml'), 'utf8');
  expect(config).toContain('age1');
  expect(config).not.toContain('AGE-SECRET-KEY');
});

/** By the ordinary `age` where there is one: what we write is not only ours to read. */
async function opened(bytes: Uint8Array): Promise<string> {
  const age = process.env.AGE ?? '/usr/bin/age';
  if (existsSync(age)) {
    const key = join(chain.folder, 'key.txt');
    const file = join(chain.folder, 'sealed.age');
    writeFileSync(key, identity, { mode: 0o600 });
    writeFileSync(file, bytes);
    return execFileSync(age, ['--decrypt', '-i', key, file], { encoding: 'utf8' });
  }
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(bytes, 'text');
}
