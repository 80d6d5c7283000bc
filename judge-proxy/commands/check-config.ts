/** `npm run check-config`: what is wrong with a configuration, what it comes to, and which route wins for a host. */

import { readFile } from 'node:fs/promises';
import { loadCa, permits } from '../../certs-tool/authority.ts';
import { describeConfig } from '../config/describe.ts';
import type { Config } from '../config/schema.ts';
import { parseAuthority } from '../policy/authority.ts';
import { explainRoutes } from '../policy/routes.ts';
import type { CommandIo } from './command.ts';
import { DEFAULT_CONFIG, guarded, readConfig, readOptions, UsageError } from './options.ts';

const HELP = `npm run check-config [-- --config FILE] [-- --host HOST:PORT] [-- --json]

Checks a configuration and prints it with its defaults; keys and passwords are not shown.

  --config FILE      configuration (${DEFAULT_CONFIG})
  --host HOST:PORT   says what each route makes of this target, and which one wins
  --json             the same as JSON

Exit code 0 when the configuration is valid.
`;

export async function checkConfig(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, {
      config: { type: 'string' },
      host: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    });
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const config = await readConfig(options.config, io);
    const warnings = await caWarnings(config);
    const routes = options.host === undefined ? null : explain(config, options.host);
    if (options.json) {
      io.stdout.write(`${JSON.stringify({ valid: true, warnings, ...(routes === null ? {} : { routes }) })}\n`);
      return 0;
    }
    if (routes === null) io.stdout.write(describeConfig(config));
    else
      io.stdout.write(
        routes
          .map(
            (line) => `${line.route.padEnd(24)} ${line.result}${line.pattern === null ? '' : `  (${line.pattern})`}\n`,
          )
          .join(''),
      );
    for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
    io.stderr.write('The configuration is valid.\n');
    return 0;
  });
}

function explain(config: Config, target: string) {
  const authority = parseAuthority(target);
  if (authority === null) throw new UsageError(`--host takes HOST:PORT, not '${target}'.`);
  return explainRoutes(config.routes, authority);
}

/** Terminated hosts that an existing interception CA may not sign for, and a CA that nears its end. */
async function caWarnings(config: Config): Promise<string[]> {
  const { ca_cert, ca_key } = config.interception;
  const pems = await Promise.all([readFile(ca_cert, 'utf8'), readFile(ca_key, 'utf8')]).catch(() => null);
  if (pems === null) return [];
  const ca = loadCa(pems[0], pems[1]);
  const hosts = config.routes.filter((route) => route.action === 'terminate').flatMap((route) => route.hosts);
  const refused = hosts.filter((host) => !permits(ca, host.replace(/^\*\./, '')));
  return refused.map(
    (host) => `the interception CA may not sign for ${host}: npm run certs -- intercept-ca --force issues a new one`,
  );
}
