/**
 * Certificates and keys on disk. A reader sees the old file or the new one, never half of one: content goes to a
 * temporary file in the same directory, is flushed, and is renamed into place. The rename is also what Envoy waits for
 * (`watched_directory` reacts to files moved in, not to files written).
 *
 * A key and its certificate are two files, so between two renames a reader can meet a new key beside the old
 * certificate. The key goes first and both are flushed beforehand, which leaves that window at microseconds. Envoy
 * refuses such a pair, keeps its old one (`key_rotation_failed` +1) and reads again at the rename of the certificate,
 * which is the last one and finds the pair whole. A crash inside the window is mended by the next start.
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { CertificateError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

const KEY_MODE = 0o600;
export const PUBLIC_MODE = 0o644;

export interface Pair {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface PairContent {
  readonly certPem: string;
  readonly keyPem: string;
}

/** The text of a file; null when there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw fileError('read', path, cause);
  }
}

/** Replaces the file in one step, or makes it. Missing directories are made. */
export async function writeAtomic(path: string, text: string, mode: number): Promise<void> {
  const staged = await stage(path, text, mode);
  try {
    await staged.replace();
  } finally {
    await staged.discard();
  }
}

/** Replaces a pair, key first. */
export async function writePair(files: Pair, content: PairContent): Promise<void> {
  await withStaged(files, content, async (key, cert) => {
    await key.replace();
    await cert.replace();
  });
}

/**
 * Writes a pair where there is none.
 * @throws CertificateError ca_exists when one of the files is there, also when another process makes it just now
 */
export async function createPair(files: Pair, content: PairContent): Promise<void> {
  await withStaged(files, content, async (key, cert) => {
    await key.create();
    try {
      await cert.create();
    } catch (error) {
      await rm(files.keyFile); // it is ours: creating it succeeded
      throw error;
    }
  });
}

async function withStaged(
  files: Pair,
  content: PairContent,
  place: (key: Staged, cert: Staged) => Promise<void>,
): Promise<void> {
  const key = await stage(files.keyFile, content.keyPem, KEY_MODE);
  try {
    const cert = await stage(files.certFile, content.certPem, PUBLIC_MODE);
    try {
      await place(key, cert);
    } finally {
      await cert.discard();
    }
  } finally {
    await key.discard();
  }
}

/** A flushed temporary file beside its target. */
interface Staged {
  /** Becomes the target, whatever was there. */
  replace(): Promise<void>;
  /** Becomes the target only if there is none. */
  create(): Promise<void>;
  /** Removes what is left of it. */
  discard(): Promise<void>;
}

async function stage(path: string, text: string, mode: number): Promise<Staged> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    makeFolder(folder);
    await writeFlushed(temporary, text, mode);
  } catch (cause) {
    throw fileError('write', path, cause);
  }
  return {
    replace: () => settle(path, folder, () => rename(temporary, path)),
    create: () => settle(path, folder, () => moveIfFree(temporary, path)),
    discard: () => rm(temporary, { force: true }),
  };
}

async function writeFlushed(path: string, text: string, mode: number): Promise<void> {
  // 'wx' with the mode from the start: a key is never readable by others, not for a moment.
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function settle(path: string, folder: string, move: () => Promise<void>): Promise<void> {
  try {
    await move();
    await flushFolder(folder);
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw fileError('write', path, cause);
    throw new CertificateError(
      'ca_exists',
      `${path} exists and is not overwritten.`,
      'If another process has just made it, run this again. To replace it, use --force: whoever trusts it must then trust the new one.',
      cause,
    );
  }
}

/** link(2) fails when the name is taken, rename(2) does not. Some file systems have no links: there we look first. */
async function moveIfFree(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
    await rm(temporary);
  } catch (error) {
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(codeOf(error))) throw error;
    if (await isThere(path)) throw Object.assign(new Error('file exists'), { code: 'EEXIST' });
    await rename(temporary, path);
  }
}

/** So that the new name survives a power cut. Not every platform opens directories; then its own journal must do. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * Takes a private key away from others: their permissions are removed, or it is an error. A group may read (volumes of
 * Kubernetes are 0440), never write. Returns whether something had to be removed.
 * @throws CertificateError key_exposed
 */
export async function guardKey(path: string): Promise<boolean> {
  // Windows has no such modes.
  if (process.platform === 'win32') return false;
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw fileError('read', path, cause);
  });
  if ((mode & 0o027) === 0) return false;
  try {
    await chmod(path, mode & 0o750);
  } catch (cause) {
    const message = `${path} is a private key and readable or writable by others (mode ${(mode & 0o777).toString(8)}).`;
    throw new CertificateError('key_exposed', message, `chmod 600 ${path}`, cause);
  }
  return true;
}

function fileError(verb: string, path: string, cause: unknown): CertificateError {
  const code = codeOf(cause);
  return new CertificateError('file_failed', `cannot ${verb} ${path}: ${code}.`, remedyFor(code), cause);
}

function remedyFor(code: string): string {
  if (code === 'EACCES' || code === 'EPERM')
    return 'Check the owner and the permissions of the file and its directory.';
  if (code === 'EROFS') return 'The file system is read-only: name another directory.';
  if (code === 'ENOSPC') return 'The disk is full.';
  return 'Check the path.';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
