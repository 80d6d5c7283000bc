/** `npm run check-config`: what is wrong with a configuration, what it comes to, and which route wins for a host. */

import { readFile } from 'node:fs/promises';
import { loadCa } from '../../certs-tool/authority.ts';
import { inspectCertificates } from '../../certs-tool/inspect.ts';
import { setupFor } from '../../certs-tool/paths.ts';
import { covers } from '../../certs-tool/subtrees.ts';
import { describeConfig } from '../config/describe.ts';
import { configWarnings } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { parseAuthority } from '../policy/authority.ts';
import { effectiveRoutes } from '../policy/effective-route.ts';
import { explainRoutes } from '../policy/routes.ts';
import { publishedPolicies } from './check-published.ts';
import type { CommandIo } from './command.ts';
import { DEFAULT_CONFIG, guarded, readConfig, readOptions, UsageError } from './options.ts';

const HELP = `npm run check-config [-- --config FILE] [-- --host HOST:PORT] [-- --json]

Checks a configuration and prints what each route does and the configuration with its defaults; keys and passwords
are not shown.

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
    const published = await publishedPolicies(config);
    const warnings = [...configWarnings(config), ...(await certificateWarnings(config)), ...published.warnings];
    const routes = options.host === undefined ? null : explain(config, options.host);
    if (options.json) {
      const effective = effectiveRoutes(config);
      io.stdout.write(
        `${JSON.stringify({ valid: true, warnings, effective, policies: published.policies, ...(routes === null ? {} : { routes }) })}\n`,
      );
      return 0;
    }
    if (routes === null) io.stdout.write(`${routesInWords(config)}${published.words}\n${describeConfig(config)}`);
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

/** Every route in a few lines, as comments of the YAML that follows. */
function routesInWords(config: Config): string {
  return effectiveRoutes(config)
    .map(({ route, action, judge, enforced }) => {
      const lines = [`# ${route} (${action}): ${enforced}`];
      if (judge !== null) {
        const models = judge.small_model === null ? judge.model : `${judge.small_model}, then ${judge.model}`;
        const mode = judge.release === null ? judge.mode : `${judge.mode}, release ${judge.release}`;
        const request =
          judge.on_request_judge_failure === null ? '' : `, of a held request: ${judge.on_request_judge_failure}`;
        lines.push(
          `#   mode ${mode} · judge ${judge.name}, ${models === null ? 'rules alone' : `rules and ${models}`}`,
        );
        lines.push(`#   when the judge fails: ${judge.on_judge_failure}${request}`);
      }
      return `${lines.join('\n')}\n`;
    })
    .join('');
}

function explain(config: Config, target: string) {
  const authority = parseAuthority(target);
  if (authority === null) throw new UsageError(`--host takes HOST:PORT, not '${target}'.`);
  return explainRoutes(config.routes, authority);
}

/** What is wrong with the certificates that the config names, in sentences. Missing ones are made by the start. */
async function certificateWarnings(config: Config): Promise<string[]> {
  const { paths, terminatedHosts } = setupFor(config);
  const statuses = await inspectCertificates(paths, new Date());
  const ends = statuses.flatMap(({ name, file, state, facts }) => {
    if (state === 'fresh' || state === 'missing') return [];
    return [`${name} certificate ${file}: ${state}${facts === null ? '' : `, ${facts.daysLeft} days left`}`];
  });
  const pems = await Promise.all([
    readFile(paths.interceptionCaCert, 'utf8'),
    readFile(paths.interceptionCaKey, 'utf8'),
  ]).catch(() => null);
  if (pems === null) return ends;
  const { constraints } = loadCa(pems[0], pems[1]);
  const refused = terminatedHosts.filter((host) => !covers(constraints, host));
  return [
    ...ends,
    ...refused.map(
      (host) => `the interception CA may not sign for ${host}: npm run certs -- intercept-ca --force issues a new one`,
    ),
  ];
}
