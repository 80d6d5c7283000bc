/** Envoy's version: which one is pinned, which is the oldest that will do, and how a binary tells its own. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EnvoyError, reasonOf } from './errors.ts';

/** What requirements.txt pins and docker-compose.yml runs. */
export const PINNED_VERSION = '1.40.0';

/** Oldest version that the configuration is written for: 1.39 enforces key usage, its patches close CVEs of CONNECT filters. */
export const OLDEST_VERSION = '1.39.3';

/** What somebody without Python, or without a package index, can do. */
export function otherWays(): string {
  return [
    `Other ways to have it: install Envoy ${OLDEST_VERSION} or newer so that \`envoy\` is on PATH, or name the binary in ENVOY_BIN.`,
    'With Docker nothing needs to be installed: docker compose up. Without Envoy: npm start -- --no-envoy.',
  ].join('\n');
}

/**
 * Asks a binary for its version.
 * @returns `1.40.0`, without a suffix such as `-dev`
 * @throws EnvoyError `cannot_run` when the file does not run here or is no Envoy
 */
export async function versionOf(binary: string): Promise<string> {
  let output: string;
  try {
    output = (await promisify(execFile)(binary, ['--version'], { timeout: 20_000 })).stdout;
  } catch (error) {
    throw new EnvoyError('cannot_run', `${binary} does not run: ${explainSpawn(error)}`, { cause: error });
  }
  const version = readVersion(output);
  if (version === null)
    throw new EnvoyError('cannot_run', `${binary} is not Envoy: it answers --version with other text`);
  return version;
}

/** `envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL` → `1.40.0`; null for anything else. */
export function readVersion(output: string): string | null {
  return /version: [0-9a-f]+\/(\d+\.\d+\.\d+)[^/]*\//.exec(output)?.[1] ?? null;
}

/** Whether a version such as `1.40.0` is at least the floor. */
export function isRecent(version: string, floor: string = OLDEST_VERSION): boolean {
  const wanted = floor.split('.').map(Number);
  for (const [index, part] of version.split('.').map(Number).entries()) {
    const difference = part - (wanted[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** A spawn or loader failure in words that name the cause. */
export function explainSpawn(error: unknown): string {
  const { code, stderr } = error as { code?: unknown; stderr?: unknown };
  const said = typeof stderr === 'string' ? stderr.trim() : '';
  if (/error while loading shared libraries|GLIBC_|GLIBCXX_/.test(said)) {
    return `a library of the system is missing or too old (${said.split('\n')[0]}); Envoy's builds need glibc 2.31`;
  }
  if (code === 'ENOENT') return 'no such file, or its loader is missing (Envoy is built for glibc, not musl)';
  if (code === 'EACCES') return 'the file is not executable';
  if (code === 'ENOEXEC') return 'it is built for another machine';
  return said.split('\n')[0] || reasonOf(error);
}
