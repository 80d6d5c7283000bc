/**
 * What a mode costs a client, in milliseconds: time to the first text and to the end of a stream that comes at the pace of
 * a model, for judges of 0 and of 300 ms, and, of a stream with a violation, how many tokens after its first character
 * still reached the client. Through Envoy, one proxy with a route for each mode.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Table from 'cli-table3';
import { Pool, ProxyAgent } from 'undici';
import { stringify } from 'yaml';
import { ensureCertificates } from '../certs-tool/ensure.ts';
import { launchEnvoy } from '../envoy/launch.ts';
import { makeOriginCa, makeOriginCertificate } from '../test/support/certificates.ts';
import { LoggedProcess } from '../test/support/process.ts';
import { PACED } from './paced.ts';
import { shuffled, spread } from './statistics.ts';

const ROOT = resolve(import.meta.dirname, '..');
const JUDGE_MS = [0, 300] as const;

interface Way {
  readonly name: string;
  readonly host: string;
  /** Of its route, without name, host and judge; null: past the proxy. */
  readonly route: Readonly<Record<string, unknown>> | null;
  readonly judgeMs: number;
}

const WINDOW = { tokens: PACED.windowTokens, rules_tokens: 25, overlap_tokens: 50 };

const WAYS: readonly Way[] = [
  { name: 'direct', host: 'direct.bench.test', route: null, judgeMs: 0 },
  ...JUDGE_MS.flatMap((judgeMs): Way[] => {
    const way = (name: string, route: Record<string, unknown>): Way => {
      return { name: `${name}, judge ${judgeMs} ms`, host: `${name}-${judgeMs}.bench.test`, route, judgeMs };
    };
    return [
      way('observe', { mode: 'observe' }),
      way('eager', { mode: 'window', window: { ...WINDOW, release: 'eager' } }),
      way('cleared', { mode: 'window', window: { ...WINDOW, release: 'cleared' } }),
      way('hold', { mode: 'hold' }),
    ];
  }),
];

export interface ModeSample {
  readonly way: string;
  readonly firstMs: number;
  readonly wholeMs: number;
  /** Tokens from the violation's first character on that the client was given, of a stream that has one. */
  readonly leakedTokens: number;
}

/** @param rounds streams of each kind and way, in random order */
export async function measureModes(rounds: number, progress: (text: string) => void): Promise<ModeSample[]> {
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'judge-bench-modes-'));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const ca = await makeOriginCa(join(folder, 'origin'));
  const names = WAYS.map(({ host }) => `DNS:${host}`);
  const certificate = await makeOriginCertificate(ca, join(folder, 'origin'), 'bench', names);
  const env = { ORIGIN_CERT: certificate.certFile, ORIGIN_KEY: certificate.keyFile };
  const originPort = await child(parts, 'paced-origin-process.ts', env);
  const judgePort = await child(parts, 'judge-process.ts', {});
  const certDir = join(folder, 'certs');
  await ensureCertificates({ certDir, terminatedHosts: WAYS.map(({ host }) => host), now: new Date() });
  await writeFile(join(folder, 'config.yaml'), stringify(configFor(folder, originPort, judgePort, ca.certFile)));
  const proxy = new LoggedProcess(
    [join(ROOT, 'judge-proxy/cli.ts'), 'serve', '--config', join(folder, 'config.yaml')],
    {},
    ROOT,
  );
  parts.defer(() => stop(proxy, 'SIGTERM'));
  const port = Number((await proxy.event('listening', (line) => line.mode === 'mtls')).port);
  await proxy.event('ready');
  const envoy = await launchEnvoy({
    listen: { host: '127.0.0.1', port: 0 },
    adminPort: 0,
    judge: { host: '127.0.0.1', port },
    certDir,
    hop: 'h2',
    workDir: join(folder, 'envoy'),
    concurrency: 1,
    accessLog: join(folder, 'access.log'),
  });
  parts.defer(() => envoy.stop());
  const agent = new ProxyAgent({
    uri: `http://127.0.0.1:${envoy.port}`,
    requestTls: { ca: await readFile(join(certDir, 'intercept-ca.crt'), 'utf8') },
  });
  parts.defer(() => agent.close());
  const direct = new Pool(`https://127.0.0.1:${originPort}`, {
    pipelining: 1,
    connections: 2,
    connect: { ca: ca.cert, servername: WAYS[0]?.host },
  });
  parts.defer(() => direct.close());

  const sampleOf = async (way: Way): Promise<ModeSample> => {
    const dispatcher = way.route === null ? direct : agent;
    // Both at one time: each takes as long as its pace, and hardly any processor.
    const [clean, bad] = await Promise.all([stream(dispatcher, way, 'hello'), stream(dispatcher, way, 'leak')]);
    if (!clean.text.endsWith(PACED.clean.slice(-20))) throw new Error(`${way.name}: the clean stream came incomplete.`);
    const leakedTokens = Math.max(0, Math.ceil((bad.text.length - PACED.violatingFrom) / 4));
    return { way: way.name, firstMs: clean.firstMs, wholeMs: clean.wholeMs, leakedTokens };
  };
  progress('modes · warming compiler and connections');
  await Promise.all(WAYS.map(sampleOf));
  const samples: ModeSample[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const way of shuffled(WAYS, Math.random)) {
      samples.push(await sampleOf(way));
      progress(`modes · round ${round} of ${rounds} · ${way.name}`);
    }
  }
  return samples;
}

export function renderModes(samples: readonly ModeSample[]): string {
  const table = new Table({
    head: ['way', 'first text, ms', 'whole answer, ms', 'tokens after a violation'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const { name } of WAYS) {
    const of = samples.filter((sample) => sample.way === name);
    table.push([
      name,
      spread(of.map(({ firstMs }) => firstMs)),
      spread(of.map(({ wholeMs }) => wholeMs)),
      spread(of.map(({ leakedTokens }) => leakedTokens)),
    ]);
  }
  const about = `${PACED.tokens} tokens at ${PACED.tokensPerSecond} a second, windows of ${PACED.windowTokens} tokens, rules every ${WINDOW.rules_tokens}`;
  return `\nmodes: ${about}; median [quartiles]\n${table.toString()}\n`;
}

interface Streamed {
  readonly text: string;
  readonly firstMs: number;
  readonly wholeMs: number;
}

async function stream(dispatcher: Pool | ProxyAgent, way: Way, prompt: string): Promise<Streamed> {
  const started = performance.now();
  const answer = await dispatcher.request({
    origin: `https://${way.host}`,
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench', host: way.host },
    body: JSON.stringify({ model: 'gpt-5-mini', stream: true, messages: [{ role: 'user', content: prompt }] }),
  });
  let rest = '';
  let text = '';
  let firstMs = Number.NaN;
  for await (const chunk of answer.body.setEncoding('utf8')) {
    rest += chunk as string;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) text += contentOf(line);
    if (Number.isNaN(firstMs) && text !== '') firstMs = performance.now() - started;
  }
  return { text, firstMs, wholeMs: performance.now() - started };
}

function contentOf(line: string): string {
  if (!line.startsWith('data: {')) return '';
  const event = JSON.parse(line.slice(6)) as { choices?: { delta?: { content?: string } }[] };
  return event.choices?.[0]?.delta?.content ?? '';
}

async function child(parts: AsyncDisposableStack, file: string, env: Record<string, string>): Promise<number> {
  const started = new LoggedProcess([join(import.meta.dirname, file)], env);
  parts.defer(() => stop(started, 'SIGKILL'));
  return Number((await started.event('listening')).port);
}

async function stop(child: LoggedProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  child.kill(signal);
  await child.exited;
}

function configFor(folder: string, originPort: number, judgePort: number, originCa: string): object {
  const certs = (name: string) => join(folder, 'certs', name);
  const terminated = WAYS.filter((way) => way.route !== null);
  return {
    listen: {
      proxy: { port: 0, cert: certs('server.crt'), key: certs('server.key'), client_ca: certs('ca.crt') },
      admin: { port: 0 },
    },
    interception: { ca_cert: certs('intercept-ca.crt'), ca_key: certs('intercept-ca.key') },
    upstream: {
      ca_files: [originCa],
      connect_to: Object.fromEntries(terminated.map(({ host }) => [`${host}:443`, `127.0.0.1:${originPort}`])),
    },
    routes: terminated.map(({ host, route, judgeMs }) => {
      return { name: host.replaceAll('.', '-'), hosts: [host], action: 'terminate', judge: `ms-${judgeMs}`, ...route };
    }),
    judges: Object.fromEntries(
      JUDGE_MS.map((ms) => [
        `ms-${ms}`,
        {
          rubric: join(ROOT, 'config/rubrics/default.yaml'),
          model: {
            base_url: `http://127.0.0.1:${judgePort}/after/${ms}/v1`,
            api_key: 'bench',
            name: 'bench-judge',
            allow_addresses: ['127.0.0.1/32'],
          },
          // Each stream is the same: answers out of the cache would measure the cache.
          cache: { entries: 0 },
        },
      ]),
    ),
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
    log: { level: 'info' },
  };
}
