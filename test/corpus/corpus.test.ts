/**
 * Contract of redaction, through the real Envoy: a secret of every kind that a rule or a detector of the operator knows,
 * planted at every place of an exchange, in every mode, at the levels `redacted` and `metadata`, is afterwards nowhere:
 * not in a file of the ledger, its log or its index, no log line of any level, metric, export, review, judge request,
 * replay, access log, block of ours or sealed file; not as it was, nor JSON-escaped, percent-encoded, in hex or base64.
 * The judge, which here writes secrets into its explanations, adds none. That the search can find is shown by the origin,
 * which got everything.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { fetch, ProxyAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FORMATS } from '../../judge-proxy/exports/formats.ts';
import { BESIDE_SUBJECTS, SUBJECTS } from '../../judge-proxy/exports/record.ts';
import { SECRETS } from '../../judge-proxy/judge/testing/secrets.ts';
import type { LedgerReader } from '../../judge-proxy/ledger/ledger.ts';
import { Chain, ROOT } from '../support/chain.ts';
import { run } from '../support/clients.ts';
import { foundIn, needlesOf } from '../support/corpus-search.ts';
import {
  ALL,
  type CorpusCase,
  corpusOrigin,
  EMPLOYEE,
  PIN,
  PLANTED,
  REDACTION,
  requestOf,
  textCases,
  WORDS,
  wordCases,
} from '../support/corpus-traffic.ts';
import { judgeModelHandler } from '../support/judge-model.ts';
import { Inbox, openWebSocket, serveWebSockets } from '../support/websocket.ts';
import { answerResponses } from '../support/websocket-responses.ts';

const CLI = join(ROOT, 'judge-proxy/cli.ts');
const MODES = {
  observe: { mode: 'observe' },
  window: { mode: 'window', window: { tokens: 100, rules_tokens: 20, overlap_tokens: 20 } },
  eager: { mode: 'window', window: { release: 'eager', tokens: 100, rules_tokens: 20, overlap_tokens: 20 } },
  hold: { mode: 'hold' },
  held: { mode: 'hold', hold_request: true },
};
const LEVELS = { redacted: {}, metadata: { recording: 'metadata', seal: true } };
const ROUTES = Object.keys(MODES).flatMap((mode) => Object.keys(LEVELS).map((level) => `${mode}-${level}`));
const hostOf = (route: string) => `${route}.corpus.test`;
const needles = needlesOf(PLANTED);

const cases = new Map<string, CorpusCase>();
const asked: string[] = [];
const answers: string[] = [];
const gotByOrigin: Buffer[] = [];
let chain: Chain;
let reader: LedgerReader;
let agent: ProxyAgent;

/** Says a secret of its own with every answer. */
const judge = judgeModelHandler({
  tamper: (answer) => {
    const said = [...SECRETS.map(({ text }) => text), EMPLOYEE];
    const secret = said[asked.length % said.length];
    const criteria = (answer.criteria as Record<string, unknown>[]).map((one) => ({
      ...one,
      analysis: `It says ${secret}.`,
    }));
    return { ...answer, criteria };
  },
});

beforeAll(async () => {
  const recipient = await identityToRecipient(await generateIdentity());
  const origin = corpusOrigin(cases);
  chain = await Chain.start({
    hop: 'h2',
    handler: async (seen, response, self) => {
      gotByOrigin.push(Buffer.from(seen.url), seen.body);
      await origin(seen, response, self);
    },
    judgeHandler: async (seen, response, self) => {
      asked.push(seen.body.toString('utf8'));
      await judge(seen, response, self);
    },
    terminatedHosts: ROUTES.map(hostOf),
    config: {
      log: { level: 'debug' },
      redaction: REDACTION,
      sealing: { recipients: [recipient] },
      routes: ROUTES.map((route) => {
        const [mode = '', level = ''] = route.split('-');
        return {
          ...{ name: route, hosts: [hostOf(route)], action: 'terminate', judge: 'default' },
          ...MODES[mode as keyof typeof MODES],
          ...LEVELS[level as keyof typeof LEVELS],
          block: { reveal: 'evidence' },
        };
      }),
    },
  });
  serveWebSockets(chain.origin, (socket) =>
    answerResponses(socket, () => ({ model: 'gpt-5-mini', text: ALL, deltaLength: 9 })),
  );
  reader = await chain.reader();
  agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca: readFileSync(chain.caFile, 'utf8') } });
  for (const route of ROUTES) await Promise.all(textCases().map((one) => send(route, one)));
  for (const word of WORDS) await Promise.all(wordCases(word).map((one) => send('observe-redacted', one)));
  for (const route of ROUTES) await speak(route);
  while ((await reader.stats()).jobs > 0);
}, 280_000);

afterAll(async () => {
  await agent?.close();
  await chain?.stop();
});

async function send(route: string, one: CorpusCase): Promise<void> {
  const id = `case-${cases.size}`;
  cases.set(id, one);
  const url = `https://${hostOf(route)}${one.path ?? '/v1/chat/completions'}`;
  const response = await fetch(url, { method: 'POST', dispatcher: agent, ...requestOf(one, id) });
  const text = await response.text().catch(() => '');
  if (response.headers.get('x-judge-code') !== null) answers.push(text, JSON.stringify([...response.headers]));
}

/** One response over WebSocket, with everything planted in request and answer. */
async function speak(route: string): Promise<void> {
  const { headers } = requestOf({ name: '', body: {}, answer: { chunks: [] } }, 'socket');
  const { authorization, cookie, 'x-api-key': key } = headers;
  const socket = await openWebSocket(chain, `wss://${hostOf(route)}/v1/responses`, {
    headers: { authorization, cookie, 'x-api-key': key, 'x-tenant-token': headers['x-tenant-token'] },
  });
  const inbox = new Inbox(socket);
  for (const input of [ALL, 'hello']) {
    socket.send(
      JSON.stringify({ type: 'response.create', model: 'gpt-5-mini', input, metadata: { customer: CUSTOMER_OF } }),
    );
    for (;;) {
      const { type } = (await inbox.event()) as { type?: unknown };
      if (type === 'response.completed' || type === 'error') break;
    }
  }
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.close();
  await closed;
}

const CUSTOMER_OF = PLANTED.find(({ name }) => name === 'CUSTOMER')?.secret;

describe('what was planted', () => {
  it('reached the origin, so that the search can find it', () => {
    expect(
      new Set(foundIn(Buffer.concat(gotByOrigin), needles).map((found) => found.replace(/ \(.*/, ''))).size,
    ).toBeGreaterThan(PLANTED.length - 8);
    expect(asked.length).toBeGreaterThan(20);
    expect(answers.length).toBeGreaterThan(10);
  });

  it.each(['ledger.db', 'ledger.db-wal', 'checkpoints', 'index'])('is in no file of the ledger: %s', (what) => {
    const files = readdirSync(chain.folder).filter((file) => file.startsWith('ledger'));
    const chosen = files.filter((file) => (what.startsWith('ledger.db') ? file === what : file.includes(what)));
    for (const file of chosen) expect(foundIn(readFileSync(join(chain.folder, file)), needles), file).toEqual([]);
    if (what === 'ledger.db') expect(files.length).toBeGreaterThan(1);
  });

  it('is in no log line', () => {
    expect(chain.proxy.lines.length).toBeGreaterThan(100);
    expect(foundIn(chain.proxy.lines.map((line) => JSON.stringify(line)).join('\n'), needles)).toEqual([]);
  });

  it('is in no metric', async () => {
    const response = await fetch(`http://127.0.0.1:${chain.adminPort}/metrics`);
    expect(foundIn(await response.text(), needles)).toEqual([]);
  });

  it('was not shown to the judge', () => {
    for (const question of asked) expect(foundIn(question, needles)).toEqual([]);
    expect(asked.join('')).not.toContain(PIN);
    expect(asked.join('')).toContain('[REDACTED:employee_id:');
    expect(asked.join('')).toContain('[REDACTED:customer:');
    expect(asked.join('')).toContain('[REDACTED:header_x_tenant_token:');
  });

  it('is in no block that a client was shown', () => {
    for (const answer of answers) expect(foundIn(answer, needles)).toEqual([]);
  });

  const kinds = FORMATS.flatMap((format) => SUBJECTS.map((what) => [format, what] as const)).filter(([format, what]) =>
    BESIDE_SUBJECTS.some((one) => one === what)
      ? format === 'jsonl' || format === 'csv'
      : format !== 'ocsf' || what !== 'connections',
  );
  it.each(kinds)('is in no export: %s of %s', async (format, what) => {
    const ran = await run('node', [CLI, 'export', '--format', format, '--what', what, '--ledger', chain.ledgerUrl]);
    expect(ran.code).toBe(0);
    if (what === 'verdicts' || what === 'exchanges') expect(ran.stdout.length).toBeGreaterThan(1_000);
    expect(foundIn(ran.stdout + ran.stderr, needles)).toEqual([]);
  });

  it('is not in the review, nor in a replay', async () => {
    const review = await run('node', [CLI, 'review', 'list', '--json', '--limit', '1000', '--ledger', chain.ledgerUrl]);
    expect(review.code).toBe(0);
    expect(foundIn(review.stdout + review.stderr, needles)).toEqual([]);
    const out = join(chain.folder, 'replay.jsonl');
    const replay = await run('node', [
      ...[CLI, 'replay', '--judge', 'default', '--config', join(chain.folder, 'judge-proxy.yaml')],
      ...['--out', out, '--limit', '300', '--yes', '--json'],
    ]);
    expect(JSON.parse(replay.stdout)).toHaveProperty('diff.not_judged.metadata_only');
    expect(foundIn(replay.stdout + replay.stderr, needles)).toEqual([]);
    expect(foundIn(readFileSync(out), needles)).toEqual([]);
  });

  it('is nowhere in what Envoy keeps or shows', async () => {
    expect(foundIn(readFileSync(join(chain.folder, 'envoy-access.log')), needles)).toEqual([]);
    const files = readdirSync(join(chain.folder, 'envoy'), { withFileTypes: true, recursive: true });
    for (const file of files) {
      if (file.isFile())
        expect(foundIn(readFileSync(join(file.parentPath, file.name)), needles), file.name).toEqual([]);
    }
  });

  it('is in no content, path, name or id, at whatever level; of metadata there is no content', async () => {
    const levels = new Map<string, number>();
    for await (const view of views()) {
      const { completed, content, request_content } = view;
      if (completed === null) continue;
      const level = completed.recording ?? '';
      levels.set(level, (levels.get(level) ?? 0) + 1);
      expect(foundIn(JSON.stringify(view), needles)).toEqual([]);
      expect(JSON.stringify(view)).not.toContain(`"${PIN}"`);
      if (level !== 'metadata') continue;
      expect([content, request_content]).toEqual([null, null]);
      expect(completed.sealed_sha256).toMatch(/^[0-9a-f]{64}$/);
      for (const verdict of view.verdicts) {
        expect(verdict).toMatchObject({ input_sha256: null, latest_user_message: null, context_tail_preview: null });
        expect(['rules_only', 'unparseable', 'interrupted']).toContain(verdict.state);
        expect(verdict.coverage.reasons).toContain('metadata_only');
      }
    }
    expect(levels.get('redacted')).toBeGreaterThan(100);
    expect(levels.get('metadata')).toBeGreaterThan(80);
  });
});

async function* views() {
  let before: number | undefined;
  for (;;) {
    const page = await reader.verdicts({ limit: 100, ...(before === undefined ? {} : { before_seq: before }) });
    for (const { exchange_id } of page) {
      const view = await reader.exchange(exchange_id);
      if (view !== null) yield view;
    }
    before = page.at(-1)?.seq;
    if (before === undefined) return;
  }
}
