/** `node envoy/cli.ts`: runs Envoy alone, or checks its configuration, for work on this folder. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs, promisify } from 'node:util';
import { EnvoyError, reasonOf } from './errors.ts';
import { findEnvoy } from './find.ts';
import { launchEnvoy, prepareFiles } from './launch.ts';
import { lint, readForLint } from './lint.ts';
import type { Address, Hop } from './patch.ts';

const HELP = `node envoy/cli.ts COMMAND [options]

  run     runs Envoy in front of a judge proxy until Ctrl-C
  check   lint of the configuration, then envoy --mode validate for both hops
  find    says which Envoy is used, and fetches it when there is none

  --config FILE      configuration (envoy/envoy.yaml)
  --listen H:P       where clients connect (127.0.0.1:8080)
  --admin-port N     9901
  --judge H:P        127.0.0.1:8888
  --certs DIR        folder with envoy-client.crt, envoy-client.key and ca.crt (certs)
  --hop h2|h1        h2
  --work DIR         folder for the patched files (data/envoy)
  --concurrency N    worker threads
`;

const OPTIONS = {
  config: { type: 'string', default: join(import.meta.dirname, 'envoy.yaml') },
  listen: { type: 'string', default: '127.0.0.1:8080' },
  'admin-port': { type: 'string', default: '9901' },
  judge: { type: 'string', default: '127.0.0.1:8888' },
  certs: { type: 'string', default: 'certs' },
  hop: { type: 'string', default: 'h2' },
  work: { type: 'string', default: 'data/envoy' },
  concurrency: { type: 'string' },
  help: { type: 'boolean' },
} as const;

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [command] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(HELP);
    return command === undefined && !values.help ? 2 : 0;
  }
  switch (command) {
    case 'run':
      return await run(values);
    case 'check':
      return await check(values.config);
    case 'find': {
      const found = await findEnvoy({ progress: say });
      process.stdout.write(`${found.path}  ${found.version}  from ${found.from}\n`);
      return 0;
    }
    default:
      throw new Error(`There is no command '${command}'.`);
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

async function run(values: Values): Promise<number> {
  const envoy = await launchEnvoy({
    configPath: values.config,
    listen: readAuthority(values.listen),
    adminPort: Number(values['admin-port']),
    judge: readAuthority(values.judge),
    certDir: values.certs,
    hop: readHop(values.hop),
    workDir: values.work,
    ...(values.concurrency === undefined ? {} : { concurrency: Number(values.concurrency) }),
    log: { stdout: process.stdout, stderr: process.stderr },
    progress: say,
  });
  say(`Envoy ${envoy.version} on ${envoy.host}:${envoy.port}, admin on 127.0.0.1:${envoy.adminPort}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void envoy.stop());
  const { code } = await envoy.exited;
  return code ?? 1;
}

async function check(configPath: string): Promise<number> {
  const findings = lint(await readForLint(configPath));
  for (const finding of findings) process.stdout.write(`${finding.rule}: ${finding.what} (${finding.why})\n`);
  const { path } = await findEnvoy({ progress: say });
  const work = await mkdtemp(join(tmpdir(), 'envoy-check-'));
  try {
    for (const hop of ['h2', 'h1'] as const) {
      const judge = { host: 'llm-as-judge-proxy', port: 8888 };
      const listen = { host: '127.0.0.1', port: 8080 };
      const args = await prepareFiles({
        configPath,
        listen,
        adminPort: 9901,
        judge,
        certDir: work,
        hop,
        workDir: work,
      });
      await promisify(execFile)(path, ['--mode', 'validate', ...args]);
      process.stdout.write(`${configPath}: valid with hop ${hop}\n`);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return findings.length === 0 ? 0 : 1;
}

function readAuthority(text: string): Address {
  const found = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text);
  if (!found?.[1]) throw new Error(`'${text}' is not HOST:PORT.`);
  return { host: found[1], port: Number(found[2]) };
}

function readHop(text: string): Hop {
  if (text === 'h2' || text === 'h1') return text;
  throw new Error(`--hop takes h2 or h1, not '${text}'.`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof EnvoyError ? `${error.code}: ${error.message}` : reasonOf(error));
  process.exitCode = 1;
}
