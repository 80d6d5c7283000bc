/** What surrounds the product in the demo: an origin that calls itself api.openai.com, a judge model, a config. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { stringify } from 'yaml';
import { loadCa } from '../../../certs-tool/authority.ts';
import { ensureCertificates } from '../../../certs-tool/ensure.ts';
import { issueIdentity } from '../../../certs-tool/leaf.ts';
import { makeInterceptionCa } from '../../../certs-tool/make-ca.ts';
import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import { openAiHandler } from '../../../test/support/openai-origin.ts';
import { Origin } from '../../../test/support/origin.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { DemoPlace } from './place.ts';
import { HOSTS, SCENARIOS } from './scenarios.ts';

export interface DemoWorld {
  readonly config: Config;
  readonly ledgerUrl: string;
  /** The interception CA that the program trusts. */
  readonly caFile: string;
  close(): Promise<void>;
}

const NAMES = Object.values(HOSTS);

/** Starts origin and judge model and writes the config that leads to them. */
export async function buildWorld(place: DemoPlace): Promise<DemoWorld> {
  const { folder, certFolder } = place;
  const certificates = await makeOriginCertificates(folder);
  const origin = await Origin.start({
    tls: certificates,
    handler: openAiHandler({
      script: (body) =>
        SCENARIOS.find((scenario) => scenario.user === body.lastUser)?.reply ?? { kind: 'reply', text: 'Hello.' },
      // At the pace of a model, so that the first windows are out before the last is judged.
      gate: async (_index, seen) => {
        if (seen.headers.host === HOSTS.window) await after(20);
      },
    }),
  });
  const judgeModel = await Origin.start({ handler: judgeModelHandler() });
  await ensureCertificates({ certDir: certFolder, terminatedHosts: NAMES, now: new Date() });
  const configFile = join(folder, 'judge-proxy.yaml');
  await writeFile(configFile, stringify(configFor(place, { origin, judgeModel, caFile: certificates.caFile })));
  return {
    config: await loadConfig(configFile, {}),
    ledgerUrl: `sqlite:${join(folder, 'ledger.db')}`,
    caFile: join(certFolder, 'intercept-ca.crt'),
    close: async () => {
      await origin.close();
      await judgeModel.close();
    },
  };
}

/** A CA of the origin's own, as far from ours as the real one's would be. */
async function makeOriginCertificates(folder: string) {
  const now = new Date();
  const made = makeInterceptionCa(NAMES, { now, random: randomBytes });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = issueIdentity(loadCa(made.certPem, made.keyPem), NAMES, 'serverAuth', publicKey, {
    now,
    serial: randomBytes(16),
    days: 7,
  });
  const caFile = join(folder, 'origin-ca.crt');
  await writeFile(caFile, made.certPem);
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, caFile };
}

function configFor(place: DemoPlace, parts: { origin: Origin; judgeModel: Origin; caFile: string }): object {
  const { folder, certFolder, listen } = place;
  const cert = (name: string) => join(certFolder, name);
  return {
    listen: {
      ...listen,
      proxy: { ...listen.proxy, cert: cert('server.crt'), key: cert('server.key'), client_ca: cert('ca.crt') },
    },
    interception: { ca_cert: cert('intercept-ca.crt'), ca_key: cert('intercept-ca.key') },
    upstream: {
      ca_files: [parts.caFile],
      connect_to: Object.fromEntries(NAMES.map((host) => [`${host}:443`, `127.0.0.1:${parts.origin.port}`])),
    },
    routes: [
      { name: 'openai', hosts: [HOSTS.observe], action: 'terminate', judge: 'default' },
      // Windows of 200 characters: the answers of the demo are short.
      {
        ...{ name: 'window', hosts: [HOSTS.window], action: 'terminate', judge: 'default', mode: 'window' },
        window: { tokens: 50, rules_tokens: 10, overlap_tokens: 20 },
      },
      { name: 'hold', hosts: [HOSTS.hold], action: 'terminate', judge: 'default', mode: 'hold' },
    ],
    judges: {
      default: {
        rubric: resolve(import.meta.dirname, '../../../config/rubrics/default.yaml'),
        model: {
          base_url: `http://127.0.0.1:${parts.judgeModel.port}/v1`,
          api_key: 'demo-judge-key',
          name: 'demo-judge',
          allow_addresses: ['127.0.0.1/32'],
        },
      },
    },
    ledger: { url: `sqlite:${join(folder, 'ledger.db')}` },
    prices: {
      'gpt-5-mini*': { input: 0.25, cached_input: 0.025, output: 2 },
      // That of the model that it stands in for, so that `review -- costs` has something to show.
      'demo-judge': { input: 0.25, output: 2 },
    },
  };
}
