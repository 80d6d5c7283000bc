/** Contract: makes all folders of a path; where that cannot be it ends with the system's error, and soon. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'make-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('makes what is missing, also a second time, and relative to the working directory', () => {
  const deep = join(folder, 'a', 'b', 'c');
  makeFolder(deep);
  makeFolder(deep);
  makeFolder('.');
  expect(statSync(deep).isDirectory()).toBe(true);
});

it('goes through a symbolic link to a folder', () => {
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  makeFolder(join(folder, 'link', 'below'));
  expect(statSync(join(folder, 'real', 'below')).isDirectory()).toBe(true);
});

/** In a process of its own: what never ends would end no test either. */
function codeOf(path: string): string {
  const file = JSON.stringify(join(import.meta.dirname, 'make-folder.ts'));
  const script = `import { makeFolder } from ${file};
    try { makeFolder(process.argv[1]); console.log('made') } catch (error) { console.log(error.code) }`;
  const options = { encoding: 'utf8', timeout: 25_000, killSignal: 'SIGKILL' } as const;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script, path], options).trim();
}

it.runIf(process.platform === 'linux').each([
  ['/proc/none', 'ENOENT'],
  ['/proc/sys/none/deeper', 'ENOENT'],
  ['/dev/null/none', 'ENOTDIR'],
  [`/tmp/${'n'.repeat(5_000)}`, 'ENAMETOOLONG'],
])('%s is not made, and that is said', (path, code) => {
  expect(codeOf(path)).toBe(code);
});

it('below a symbolic link that leads nowhere nothing is made', () => {
  symlinkSync(join(folder, 'gone', 'disk'), join(folder, 'data'));
  expect(codeOf(join(folder, 'data', 'ledger'))).toBe('EEXIST');
  expect(codeOf(join(folder, 'data'))).toBe('EEXIST');
});

it('below a file nothing is made', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(codeOf(join(folder, 'file', 'below'))).toBe('ENOTDIR');
  expect(codeOf(join(folder, 'file'))).toBe('EEXIST');
});
