/**
 * What `envoy --mode validate` lets pass and would open the proxy, cut its streams or blind it. Validate knows fields
 * and types; it accepts an upstream without a CA, a CONNECT that Envoy ends itself, a timeout of 15 seconds.
 */

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { EDGE_RULES } from './lint-edge.ts';
import { HOP_RULES } from './lint-hop.ts';
import { ROUTE_RULES } from './lint-routes.ts';

/** A configuration and the SDS files beside it, as plain values. */
export interface Linted {
  readonly config: unknown;
  /** The secrets of the SDS files by name. */
  readonly secrets: ReadonlyMap<string, unknown>;
}

export interface LintRule {
  readonly name: string;
  /** What goes wrong where the rule is broken. */
  readonly why: string;
  /** The breaches, one line each. */
  readonly check: (linted: Linted) => readonly string[];
}

export interface Finding {
  readonly rule: string;
  readonly what: string;
  readonly why: string;
}

export const RULES: readonly LintRule[] = [...EDGE_RULES, ...ROUTE_RULES, ...HOP_RULES];

/** Every breach of every rule, in the order of the rules. */
export function lint(linted: Linted): Finding[] {
  return RULES.flatMap((rule) => rule.check(linted).map((what) => ({ rule: rule.name, what, why: rule.why })));
}

/** Reads a configuration and `sds/` beside it. */
export async function readForLint(configPath: string): Promise<Linted> {
  const folder = join(dirname(configPath), 'sds');
  const files = [configPath, join(folder, 'envoy-client.yaml'), join(folder, 'chain-ca.yaml')];
  const [config, ...sds] = await Promise.all(files.map(async (file) => parse(await readFile(file, 'utf8')) as unknown));
  return { config, secrets: secretsOf(sds) };
}

/** Secrets of SDS files, by name. */
function secretsOf(files: readonly unknown[]): Map<string, unknown> {
  const secrets = new Map<string, unknown>();
  for (const file of files) {
    for (const secret of (file as { resources?: { name: string }[] }).resources ?? []) secrets.set(secret.name, secret);
  }
  return secrets;
}
