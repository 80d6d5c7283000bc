/** Ours: Envoy and the judge proxy, or the judge proxy alone; tunnelling or terminating, recording and judging by rules. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { stringify } from 'yaml';
import { ensureCertificates } from '../../certs-tool/ensure.ts';
import { launchEnvoy } from '../../envoy/launch.ts';
import { indexFile, openIndexForReading, readMeta } from '../../judge-proxy/ledger/read-model/schema.ts';
import { openReader } from '../../judge-proxy/ledger/reader.ts';
import { LoggedProcess } from '../../test/support/process.ts';
import type { Arm, ArmSetup } from '../arm.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export interface JudgeProxyArm {
  readonly name: string;
  readonly action: 'tunnel' | 'terminate';
  /** How Envoy talks to the judge proxy; `plain`: without Envoy. */
  readonly hop: 'h2' | 'h1' | 'plain';
}

export async function judgeProxyArm(setup: ArmSetup, options: JudgeProxyArm): Promise<Arm> {
  const folder = join(setup.folder, options.name.replaceAll(/\W+/g, '-'));
  await mkdir(folder, { recursive: true });
  const certs = join(folder, 'certs');
  await ensureCertificates({ certDir: certs, terminatedHosts: [setup.host], now: new Date() });
  const ledger = `sqlite:${join(folder, 'ledger.db')}`;
  await writeFile(join(folder, 'config.yaml'), stringify(configFor(setup, options, certs, ledger)));
  const proxy = new LoggedProcess(
    [join(ROOT, 'judge-proxy/cli.ts'), 'serve', '--config', join(folder, 'config.yaml')],
    {},
    ROOT,
  );
  const listener = options.hop === 'plain' ? 'plain' : 'mtls';
  const port = Number((await proxy.event('listening', (line) => line.mode === listener)).port);
  await proxy.event('ready');
  const envoy =
    options.hop === 'plain'
      ? null
      : await launchEnvoy({
          listen: { host: '127.0.0.1', port: 0 },
          adminPort: 0,
          judge: { host: '127.0.0.1', port },
          certDir: certs,
          hop: options.hop,
          workDir: join(folder, 'envoy'),
          concurrency: 1,
          accessLog: join(folder, 'access.log'),
        });
  return {
    name: options.name,
    proxyUrl: `http://127.0.0.1:${envoy?.port ?? port}`,
    ca: options.action === 'terminate' ? await readFile(join(certs, 'intercept-ca.crt'), 'utf8') : setup.originCa.cert,
    target: { host: setup.host, port: 443 },
    processes: { node: proxy.pid, ...(envoy === null ? {} : { envoy: envoy.pid }) },
    recorded: async () => {
      if (options.action === 'tunnel') return null;
      const reader = await openReader(ledger);
      const stats = await reader.stats();
      await reader.close();
      return stats.exchanges;
    },
    settled: () => indexed(ledger),
    close: async () => {
      await envoy?.stop();
      proxy.kill('SIGTERM');
      await proxy.exited;
    },
  };
}

/** Looks from outside: a question to the program would hurry its index. */
async function indexed(ledger: string): Promise<void> {
  const reader = await openReader(ledger);
  const index = openIndexForReading(indexFile(ledger));
  try {
    for (;;) {
      const head = await reader.head();
      if ((readMeta(index)?.position ?? 0) >= (head?.seq ?? 0)) return;
      await after(20);
    }
  } finally {
    index.close();
    await reader.close();
  }
}

function configFor(setup: ArmSetup, options: JudgeProxyArm, certs: string, ledger: string): object {
  return {
    listen: {
      proxy: {
        port: 0,
        cert: join(certs, 'server.crt'),
        key: join(certs, 'server.key'),
        client_ca: join(certs, 'ca.crt'),
      },
      admin: { port: 0 },
      ...(options.hop === 'plain' ? { plain: { port: 0 } } : {}),
    },
    interception: { ca_cert: join(certs, 'intercept-ca.crt'), ca_key: join(certs, 'intercept-ca.key') },
    upstream: {
      ca_files: [setup.originCa.certFile],
      connect_to: { [`${setup.host}:443`]: `127.0.0.1:${setup.originPort}` },
    },
    routes: [
      {
        name: 'bench',
        hosts: [setup.host],
        action: options.action,
        ...(options.action === 'terminate' ? { judge: 'default' } : {}),
      },
    ],
    judges: { default: { rubric: join(ROOT, 'config/rubrics/default.yaml') } },
    ledger: { url: ledger },
    log: { level: 'info' },
  };
}
