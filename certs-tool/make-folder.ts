/**
 * Makes a folder and those above it that are missing. Node's own `recursive` never ends where a folder is there and
 * nothing can be made in it (below /proc, below a symbolic link that leads nowhere): it goes up for the parent, which
 * exists, and down again, for ever (MKDirpSync in node_file.cc, Node 26.10; the promise keeps a thread of libuv busy).
 */

import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws the error of the system, e.g. ENOENT where there can be no folder, ENOTDIR below a file */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  try {
    makeOne(folder);
  } catch (error) {
    const parent = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
    makeFolder(parent);
    // Once more and no oftener: what is still missing now cannot be made.
    makeOne(folder);
  }
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
