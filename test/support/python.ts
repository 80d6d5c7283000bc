/**
 * A virtual environment with the Python clients that the tests use. Made in .cache/ from pinned versions, and again when
 * those change; where there is no Python, or no registry, the tests that need it say that they were skipped.
 */

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.cache/python-clients');
const READY = join(FOLDER, 'ready');
const REQUIREMENTS = join(import.meta.dirname, 'python-requirements.txt');

/** Path of the interpreter that has the clients, or null. */
export function pythonWithClients(): string | null {
  return isReady() ? join(FOLDER, 'bin/python') : null;
}

/** Makes the environment if it is missing. Never fails: says on `output` what is not there. */
export async function preparePython(output: NodeJS.WritableStream): Promise<void> {
  if (isReady()) return;
  try {
    mkdirSync(join(ROOT, '.cache'), { recursive: true });
    output.write('Preparing the Python clients for the tests …\n');
    await run('python3', ['-m', 'venv', FOLDER]);
    await run(join(FOLDER, 'bin/python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      REQUIREMENTS,
    ]);
    writeFileSync(READY, readFileSync(REQUIREMENTS));
  } catch (error) {
    rmSync(FOLDER, { recursive: true, force: true });
    output.write(
      `Python clients are not available (${(error as NodeJS.ErrnoException).code ?? 'failed'}): their tests will be skipped.\n`,
    );
  }
}

/** The versions that were installed are those that are asked for. */
function isReady(): boolean {
  try {
    return readFileSync(READY, 'utf8') === readFileSync(REQUIREMENTS, 'utf8');
  } catch {
    return false;
  }
}
