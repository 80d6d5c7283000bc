/** The interception CA, wide enough for the routes and no wider than it was asked to be, and the trust bundle. */

import type { X509Certificate } from 'node:crypto';
import { bundleText, systemRoots } from './bundle.ts';
import { type CaKind, type EnsuredCa, ensureCa, missingKey, replaceCa } from './ensure-ca.ts';
import { type EnsureContext, type EnsuredItem, failure, item, KEPT } from './ensure-context.ts';
import { CertificateError } from './errors.ts';
import { PUBLIC_MODE, readIfThere, writeAtomic } from './files.ts';
import { makeInterceptionCa } from './make-ca.ts';
import { certsCommand } from './remedy.ts';
import { beyond, covers, subtreesFor } from './subtrees.ts';

const ANY_HOST_OPTION = '--danger-any-host';

function interceptionCa(context: EnsureContext): CaKind {
  const danger = context.hosts.includes('*') ? ` ${ANY_HOST_OPTION}` : '';
  const command = certsCommand(`intercept-ca --force${danger}`, context);
  return {
    name: 'interception CA',
    files: { certFile: context.paths.interceptionCaCert, keyFile: context.paths.interceptionCaKey },
    mend: `${command}\nEvery client must then be given the new CA to trust.`,
    make: () => makeInterceptionCa(subtreesFor(context.hosts), context),
  };
}

export interface InterceptionOptions {
  /** Replace what is there. */
  readonly force?: boolean;
  /** Make a CA without a list of names, if the hosts contain `*`. Whoever steals its key can be any host. */
  readonly dangerAnyHost?: boolean;
}

/**
 * @returns the CA, which covers every host of the context
 * @throws CertificateError that names file and command
 */
export async function ensureInterceptionCa(
  context: EnsureContext,
  options: InterceptionOptions = {},
): Promise<EnsuredCa> {
  const kind = interceptionCa(context);
  subtreesFor(context.hosts); // refuses what cannot be terminated, before anything is written
  const mayMake = options.dangerAnyHost === true || !context.hosts.includes('*');
  if (options.force === true) {
    if (!mayMake) throw anyHostRefused(kind);
    return replaceCa(kind);
  }
  if (!mayMake && (await readIfThere(kind.files.certFile)) === null) throw anyHostRefused(kind);
  const ensured = await ensureCa(kind, context);
  if (ensured === null) throw missingKey(kind, `the private key of ${kind.files.certFile} is missing.`);
  checkWidth(ensured, kind, context);
  return ensured;
}

function anyHostRefused(kind: CaKind): CertificateError {
  return new CertificateError(
    'any_host_refused',
    'a route terminates every host ("*"): that takes an interception CA which may sign for any name.',
    `List the hosts in the route. If it must be all of them: ${kind.mend}`,
  );
}

function checkWidth({ ca }: EnsuredCa, kind: CaKind, context: EnsureContext): void {
  const { certFile } = kind.files;
  const missing = context.hosts.filter((host) => !covers(ca.constraints, host));
  if (missing.includes('*')) throw anyHostRefused(kind);
  if (missing.length > 0) {
    const what = `the interception CA does not permit ${missing.join(', ')}.`;
    throw failure('ca_too_narrow', certFile, what, `Run: ${kind.mend}`);
  }
  const warn = (what: string) => context.warnings.push(`${certFile} ${what}`);
  if (ca.constraints.dns.length === 0) warn('may sign for every name: whoever steals its key can be any host.');
  if (!ca.constraints.excludesAllIps) warn('may sign for IP addresses: its name constraints leave them open.');
  const more = beyond(ca.constraints, context.hosts);
  if (more.length > 0) warn(`also permits ${more.join(', ')}, which no route terminates.`);
}

/** Writes the bundle if it is missing or its content would differ. */
export async function ensureBundle(context: EnsureContext, anchors: readonly X509Certificate[]): Promise<EnsuredItem> {
  const roots = await systemRoots();
  const file = context.paths.trustBundle;
  const text = bundleText(roots, anchors);
  const existing = await readIfThere(file);
  if (existing === text) return item('trust bundle', file, KEPT, null);
  await writeAtomic(file, text, PUBLIC_MODE);
  const done =
    existing === null
      ? ({ action: 'made', reason: 'missing' } as const)
      : ({ action: 'renewed', reason: 'the roots or the CA changed' } as const);
  return item('trust bundle', file, done, null);
}
