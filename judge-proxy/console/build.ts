/**
 * `npm run build:console`, and before every start: builds the console when its sources are not those that were built.
 * A stamp beside the files names them by hash. Without Vite (an image that was built without development packages) the
 * files that are there are used as they are.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const HERE = import.meta.dirname;
const ROOT = resolve(HERE, '../..');
const DIST = join(HERE, 'dist');
const STAMP = '.stamp';

/** What the files of the console are made of. */
const SOURCES = [
  'judge-proxy/console/{index.html,vite.config.ts,tsconfig.json,build.ts}',
  'judge-proxy/console/public/**/*',
  'judge-proxy/console/src/**/*.{ts,tsx,css,svg}',
  'judge-proxy/contract/**/*.ts',
  'judge-proxy/ledger/{acts,records}.ts',
  'judge-proxy/errors.ts',
  'package-lock.json',
];
/** A build takes about five seconds; a machine under load several times that. */
const LONGEST_MS = 180_000;

export interface ConsoleBuild {
  /** Folder of the files; null when there are none and nothing can build them. */
  readonly folder: string | null;
  readonly built: boolean;
}

export interface BuildOptions {
  /** Lines of progress. */
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes sure that the console's files are there and made of these sources.
 * @throws Error with Vite's words when the build fails
 */
export async function ensureConsole({ progress, signal }: BuildOptions): Promise<ConsoleBuild> {
  const wanted = hashOfSources();
  if (stampOf(DIST) === wanted) return { folder: DIST, built: false };
  const vite = findVite();
  if (vite === null) {
    const isThere = existsSync(join(DIST, 'index.html'));
    if (!isThere) progress('console: not built, and Vite is not installed: there is the API, and no console');
    return { folder: isThere ? DIST : null, built: false };
  }
  progress('console: building, once …');
  const started = performance.now();
  const made = join(HERE, `dist.${process.pid}`);
  try {
    await runVite(vite, made, signal);
    writeFileSync(join(made, STAMP), wanted);
    replace(made);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  progress(`console: built in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return { folder: DIST, built: true };
}

/** SHA-256 over names and contents. Tests are no part of what is built. */
function hashOfSources(): string {
  const hash = createHash('sha256');
  const files = globSync(SOURCES, { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) hash.update(file.slice(ROOT.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function stampOf(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), 'utf8');
  } catch {
    return null;
  }
}

function findVite(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
  } catch {
    return null;
  }
}

async function runVite(vite: string, outDir: string, signal: AbortSignal | undefined): Promise<void> {
  const args = [vite, 'build', HERE, '--outDir', outDir, '--logLevel', 'warn'];
  const options = { cwd: ROOT, timeout: LONGEST_MS, env: { ...process.env, NODE_ENV: 'production' } };
  await promisify(execFile)(process.execPath, args, { ...options, ...(signal !== undefined && { signal }) }).catch(
    (error: Error & { stderr?: string }) => {
      throw new Error(`the console cannot be built: ${error.stderr?.trim() || error.message}`, { cause: error });
    },
  );
}

/**
 * Puts the new files where the old ones are: those with a hash in their name first, then the page that names them, then the
 * stamp, so that a start which is stopped here builds again. Two that build at once make the same files.
 */
function replace(made: string): void {
  const files = filesOf(made);
  const rank = (file: string) => ['index.html', STAMP].indexOf(file);
  for (const file of [...files].sort((a, b) => rank(a) - rank(b))) cpSync(join(made, file), join(DIST, file));
  const isNew = new Set(files);
  for (const file of filesOf(DIST)) if (!isNew.has(file)) rmSync(join(DIST, file), { force: true });
}

function filesOf(folder: string): string[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .concat(existsSync(join(folder, STAMP)) ? [STAMP] : []);
}

if (import.meta.main) {
  const { built } = await ensureConsole({ progress: (line) => process.stderr.write(`${line}\n`) });
  if (!built) process.stderr.write('console: as built\n');
}
