/**
 * For the tests of settings: the whole judge proxy in this process, started from config text as a file would bring it,
 * as often as a test needs it, beside one set of certificates, origins and judge model. Two proxies that differ in one
 * key show what the key does.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ensureCertificates } from '../../certs-tool/ensure.ts';
import type { CertificatePaths } from '../../certs-tool/paths.ts';
import { parseConfig } from '../../judge-proxy/config/load.ts';
import type { Config, Limits } from '../../judge-proxy/config/schema.ts';
import { startProxy } from '../../judge-proxy/main.ts';
import { makeOriginCa, makeOriginCertificate, type TestCertificate } from './certificates.ts';
import { judgeModelHandler } from './judge-model.ts';
import { openAiHandler } from './openai-origin.ts';
import { Origin, type OriginHandler } from './origin.ts';
import { RunningSettings } from './settings-running.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Config, section by section; what a test gives is merged over it. */
export type Section = Readonly<Record<string, unknown>>;

export interface Overrides {
  readonly config?: Section;
  /** Set after the config was checked: values so short that no operator may write them. */
  readonly limits?: Partial<Limits>;
}

/** Terminated; any other name below this one is too, when `connect_to` knows it. */
export const JUDGED = { a: 'a.judged.test', b: 'b.judged.test' } as const;
export const TUNNELLED = 'tunnelled.test';
export const RUBRIC = join(ROOT, 'config/rubrics/default.yaml');

export class SettingsWorld {
  readonly folder: string;
  readonly certificates: CertificatePaths;
  /** Another chain CA with its pairs, and another interception CA. */
  readonly others: CertificatePaths;
  readonly originCa: TestCertificate;
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  readonly judgeModel: Origin;
  readonly tlsJudgeModel: Origin;
  readonly #behaviour: Behaviour;
  readonly #running: RunningSettings[] = [];
  #started = 0;

  private constructor(folder: string, parts: Parts, behaviour: Behaviour) {
    this.folder = folder;
    this.certificates = parts.certificates;
    this.others = parts.others;
    this.originCa = parts.originCa;
    this.origin = parts.origin;
    this.plainOrigin = parts.plainOrigin;
    this.judgeModel = parts.judgeModel;
    this.tlsJudgeModel = parts.tlsJudgeModel;
    this.#behaviour = behaviour;
  }

  static async make(): Promise<SettingsWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'judge-settings-'));
    const behaviour: Behaviour = { origin: openAiHandler(), judge: judgeModelHandler() };
    return new SettingsWorld(folder, await makeParts(folder, behaviour), behaviour);
  }

  /** What both origins answer from now on. */
  set answer(handler: OriginHandler) {
    this.#behaviour.origin = handler;
  }

  /** What both judge models answer from now on. */
  set judgement(handler: OriginHandler) {
    this.#behaviour.judge = handler;
  }

  /** Starts one more proxy. It is closed with the world, or before. */
  async start({ config, limits }: Overrides = {}): Promise<RunningSettings> {
    const checked = this.parse(config);
    const running = new RunningSettings();
    running.proxy = await startProxy({ ...checked, limits: { ...checked.limits, ...limits } }, { log: running });
    running.ledgerUrl = checked.ledger.url;
    this.#running.push(running);
    return running;
  }

  /** @throws ConfigError as for a file */
  parse(config?: Section): Config {
    return parseConfig(this.yaml(config), 'settings.yaml', {});
  }

  /** The text of a config file; its ledger is a new one. */
  yaml(config: Section = {}): string {
    this.#started += 1;
    return stringify(merge(this.#base(), config));
  }

  /** The model of a judge that is scored by the judge model of this world. */
  get model(): Section {
    return {
      base_url: `http://127.0.0.1:${this.judgeModel.port}/v1`,
      api_key: 'test-judge-key',
      name: 'test-judge',
      timeout: '20s',
      allow_addresses: ['127.0.0.1/32'],
    };
  }

  /** `connect_to` for names that lead to the two origins. */
  leading(...names: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      names.flatMap((name) => [
        [`${name}:443`, `127.0.0.1:${this.origin.port}`],
        [`${name}:80`, `127.0.0.1:${this.plainOrigin.port}`],
      ]),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.close()));
    for (const origin of [this.origin, this.plainOrigin, this.judgeModel, this.tlsJudgeModel]) await origin.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #base(): Section {
    const { certificates: own } = this;
    const loopback = { host: '127.0.0.1', port: 0 };
    return {
      listen: {
        proxy: { ...loopback, cert: own.serverCert, key: own.serverKey, client_ca: own.caCert },
        plain: loopback,
        admin: { ...loopback, open_metrics: true },
      },
      interception: { ca_cert: own.interceptionCaCert, ca_key: own.interceptionCaKey },
      upstream: {
        ca_files: [this.originCa.certFile],
        connect_to: this.leading(JUDGED.a, JUDGED.b, TUNNELLED),
      },
      routes: [
        { name: 'judged', hosts: ['*.judged.test'], ports: [443, 80], action: 'terminate', judge: 'default' },
        { name: 'rest', hosts: ['*'], ports: [443, 80, this.plainOrigin.port], action: 'tunnel' },
      ],
      judges: { default: { rubric: RUBRIC, model: this.model } },
      ledger: { url: `sqlite:${join(this.folder, `ledger-${this.#started}.db`)}` },
    };
  }
}

interface Behaviour {
  origin: OriginHandler;
  judge: OriginHandler;
}

interface Parts {
  readonly certificates: CertificatePaths;
  readonly others: CertificatePaths;
  readonly originCa: TestCertificate;
  readonly origin: Origin;
  readonly plainOrigin: Origin;
  readonly judgeModel: Origin;
  readonly tlsJudgeModel: Origin;
}

async function makeParts(folder: string, behaviour: Behaviour): Promise<Parts> {
  const originCa = await makeOriginCa(join(folder, 'origin'));
  const names = ['DNS:*.judged.test', `DNS:${TUNNELLED}`, 'IP:127.0.0.1'];
  const tls = await makeOriginCertificate(originCa, join(folder, 'origin'), 'good', names);
  const origin: OriginHandler = (...seen) => behaviour.origin(...seen);
  const judge: OriginHandler = (...seen) => behaviour.judge(...seen);
  return {
    certificates: await makeCertificates(join(folder, 'certs')),
    others: await makeCertificates(join(folder, 'other-certs')),
    originCa,
    origin: await Origin.start({ tls, handler: origin }),
    plainOrigin: await Origin.start({ handler: origin }),
    judgeModel: await Origin.start({ handler: judge }),
    tlsJudgeModel: await Origin.start({ tls, handler: judge }),
  };
}

async function makeCertificates(certDir: string): Promise<CertificatePaths> {
  await mkdir(certDir, { recursive: true });
  return (await ensureCertificates({ certDir, terminatedHosts: ['*.judged.test'], now: new Date() })).paths;
}

function merge(base: Section, over: Section): Section {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isSection(before) && isSection(value) ? merge(before, value) : value;
  }
  return merged;
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
