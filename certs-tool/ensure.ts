/**
 * Makes sure that all certificates of the chain are there and good, before anything listens. What is missing is made;
 * server and client certificates are renewed; a CA that is damaged, expired, mismatching or too narrow stops the start
 * with the command that mends it, because a CA that is replaced unasked cuts off every client at once.
 *
 * Called again later (daily, say) it renews what has become due; both sides take the new files up without a restart.
 */

import { randomBytes } from 'node:crypto';
import { ensureChain } from './ensure-chain.ts';
import type { EnsureContext, EnsuredItem } from './ensure-context.ts';
import { ensureBundle, ensureInterceptionCa } from './ensure-interception.ts';
import { type CertificatePaths, pathsIn } from './paths.ts';

export interface EnsureOptions {
  /** Directory of all files that `paths` does not name. */
  readonly certDir: string;
  /** Files that live elsewhere, as config may say. */
  readonly paths?: Partial<CertificatePaths>;
  /** Host patterns of all `terminate` routes. None: neither interception CA nor trust bundle is needed or made. */
  readonly terminatedHosts: readonly string[];
  readonly now: Date;
  /** Names or addresses that the server certificate shall have beside its own. */
  readonly serverHosts?: readonly string[];
  /** Config file, so that commands in errors and warnings work on the same files. */
  readonly configFile?: string;
}

export interface EnsureReport {
  readonly paths: CertificatePaths;
  readonly items: readonly EnsuredItem[];
  /** Files of `items` that were made, and that were renewed. */
  readonly created: readonly string[];
  readonly renewed: readonly string[];
  /** Sentences for the operator: what ends soon, what is wider than needed. */
  readonly warnings: readonly string[];
}

/** @throws CertificateError whose message names the file and whose remedy is a command */
export async function ensureCertificates(options: EnsureOptions): Promise<EnsureReport> {
  const context = contextOf(options);
  const items = await ensureChain(context, { serverHosts: options.serverHosts ?? [] });
  if (context.hosts.length > 0) {
    const interception = await ensureInterceptionCa(context);
    items.push(interception.item, await ensureBundle(context, interception.ca.anchors));
  }
  const files = (action: EnsuredItem['action']) => items.filter((one) => one.action === action).map(({ file }) => file);
  const { paths, warnings } = context;
  return { paths, items, created: files('made'), renewed: files('renewed'), warnings };
}

/** What the steps of `ensureCertificates` and of the command line share. */
export function contextOf(options: Omit<EnsureOptions, 'serverHosts'>): EnsureContext {
  return {
    certDir: options.certDir,
    paths: { ...pathsIn(options.certDir), ...options.paths },
    hosts: [...new Set(options.terminatedHosts)],
    configFile: options.configFile,
    now: options.now,
    random: randomBytes,
    warnings: [],
  };
}
