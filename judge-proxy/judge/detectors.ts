/** The operator's detectors (`redaction`), made ready once for the thread that uses them. */

import { placedTexts } from '../exchange/free-strings.ts';
import type { KnownSecret } from '../exchange/known-secret.ts';
import type { OftenKnown } from '../exchange/redact.ts';
import { type CompiledPath, compilePaths, type JsonSecrets, type NamedPath } from './json-secrets.ts';
import type { KnownSecrets } from './read-texts.ts';
import { type NamedPattern, operatorPatterns } from './rules/operator-patterns.ts';
import type { Rule } from './rules/rule.ts';

export interface Detectors {
  /** null without any. */
  readonly patterns: Rule | null;
  readonly paths: readonly CompiledPath[];
}

/** As the config has them: plain data, for a thread. */
export interface DetectorConfig {
  readonly patterns: readonly NamedPattern[];
  readonly json_paths: readonly NamedPath[];
}

/** @throws {Error} for what the config's check refuses */
export function createDetectors({ patterns, json_paths }: DetectorConfig): Detectors {
  return { patterns: operatorPatterns(patterns), paths: compilePaths(json_paths) };
}

/**
 * What is known before any rule runs.
 * @param often values of headers
 * @param json values of places in a body
 * @param others what an earlier part of the exchange was found to hold
 */
export function asKnown(often: OftenKnown, json: JsonSecrets, others: readonly KnownSecret[] = []): KnownSecrets {
  return {
    secrets: [...others, ...json.secrets],
    often,
    findings: (transcript) => (json.empty ? [] : json.findings(placedTexts(transcript))),
    get complete() {
      return json.complete;
    },
  };
}
