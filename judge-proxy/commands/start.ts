/** `npm start`: makes what is missing of certificates, starts ledger, judge proxy and Envoy, shows how to use them. */

import { resolve } from 'node:path';
import { type EnsureReport, ensureCertificates } from '../../certs-tool/ensure.ts';
import { type CertificateSetup, setupFor } from '../../certs-tool/paths.ts';
import { launchEnvoy, type RunningEnvoy } from '../../envoy/launch.ts';
import type { Config } from '../config/schema.ts';

import { type RunningProxy, startProxy } from '../main.ts';
import { banner, firstUserNote } from './banner.ts';
import { aborted, CommandError, type CommandIo } from './command.ts';
import { prepareConsole } from './console.ts';
import { DEFAULT_CONFIG, guarded, readOptions, readPort, readRunningConfig } from './options.ts';

const HELP = `npm start [-- --config FILE] [-- --no-envoy] [-- --port N] [-- --hop h2|h1]

Starts everything: missing certificates are made, Envoy is found or fetched, the judge proxy, its ledger and Envoy run
until Ctrl-C.

  --config FILE   configuration (${DEFAULT_CONFIG})
  --no-envoy      without Envoy: the judge proxy itself serves plain HTTP on a loopback port
  --port N        port of the proxy that clients use (8080); 0 takes a free one
  --host ADDRESS  address it listens on (127.0.0.1). Clients are not authenticated: on any other address everybody who
                  reaches it can use the proxy
  --admin-port N  port of Envoy's own admin interface, loopback only (9901)
  --hop h2|h1     how Envoy talks to the judge proxy (h2)
`;

const OPTIONS = {
  config: { type: 'string' },
  'no-envoy': { type: 'boolean' },
  port: { type: 'string' },
  host: { type: 'string' },
  'admin-port': { type: 'string' },
  hop: { type: 'string' },
  help: { type: 'boolean' },
} as const;

export async function start(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, OPTIONS);
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const port = readPort(options.port ?? '8080', '--port');
    const adminPort = readPort(options['admin-port'] ?? '9901', '--admin-port');
    const host = options.host ?? '127.0.0.1';
    const withEnvoy = options['no-envoy'] !== true;
    const hop = options.hop ?? 'h2';
    if (hop !== 'h2' && hop !== 'h1') throw new CommandError(`--hop takes h2 or h1, not '${hop}'.`);
    const config = withPlainListener(await readRunningConfig(options.config, io), withEnvoy ? null : { host, port });
    const setup = setupFor(config);
    const configFile = options.config ?? DEFAULT_CONFIG;
    const certificates = await ensure(setup, configFile, io);
    await using parts = new AsyncDisposableStack();
    parts.defer(renewDaily(setup, configFile, io));
    await prepareConsole(io);
    const proxy = await startProxy(config);
    parts.defer(() => proxy.close(String(io.signal.reason ?? 'failed')));
    let envoy: RunningEnvoy | null = null;
    try {
      if (withEnvoy) {
        const running = await startEnvoy(config, proxy, { host, port, adminPort, hop }, io);
        parts.defer(() => running.stop({ drainMs: config.limits.drain }));
        envoy = running;
      }
      io.stdout.write(banner(facts(config, certificates, proxy, envoy, host)));
    } finally {
      // Once, at this terminal, and nowhere else; also when Envoy does not start: the next start does not show it.
      if (proxy.firstUser !== null) io.stdout.write(firstUserNote(proxy.firstUser, proxy.consoleUrl));
    }
    return await untilStopped(io, envoy);
  });
}

/** Without Envoy the judge proxy serves clients itself; with it, only what the config says. */
function withPlainListener(config: Config, plain: { host: string; port: number } | null): Config {
  return plain === null ? config : { ...config, listen: { ...config.listen, plain } };
}

/** Certificates are renewed when a third of their life is left, thirty days: a look a day is early enough. */
const RENEWAL_CHECK_MS = 24 * 3_600_000;

/** Makes missing certificates where the config looks for them, renews those that near their end, and says which. */
async function ensure(setup: CertificateSetup, configFile: string, io: CommandIo): Promise<EnsureReport> {
  const report = await ensureCertificates({ ...setup, configFile, now: new Date() });
  for (const file of report.created) io.stdout.write(`made ${file}\n`);
  for (const file of report.renewed) io.stdout.write(`renewed ${file}\n`);
  for (const warning of report.warnings) io.stderr.write(`warning: ${warning}\n`);
  return report;
}

/** Looks again every day. Both sides of the hop take renewed files up without a restart. */
function renewDaily(setup: CertificateSetup, configFile: string, io: CommandIo): () => void {
  const timer = setInterval(() => {
    ensure(setup, configFile, io).catch((error: Error) => io.stderr.write(`certificates: ${error.message}\n`));
  }, RENEWAL_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function startEnvoy(
  config: Config,
  proxy: RunningProxy,
  listen: { host: string; port: number; adminPort: number; hop: 'h2' | 'h1' },
  io: CommandIo,
): Promise<RunningEnvoy> {
  const connectHost = config.listen.proxy.host === '0.0.0.0' ? '127.0.0.1' : config.listen.proxy.host;
  return await launchEnvoy({
    listen: { host: listen.host, port: listen.port },
    adminPort: listen.adminPort,
    judge: { host: connectHost, port: proxy.ports.proxy },
    certDir: resolve(setupFor(config).certDir),
    hop: listen.hop,
    workDir: resolve('data/envoy'),
    accessLog: resolve('data/envoy/access.log'),
    progress: (line: string) => io.stderr.write(`${line}\n`),
  });
}

function facts(
  config: Config,
  certificates: EnsureReport,
  proxy: RunningProxy,
  envoy: RunningEnvoy | null,
  host: string,
) {
  const shownHost = host === '0.0.0.0' ? '127.0.0.1' : host;
  const judges = Object.values(config.judges);
  const model = judges.find((judge) => judge.model !== undefined && judge.model.api_key !== '')?.model;
  return {
    proxyUrl: `http://${shownHost}:${envoy?.port ?? proxy.ports.plain ?? 0}`,
    bundle: resolve(certificates.paths.trustBundle),
    ca: resolve(config.interception.ca_cert),
    admin: proxy.consoleUrl,
    ledger: config.ledger.url,
    terminated: setupFor(config).terminatedHosts,
    judge: `${
      model === undefined ? 'rules alone: OPENAI_API_KEY is not set, and coverage says so' : `rules and ${model.name}`
    }${proxy.policies.map(({ judge, version }) => `; ${judge} by policy version ${version}`).join('')}`,
    envoy: envoy === null ? null : envoy.version,
  };
}

/** Runs until a signal comes, or Envoy ends by itself, which is a failure. */
async function untilStopped(io: CommandIo, envoy: RunningEnvoy | null): Promise<number> {
  const stopped = aborted(io.signal).then(() => null);
  const ended = await (envoy === null ? stopped : Promise.race([stopped, envoy.exited]));
  if (ended === null) {
    io.stdout.write('\nstopping …\n');
    return 0;
  }
  throw new CommandError(
    `Envoy ended by itself (${ended.signal ?? `code ${ended.code}`}). Its last words:\n${ended.output}\nData and ledger are safe; start again.`,
  );
}
