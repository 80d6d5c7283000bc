/** The key that signs checkpoints: made at the first start, never replaced by us. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../certs-tool/make-folder.ts';
import { CheckpointError } from './checkpoint-error.ts';

/** Where the public half stands: checkpoints are checked without the private one. */
export function publicKeyFile(keyFile: string): string {
  return `${keyFile}.pub`;
}

/**
 * The private key; made, readable for its owner alone, when there is none and nothing was signed yet.
 * @param signed there are checkpoints already: a key that is missing is not made then
 * @throws {CheckpointError}
 */
export function signingKey(keyFile: string, signed: boolean): KeyObject {
  if (!existsSync(keyFile)) {
    if (signed) throw new CheckpointError('key_missing', keyFile);
    makeKey(keyFile);
  }
  const key = readKey(keyFile);
  if (!existsSync(publicKeyFile(keyFile))) write(publicKeyFile(keyFile), publicPem(key), 0o644);
  return key;
}

/**
 * A public key from a PEM file; of a private key its public half.
 * @throws {CheckpointError} `key_unreadable`
 */
export function readPublicKey(file: string): KeyObject {
  try {
    const key = createPublicKey(readFileSync(file));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new CheckpointError('key_unreadable', file, { cause });
  }
  throw new CheckpointError('key_unreadable', file);
}

/** The public half as PEM. */
export function publicPem(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function readKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new CheckpointError('key_unreadable', file, { cause });
  }
  throw new CheckpointError('key_unreadable', file);
}

function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  write(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
}

/** Whole or not at all: half a key would stop every later start. */
function write(file: string, pem: string, mode: number): void {
  try {
    makeFolder(dirname(file));
    const half = `${file}.new`;
    rmSync(half, { force: true });
    const handle = openSync(half, 'wx', mode);
    try {
      writeSync(handle, pem);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(half, file);
  } catch (cause) {
    throw new CheckpointError('cannot_write', file, { cause });
  }
}
