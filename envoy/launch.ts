/**
 * Runs Envoy on this machine from the shipped envoy.yaml: patches it into a work folder, starts the binary, waits until
 * it is ready, and ends it.
 */

import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { callAdmin, isReady, openRequests, readAddress } from './admin.ts';
import { startFailure } from './diagnose.ts';
import { EnvoyError, reasonOf } from './errors.ts';
import { type FoundEnvoy, findEnvoy } from './find.ts';
import { type Address, type Hop, patchForLocalRun, patchSds, readConfig } from './patch.ts';
import { EnvoyProcess, type ExitInfo, type LogSink } from './process.ts';

export type { Address, Hop } from './patch.ts';
export type { ExitInfo, LogSink } from './process.ts';

const SHIPPED_CONFIG = join(import.meta.dirname, 'envoy.yaml');
const CERTIFICATES = ['envoy-client.crt', 'envoy-client.key', 'ca.crt'];
const POLL_MS = 20;
const DEFAULT_READY_MS = 30_000;
/** Between finding a free port and Envoy's bind somebody else may take it. */
const FREE_PORT_ATTEMPTS = 5;

export interface LaunchOptions {
  /** The shipped envoy.yaml by default. Another file needs its shape, and `sds/` beside it. */
  readonly configPath?: string;
  /** Where clients connect. Port 0 takes a free one. */
  readonly listen: Address;
  /** Port of Envoy's admin interface on 127.0.0.1; 0 takes a free one. */
  readonly adminPort: number;
  readonly judge: Address;
  /** Folder with envoy-client.crt, envoy-client.key and ca.crt. Reread when a file is renamed into it. */
  readonly certDir: string;
  readonly hop: Hop;
  /** Folder for the patched files; made when absent, used by one Envoy at a time. */
  readonly workDir: string;
  /** Worker threads; a core each by default. */
  readonly concurrency?: number;
  readonly log?: LogSink;
  /** A file, or `stdout` (of `log`), the default. */
  readonly accessLog?: string;
  /** Told, a line at a time, what takes long: fetching Envoy. */
  readonly progress?: (line: string) => void;
  readonly readyMs?: number;
}

export interface StopOptions {
  /** Milliseconds that open requests and tunnels have to end; new connections are refused meanwhile. 0 by default. */
  readonly drainMs?: number;
}

export interface RunningEnvoy {
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
  /** Of the binary, `1.40.0`. */
  readonly version: string;
  /** Resolves when Envoy is gone, whoever ended it. */
  readonly exited: Promise<ExitInfo>;
  stop(options?: StopOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts Envoy and resolves when it takes connections. The judge proxy need not be up: until it is, clients get 503.
 * @throws EnvoyError `port_taken`, `bad_config`, `cannot_run`, `not_ready`, `exited`, and what findEnvoy throws
 */
export async function launchEnvoy(options: LaunchOptions): Promise<RunningEnvoy> {
  await checkCertificates(options.certDir);
  const binary = await findEnvoy(options.progress === undefined ? {} : { progress: options.progress });
  if (options.listen.port !== 0) return await launchAt(binary, options, options.listen);
  for (let attempt = 1; ; attempt += 1) {
    // Envoy is told the port, and not port 0, because its own-name guard must know it.
    const listen = { host: options.listen.host, port: await freePort(options.listen.host) };
    try {
      return await launchAt(binary, options, listen);
    } catch (error) {
      const retry = error instanceof EnvoyError && error.code === 'port_taken' && attempt < FREE_PORT_ATTEMPTS;
      if (!retry) throw error;
    }
  }
}

/** Writes the files of one run; returns the arguments for Envoy. For `envoy --mode validate` too. */
export async function prepareFiles(options: LaunchOptions, listen: Address = options.listen): Promise<string[]> {
  const work = resolve(options.workDir);
  const configPath = options.configPath ?? SHIPPED_CONFIG;
  const sds = { client: join(work, 'sds', 'envoy-client.yaml'), ca: join(work, 'sds', 'chain-ca.yaml') };
  await mkdir(join(work, 'sds'), { recursive: true });
  for (const [name, to] of [
    ['envoy-client.yaml', sds.client],
    ['chain-ca.yaml', sds.ca],
  ] as const) {
    const document = await readConfig(join(dirname(configPath), 'sds', name));
    patchSds(document, resolve(options.certDir));
    await writeFile(to, document.toString());
  }
  const document = await readConfig(configPath);
  const accessLog = options.accessLog === 'stdout' ? undefined : options.accessLog;
  const { adminPort, judge, hop } = options;
  patchForLocalRun(document, { listen, adminPort, judge, hop, sds, accessLog });
  if (accessLog !== undefined) await mkdir(dirname(resolve(accessLog)), { recursive: true });
  const config = join(work, 'envoy.yaml');
  await writeFile(config, document.toString());
  return ['--config-path', config, '--disable-hot-restart', '--log-level', 'warning'];
}

/** Envoy itself would start without them and answer 503 to everything. */
async function checkCertificates(certDir: string): Promise<void> {
  for (const name of CERTIFICATES) {
    const file = join(certDir, name);
    await access(file, constants.R_OK).catch((error: unknown) => {
      throw new EnvoyError('bad_config', `Envoy needs ${file}: ${reasonOf(error)}. npm run certs -- init makes it.`, {
        cause: error,
      });
    });
  }
}

async function launchAt(binary: FoundEnvoy, options: LaunchOptions, listen: Address): Promise<RunningEnvoy> {
  const args = await prepareFiles(options, listen);
  const addressFile = join(resolve(options.workDir), 'admin-address');
  await rm(addressFile, { force: true });
  args.push('--admin-address-path', addressFile);
  if (options.concurrency !== undefined) args.push('--concurrency', String(options.concurrency));
  const envoy = await EnvoyProcess.start(binary.path, args, options.log ?? {});
  try {
    const admin = await whenReady(envoy, addressFile, options.readyMs ?? DEFAULT_READY_MS);
    const stop = async (how: StopOptions = {}) => {
      await drain(envoy, admin, how.drainMs ?? 0);
      await envoy.stop();
    };
    return {
      host: listen.host,
      port: listen.port,
      adminPort: admin.port,
      pid: envoy.pid,
      version: binary.version,
      exited: envoy.exited,
      stop,
      [Symbol.asyncDispose]: () => stop(),
    };
  } catch (error) {
    await envoy.stop();
    throw error;
  }
}

/** Polls, because Envoy has no other sign of readiness than its admin port. */
async function whenReady(envoy: EnvoyProcess, addressFile: string, readyMs: number): Promise<Address> {
  const ended = envoy.exited.then((exit) => {
    throw startFailure(exit);
  });
  ended.catch(() => {});
  const deadline = performance.now() + readyMs;
  while (performance.now() < deadline) {
    const admin = readAddress(await readFile(addressFile, 'utf8').catch(() => ''));
    if (admin && (await Promise.race([isReady(admin), ended]))) return admin;
    await Promise.race([sleep(POLL_MS), ended]);
  }
  throw new EnvoyError('not_ready', `Envoy was not ready within ${readyMs} ms.`);
}

/** Refuses new connections, then waits until nothing is open or the time is over. */
async function drain(envoy: EnvoyProcess, admin: Address, drainMs: number): Promise<void> {
  if (drainMs <= 0) return;
  const deadline = performance.now() + drainMs;
  try {
    await callAdmin(admin, 'POST', '/healthcheck/fail'); // answers now carry `connection: close`
    await callAdmin(admin, 'POST', '/drain_listeners');
    while (performance.now() < deadline && (await openRequests(admin)) > 0) {
      await Promise.race([sleep(POLL_MS), envoy.exited]);
    }
  } catch {
    // Envoy is gone or deaf.
  }
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  return await new Promise<number>((done, fail) => {
    server.once('error', (error) =>
      fail(new EnvoyError('port_taken', `No port on ${host}: ${reasonOf(error)}`, { cause: error })),
    );
    server.listen({ host, port: 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
