/** What each command of `npm run certs` does: files in a context in, a report out. */

import { resolve } from 'node:path';
import { anchorsIn, readCertificates } from './authority.ts';
import { ensureChain } from './ensure-chain.ts';
import { type EnsureContext, type EnsuredItem, failure } from './ensure-context.ts';
import { ensureBundle, ensureInterceptionCa } from './ensure-interception.ts';
import { CertificateError, concerning } from './errors.ts';
import { readIfThere } from './files.ts';
import { type CertificateStatus, inspectCertificates } from './inspect.ts';
import { certsCommand } from './remedy.ts';
import { type TrustAdvice, trustVariables } from './trust.ts';

export interface CommandOptions {
  readonly force: boolean;
  readonly dangerAnyHost: boolean;
  /** Additional SANs of the server certificate. */
  readonly sans: readonly string[];
}

export interface Report {
  readonly items: readonly EnsuredItem[];
  readonly certificates: readonly CertificateStatus[];
  readonly trust: readonly TrustAdvice[];
  readonly warnings: readonly string[];
}

const COMMANDS = {
  init: async (context, { force, sans }) => {
    const items = await ensureChain(context, { replaceCa: force, serverHosts: sans });
    // --force stops at the chain CA: nobody but our own two ends trusts it. The interception CA has a command of its own.
    if (context.hosts.length > 0) items.push(...(await interception(context, { force: false, dangerAnyHost: false })));
    return { items };
  },
  server: async (context, { force, sans }) => ({
    items: await ensureChain(context, { ends: ['server'], force, serverHosts: sans }),
  }),
  client: async (context, { force }) => ({ items: await ensureChain(context, { ends: ['client'], force }) }),
  'intercept-ca': async (context, options) => {
    if (context.hosts.length > 0) return { items: await interception(context, options) };
    const remedy = 'Add a route with `action: terminate` to the config, or name the hosts: --host api.openai.com';
    throw new CertificateError('no_hosts', 'no host is terminated, so there is nothing to permit.', remedy);
  },
  bundle: async (context) => ({
    items: [await bundle(context)],
    trust: trustVariables(resolve(context.paths.trustBundle), resolve(context.paths.interceptionCaCert)),
  }),
  show: async (context) => ({ certificates: await inspectCertificates(context.paths, context.now) }),
  renew: async (context, { force }) => ({ items: await ensureChain(context, { force }) }),
} as const satisfies Record<
  string,
  (context: EnsureContext, options: CommandOptions) => Promise<Partial<Omit<Report, 'warnings'>>>
>;

export type CommandName = keyof typeof COMMANDS;

export function isCommand(name: string | undefined): name is CommandName {
  return name !== undefined && Object.hasOwn(COMMANDS, name);
}

export async function execute(name: CommandName, context: EnsureContext, options: CommandOptions): Promise<Report> {
  const done: Partial<Report> = await COMMANDS[name](context, options);
  return { items: [], certificates: [], trust: [], ...done, warnings: context.warnings };
}

/** The interception CA, and the bundle that holds it. */
async function interception(
  context: EnsureContext,
  options: Pick<CommandOptions, 'force' | 'dangerAnyHost'>,
): Promise<EnsuredItem[]> {
  const { item, ca } = await ensureInterceptionCa(context, options);
  return [item, await ensureBundle(context, ca.anchors)];
}

/** The bundle needs the CA's certificate alone: it can be made where the key is not. */
async function bundle(context: EnsureContext): Promise<EnsuredItem> {
  const file = context.paths.interceptionCaCert;
  const pem = await readIfThere(file);
  const remedy = `Run: ${certsCommand('intercept-ca', context)}`;
  if (pem === null) throw failure('ca_cert_missing', file, 'there is no interception CA.', remedy);
  const certificates = concerning(file, remedy, () => readCertificates(pem));
  return await ensureBundle(context, anchorsIn(certificates));
}
