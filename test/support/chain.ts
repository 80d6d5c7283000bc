/**
 * The whole chain for tests: certificates by certs-tool, the judge proxy as a child process, the real Envoy in front of
 * it, origins and the judge model on loopback. `hop` chooses how Envoy talks to the judge proxy; `plain` leaves Envoy out.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ensureCertificates } from '../../certs-tool/ensure.ts';
import { launchEnvoy, type RunningEnvoy } from '../../envoy/launch.ts';
import type { LedgerReader } from '../../judge-proxy/ledger/ledger.ts';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { makeOriginCa, makeOriginCertificate, type TestCertificate } from './certificates.ts';
import { judgeModelHandler } from './judge-model.ts';
import { openAiHandler } from './openai-origin.ts';
import { Origin, type OriginHandler } from './origin.ts';
import { LoggedProcess, type LogLine } from './process.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

export type Hop = 'h2' | 'h1' | 'plain';

export interface ChainOptions {
  readonly hop: Hop;
  /** Answers for api.openai.com, api.anthropic.com and recorded.test; OpenAI's shapes by default. */
  readonly handler?: OriginHandler;
  /** null: no model, rules alone. */
  readonly judgeHandler?: OriginHandler | null;
  /** Hosts beside those of the test config: the interception CA may sign for them, and they lead to the TLS origin. */
  readonly terminatedHosts?: readonly string[];
  /** Merged over the config, section by section. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Hosts that the test config knows. All lead to the one TLS origin, whose certificate names them, by `connect_to`. */
export const HOSTS = {
  openai: 'api.openai.com',
  anthropic: 'api.anthropic.com',
  recorded: 'recorded.test',
  tunnel: 'tunnel.test',
  denied: 'denied.test',
  expired: 'expired.test',
  stranger: 'stranger.test',
  dead: 'dead.test',
} as const;

export class Chain {
  readonly folder: string;
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  readonly expiredOrigin: Origin;
  readonly strangerOrigin: Origin;
  readonly judgeModel: Origin | null;
  proxy: LoggedProcess;
  envoy: RunningEnvoy | null = null;
  readonly originCa: TestCertificate;
  readonly #options: ChainOptions;
  #proxyPort = 0;
  #adminPort = 0;
  #readers: LedgerReader[] = [];

  private constructor(folder: string, parts: Parts, options: ChainOptions, proxy: LoggedProcess) {
    this.folder = folder;
    this.origin = parts.origin;
    this.plainOrigin = parts.plainOrigin;
    this.expiredOrigin = parts.expiredOrigin;
    this.strangerOrigin = parts.strangerOrigin;
    this.judgeModel = parts.judgeModel;
    this.originCa = parts.originCa;
    this.#options = options;
    this.proxy = proxy;
  }

  static async start(options: ChainOptions): Promise<Chain> {
    const folder = await mkdtemp(join(tmpdir(), 'judge-chain-'));
    const parts = await startParts(folder, options);
    await ensureCertificates({
      certDir: join(folder, 'certs'),
      terminatedHosts: [...Object.values(TERMINATED), ...(options.terminatedHosts ?? [])],
      now: new Date(),
    });
    await writeFile(join(folder, 'judge-proxy.yaml'), stringify(configFor(folder, parts, options, 0)));
    const chain = new Chain(folder, parts, options, spawnProxy(folder));
    await chain.#whenUp();
    if (options.hop !== 'plain') {
      chain.envoy = await launchEnvoy({
        listen: { host: '127.0.0.1', port: 0 },
        adminPort: 0,
        judge: { host: '127.0.0.1', port: chain.#proxyPort },
        certDir: join(folder, 'certs'),
        hop: options.hop,
        workDir: join(folder, 'envoy'),
        concurrency: 1,
        accessLog: join(folder, 'envoy-access.log'),
      });
    }
    return chain;
  }

  /** What a client puts into HTTPS_PROXY. */
  get proxyUrl(): string {
    return `http://127.0.0.1:${this.proxyPort}`;
  }

  get proxyPort(): number {
    return this.envoy?.port ?? this.#proxyPort;
  }

  /** Port of the judge proxy's own listener: mTLS, or plain with hop `plain`. */
  get judgePort(): number {
    return this.#proxyPort;
  }

  /** Port of health and metrics. */
  get adminPort(): number {
    return this.#adminPort;
  }

  get caFile(): string {
    return join(this.folder, 'certs/intercept-ca.crt');
  }

  /** Interception CA, and the CA of the test origins for tunnelled hosts. */
  async clientBundle(): Promise<string> {
    const file = join(this.folder, 'client-bundle.pem');
    const { readFile } = await import('node:fs/promises');
    await writeFile(file, `${await readFile(this.caFile, 'utf8')}\n${this.originCa.cert}`);
    return file;
  }

  get ledgerUrl(): string {
    return `sqlite:${join(this.folder, 'ledger.db')}`;
  }

  async reader(): Promise<LedgerReader> {
    const reader = await openReader(this.ledgerUrl);
    this.#readers.push(reader);
    return reader;
  }

  /** The verdict line of the log that fits, past or future. */
  async verdict(fits: (verdict: Verdict) => boolean = () => true): Promise<Verdict> {
    const line: LogLine = await this.proxy.event('verdict', (candidate) => fits(candidate as unknown as Verdict));
    return line as unknown as Verdict;
  }

  /** Starts the judge proxy anew on the same port, with the same ledger. Envoy stays. */
  async restartProxy(): Promise<void> {
    await writeFile(
      join(this.folder, 'judge-proxy.yaml'),
      stringify(configFor(this.folder, { ...this, originCa: this.originCa }, this.#options, this.#proxyPort)),
    );
    this.proxy = spawnProxy(this.folder);
    await this.#whenUp();
  }

  async stop(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
    await this.envoy?.stop();
    this.proxy.kill('SIGTERM');
    await this.proxy.exited;
    for (const origin of [this.origin, this.plainOrigin, this.expiredOrigin, this.strangerOrigin, this.judgeModel])
      await origin?.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #whenUp(): Promise<void> {
    const listener = this.#options.hop === 'plain' ? 'plain' : 'mtls';
    const line = await this.proxy.event('listening', (candidate) => candidate.mode === listener);
    this.#proxyPort = Number(line.port);
    this.#adminPort = Number((await this.proxy.event('listening', (candidate) => candidate.mode === 'admin')).port);
    await this.proxy.event('ready');
  }
}

const TERMINATED = {
  openai: HOSTS.openai,
  anthropic: HOSTS.anthropic,
  recorded: HOSTS.recorded,
  expired: HOSTS.expired,
  stranger: HOSTS.stranger,
  dead: HOSTS.dead,
};

interface Parts {
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  readonly expiredOrigin: Origin;
  readonly strangerOrigin: Origin;
  readonly judgeModel: Origin | null;
  readonly originCa: TestCertificate;
}

async function startParts(folder: string, options: ChainOptions): Promise<Parts> {
  const handler = options.handler ?? openAiHandler();
  const originCa = await makeOriginCa(join(folder, 'origin'));
  const names = Object.values<string>(HOSTS)
    .filter((host) => host !== HOSTS.stranger)
    .concat(options.terminatedHosts ?? [])
    .map((host) => `DNS:${host}`);
  const good = await makeOriginCertificate(originCa, join(folder, 'origin'), 'good', names);
  const expired = await makeOriginCertificate(
    originCa,
    join(folder, 'origin'),
    'expired',
    [`DNS:${HOSTS.expired}`],
    -1,
  );
  const judgeHandler = options.judgeHandler === undefined ? judgeModelHandler() : options.judgeHandler;
  return {
    originCa,
    origin: await Origin.start({ tls: good, handler }),
    plainOrigin: await Origin.start({ handler }),
    expiredOrigin: await Origin.start({ tls: expired, handler }),
    strangerOrigin: await Origin.start({ tls: good, handler }),
    judgeModel: judgeHandler === null ? null : await Origin.start({ handler: judgeHandler }),
  };
}

function spawnProxy(folder: string): LoggedProcess {
  return new LoggedProcess(
    [join(ROOT, 'judge-proxy/cli.ts'), 'serve', '--no-build', '--config', join(folder, 'judge-proxy.yaml')],
    {
      OPENAI_API_KEY: undefined,
      HTTPS_PROXY: undefined,
      NODE_USE_ENV_PROXY: undefined,
    },
    ROOT,
  );
}

function configFor(folder: string, parts: Parts, options: ChainOptions, port: number): Record<string, unknown> {
  const certs = (name: string) => join(folder, 'certs', name);
  const local = (origin: Origin) => `127.0.0.1:${origin.port}`;
  const terminate = { ports: [443, 80], action: 'terminate', judge: 'default' };
  const base: Record<string, unknown> = {
    listen: {
      proxy: {
        host: '127.0.0.1',
        port: options.hop === 'plain' ? 0 : port,
        cert: certs('server.crt'),
        key: certs('server.key'),
        client_ca: certs('ca.crt'),
      },
      admin: { host: '127.0.0.1', port: 0, open_metrics: true },
      ...(options.hop === 'plain' ? { plain: { host: '127.0.0.1', port } } : {}),
    },
    interception: { ca_cert: certs('intercept-ca.crt'), ca_key: certs('intercept-ca.key') },
    upstream: {
      ca_files: [parts.originCa.certFile],
      connect_to: {
        [`${HOSTS.openai}:443`]: local(parts.origin),
        [`${HOSTS.anthropic}:443`]: local(parts.origin),
        [`${HOSTS.recorded}:443`]: local(parts.origin),
        [`${HOSTS.recorded}:80`]: local(parts.plainOrigin),
        [`${HOSTS.tunnel}:443`]: local(parts.origin),
        [`${HOSTS.tunnel}:80`]: local(parts.plainOrigin),
        [`${HOSTS.expired}:443`]: local(parts.expiredOrigin),
        [`${HOSTS.stranger}:443`]: local(parts.strangerOrigin),
        [`${HOSTS.dead}:443`]: '127.0.0.1:1',
        ...Object.fromEntries(
          (options.terminatedHosts ?? [])
            .filter((host) => !host.startsWith('*'))
            .map((host) => [`${host}:443`, local(parts.origin)]),
        ),
      },
    },
    routes: [
      { name: 'openai', hosts: [HOSTS.openai], ...terminate },
      { name: 'anthropic', hosts: [HOSTS.anthropic], ...terminate },
      { name: 'recorded', hosts: [HOSTS.recorded, HOSTS.expired, HOSTS.stranger, HOSTS.dead], ...terminate },
      { name: 'denied', hosts: [HOSTS.denied], ports: [443, 80], action: 'deny' },
      { name: 'rest', hosts: ['*'], ports: [443, 80, ...openPorts(parts)], action: 'tunnel' },
    ],
    judges: {
      default: {
        rubric: join(ROOT, 'config/rubrics/default.yaml'),
        ...(parts.judgeModel === null
          ? {}
          : {
              model: {
                base_url: `http://127.0.0.1:${parts.judgeModel.port}/v1`,
                api_key: 'test-judge-key',
                name: 'test-judge',
                timeout: '10s',
                allow_addresses: ['127.0.0.1/32'],
              },
            }),
      },
    },
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
    log: { level: 'info', format: 'json' },
    prices: { 'gpt-5-mini*': { input: 0.25, output: 2 } },
  };
  return merge(base, options.config ?? {});
}

/** Ports of the test origins, so that the address guard and not the route refuses them when they are named directly. */
function openPorts(parts: Parts): number[] {
  return [parts.origin.port, parts.plainOrigin.port];
}

function merge(base: Record<string, unknown>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    const both = isSection(before) && isSection(value);
    merged[key] = both ? merge(before, value) : value;
  }
  return merged;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
