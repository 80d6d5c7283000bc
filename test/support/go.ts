/**
 * The program that calls with the Go SDKs. To build it takes minutes of two cores, so it is built only on demand:
 * `node test/support/go.ts`. Its tests say that they were skipped where it is not there.
 */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../..');
const SOURCE = join(ROOT, 'test/blocks/go');
const FOLDER = join(ROOT, '.cache/go-clients');
const PROGRAM = join(FOLDER, 'clients');
const READY = join(FOLDER, 'ready');

/** Path of the program, or null. */
export function goClients(): string | null {
  return existsSync(READY) && readFileSync(READY, 'utf8') === source() ? PROGRAM : null;
}

async function build(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  process.stderr.write('Building the Go clients for the tests; the first time takes minutes …\n');
  await run('go', ['build', '-o', PROGRAM, '.'], { cwd: SOURCE });
  writeFileSync(READY, source());
}

/** What the program is made of. */
function source(): string {
  return ['main.go', 'go.mod', 'go.sum'].map((name) => readFileSync(join(SOURCE, name), 'utf8')).join('\n');
}

if (import.meta.main) await build();
