/** `npm run certs -- COMMAND`: certificates by hand. `npm start` makes what is missing by itself. */

import { existsSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ConfigError, loadConfig } from '../judge-proxy/config/load.ts';
import { type CommandName, execute, isCommand } from './cli-commands.ts';
import { hasFault, reportJson, reportText } from './cli-output.ts';
import { contextOf } from './ensure.ts';
import type { EnsureContext } from './ensure-context.ts';
import { CertificateError } from './errors.ts';
import { setupFor } from './paths.ts';
import { DEFAULT_CONFIG, DEFAULT_DIR } from './remedy.ts';

const HELP = `npm run certs -- COMMAND [options]

Commands
  init           make what is missing: chain CA, server and client certificate, interception CA, trust bundle.
                 --force replaces the chain CA and its two certificates, never the interception CA
  server         issue the judge proxy's certificate, if missing or due; --force at once
  client         issue Envoy's client certificate, if missing or due; --force at once
  intercept-ca   make the interception CA. It permits the terminated hosts with their sub-domains, and no IP address;
                 *.example.com permits example.com and all below it. --force replaces it: every client must then be
                 given the new one to trust
  bundle         write the trust bundle (system roots and interception CA) and print what clients set
  show           show all certificates; exit code 1 if one is missing, damaged or out of its time
  renew          renew server and client certificate if a third of their life or less is left; --force at once

Options
  --config FILE  take paths and terminated hosts from this config (${DEFAULT_CONFIG})
  --dir DIR      directory of all files (${DEFAULT_DIR}), in place of the config's paths
  --host NAME    terminated host, in place of the config's; can be repeated
  --san NAME     one more name or address for the server certificate (init, server); can be repeated
  --force        issue or replace although something good is there
  --danger-any-host
                 let intercept-ca make a CA without a list of names, for a route that terminates "*". Whoever steals
                 its key can be any host to every client: acceptable only where clients are thrown away with it
  --json         print JSON
  --help         this text

Exit codes: 0 done, 1 failed, 2 wrong arguments.
`;

const OPTIONS = {
  config: { type: 'string' },
  dir: { type: 'string' },
  host: { type: 'string', multiple: true, default: [] as string[] },
  san: { type: 'string', multiple: true, default: [] as string[] },
  force: { type: 'boolean', default: false },
  'danger-any-host': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export interface CliIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Date;
}

interface Arguments {
  readonly command: CommandName;
  readonly values: ReturnType<typeof parse>['values'];
}

class UsageError extends Error {}

/**
 * @param args arguments after the script's name
 * @returns exit code: 0 done, 1 failed, 2 wrong arguments
 */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const json = args.includes('--json');
  try {
    if (args.includes('--help') || args.includes('-h')) {
      io.stdout.write(HELP);
      return 0;
    }
    const { command, values } = readArguments(args);
    const report = await execute(command, contextFor(values, io), {
      force: values.force,
      dangerAnyHost: values['danger-any-host'],
      sans: values.san,
    });
    io.stdout.write(json ? reportJson(report) : reportText(report));
    return hasFault(report) ? 1 : 0;
  } catch (error) {
    return fail(error, json, io);
  }
}

function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const [command, ...more] = positionals;
  if (!isCommand(command)) throw new UsageError(command === undefined ? 'no command' : `unknown command ${command}`);
  if (more.length > 0) throw new UsageError(`unexpected argument ${more[0]}`);
  return { command, values };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Options win over the config; without a config file the default directory serves. */
function contextFor({ config, dir, host }: Arguments['values'], io: CliIo): EnsureContext {
  const file = config ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  const isNeeded = dir === undefined || host.length === 0 || config !== undefined;
  const fromConfig = file !== undefined && isNeeded ? setupFor(loadConfig(file, io.env)) : undefined;
  return contextOf({
    certDir: dir ?? fromConfig?.certDir ?? DEFAULT_DIR,
    ...(dir === undefined && fromConfig !== undefined ? { paths: fromConfig.paths } : {}),
    terminatedHosts: host.length > 0 ? host : (fromConfig?.terminatedHosts ?? []),
    now: io.now,
    ...(file !== undefined && dir === undefined && host.length === 0 ? { configFile: file } : {}),
  });
}

function fail(error: unknown, json: boolean, io: CliIo): number {
  if (error instanceof UsageError) {
    io.stderr.write(`certs: ${error.message}\nnpm run certs -- --help tells the commands.\n`);
    return 2;
  }
  if (error instanceof CertificateError) {
    const { code, problem, remedy } = error;
    if (json) io.stdout.write(`${JSON.stringify({ error: { code, message: problem, remedy } }, null, 2)}\n`);
    else io.stderr.write(`certs: ${problem}\n${remedy}\n`);
    return 1;
  }
  if (!(error instanceof ConfigError)) throw error;
  if (json) io.stdout.write(`${JSON.stringify({ error: { code: 'config', message: error.message } }, null, 2)}\n`);
  else io.stderr.write(`${error.message}\n`);
  return 1;
}

if (import.meta.main) {
  const { stdout, stderr, env } = process;
  process.exitCode = await run(process.argv.slice(2), { stdout, stderr, env, now: new Date() });
}
