/** What surrounds the product in the demo: an origin that calls itself api.openai.com, a judge model, a config. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { loadCa } from '../../../certs-tool/authority.ts';
import { ensureCertificates } from '../../../certs-tool/ensure.ts';
import { issueLeaf } from '../../../certs-tool/leaf.ts';
import { makeInterceptionCa } from '../../../certs-tool/make-ca.ts';
import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import { openAiHandler } from '../../../test/support/openai-origin.ts';
import { Origin } from '../../../test/support/origin.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { DemoPlace } from './place.ts';
import { SCENARIOS } from './scenarios.ts';

export interface DemoWorld {
  readonly config: Config;
  readonly ledgerUrl: string;
  /** The interception CA that the program trusts. */
  readonly caFile: string;
  close(): Promise<void>;
}

const HOST = 'api.openai.com';

/** Starts origin and judge model and writes the config that leads to them. */
export async function buildWorld(place: DemoPlace): Promise<DemoWorld> {
  const { folder, certFolder } = place;
  const certificates = await makeOriginCertificates(folder);
  const origin = await Origin.start({
    tls: certificates,
    handler: openAiHandler({
      script: (body) =>
        SCENARIOS.find((scenario) => scenario.user === body.lastUser)?.reply ?? { kind: 'reply', text: 'Hello.' },
    }),
  });
  const judgeModel = await Origin.start({ handler: judgeModelHandler() });
  await ensureCertificates({ certDir: certFolder, terminatedHosts: [HOST], now: new Date() });
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
  const made = makeInterceptionCa([HOST], { now, random: randomBytes });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = issueLeaf(loadCa(made.certPem, made.keyPem), HOST, publicKey, { now, serial: randomBytes(16) });
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
    upstream: { ca_files: [parts.caFile], connect_to: { [`${HOST}:443`]: `127.0.0.1:${parts.origin.port}` } },
    routes: [{ name: 'openai', hosts: [HOST], action: 'terminate', judge: 'default' }],
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
    prices: { 'gpt-5-mini*': { input: 0.25, cached_input: 0.025, output: 2 } },
  };
}
