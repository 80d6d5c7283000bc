/** Certificates, stub judge and Envoy in one folder, for tests of this folder. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureCertificates } from '../../certs-tool/ensure.ts';
import { type LaunchOptions, launchEnvoy, type RunningEnvoy } from '../launch.ts';
import type { Hop } from '../patch.ts';
import { type StubFiles, StubJudge } from './stub-judge.ts';

const run = promisify(execFile);

export class Edge {
  readonly folder: string;
  readonly judge: StubJudge;
  readonly envoy: RunningEnvoy;

  private constructor(folder: string, judge: StubJudge, envoy: RunningEnvoy) {
    this.folder = folder;
    this.judge = judge;
    this.envoy = envoy;
  }

  /** `files`: what the stub serves; the server certificate of certs-tool by default. */
  static async start(
    hop: Hop,
    over: Partial<LaunchOptions> & { files?: (folder: string) => Promise<StubFiles> } = {},
  ): Promise<Edge> {
    const { files = serverFiles, ...options } = over;
    const folder = await mkdtemp(join(tmpdir(), 'judge-edge-'));
    await ensureCertificates({ certDir: folder, terminatedHosts: [], now: new Date() });
    const judge = await StubJudge.start(await files(folder));
    const envoy = await launchEnvoy({
      listen: { host: '127.0.0.1', port: 0 },
      adminPort: 0,
      judge: { host: '127.0.0.1', port: judge.port },
      certDir: folder,
      hop,
      workDir: join(folder, 'envoy'),
      concurrency: 1,
      accessLog: join(folder, 'access.log'),
      ...options,
    });
    return new Edge(folder, judge, envoy);
  }

  get port(): number {
    return this.envoy.port;
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await this.judge.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Lines of the access log. Complete once Envoy has stopped. */
  async log(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.folder, 'access.log'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

/** What the judge proxy would serve. */
export async function serverFiles(folder: string): Promise<StubFiles> {
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  return { cert: await read('server.crt'), key: await read('server.key'), ca: await read('ca.crt') };
}

/** A certificate for the given names, by openssl: of the chain CA, or of a CA that nobody knows. */
export async function otherFiles(
  folder: string,
  names: string,
  foreign = false,
  usage: 'serverAuth' | 'clientAuth' = 'serverAuth',
): Promise<StubFiles> {
  const at = (name: string) => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  if (foreign) {
    await run('openssl', [
      'req',
      '-x509',
      ...newKey,
      at('foreign.key'),
      '-subj',
      '/CN=foreign',
      '-out',
      at('foreign.crt'),
    ]);
  }
  const [ca, caKey] = foreign ? ['foreign.crt', 'foreign.key'] : ['ca.crt', 'ca.key'];
  const leaf = ['-subj', '/CN=other', '-addext', `subjectAltName=${names}`, '-addext', `extendedKeyUsage=${usage}`];
  await run('openssl', ['req', '-new', ...newKey, at('other.key'), ...leaf, '-out', at('other.csr')]);
  const sign = [
    '-CA',
    at(ca ?? ''),
    '-CAkey',
    at(caKey ?? ''),
    '-CAcreateserial',
    '-copy_extensions',
    'copy',
    '-days',
    '2',
  ];
  await run('openssl', ['x509', '-req', '-in', at('other.csr'), ...sign, '-out', at('other.crt')]);
  const read = (name: string) => readFile(at(name), 'utf8');
  return { cert: await read('other.crt'), key: await read('other.key'), ca: await read('ca.crt') };
}
