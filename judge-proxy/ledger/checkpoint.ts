/**
 * Checkpoints, as pure functions: a signed statement of how long the ledger was at a time and what its last hash was.
 * A chain alone shows an edit; that its tail was cut, or that all of it was written anew, shows only a checkpoint that
 * was kept where the ledger is not.
 *
 * A checkpoint is one line of canonical JSON (RFC 8785). Its signature is Ed25519 (RFC 8032) over the line without
 * `signature`, behind DOMAIN, so that anybody can check it with `openssl pkeyutl`.
 */

import { createHash, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, GENESIS } from './chain.ts';

/** Stands before what is signed: a signature of ours over anything else is not a checkpoint. */
const DOMAIN = 'judge-proxy checkpoint 1\n';

const hex = (characters: number) => z.string().regex(new RegExp(`^[0-9a-f]{${characters}}$`));

const shape = z.object({
  head: hex(64),
  key_id: hex(64),
  ledger_id: hex(32),
  previous: hex(64),
  size: z.int().min(1),
  ts: z.iso.datetime(),
  signature: z.base64().max(200),
});

/** A checkpoint before it is signed. */
export interface UnsignedCheckpoint {
  /** Hash of the record at `size`. */
  readonly head: string;
  /** SHA-256 (hex) of the public key, as DER (SubjectPublicKeyInfo). */
  readonly key_id: string;
  /** Drawn at random when the ledger was made. */
  readonly ledger_id: string;
  /** Hash of the checkpoint before it, GENESIS for the first. */
  readonly previous: string;
  /** Position of the last record. */
  readonly size: number;
  /** RFC 3339 UTC. */
  readonly ts: string;
}

export interface Checkpoint extends UnsignedCheckpoint {
  /** Base64. */
  readonly signature: string;
}

/** The bytes that are signed. */
export function signedBytes({ head, key_id, ledger_id, previous, size, ts }: UnsignedCheckpoint): Buffer {
  return Buffer.from(DOMAIN + canonicalJson({ head, key_id, ledger_id, previous, size, ts }));
}

/** What the next checkpoint names as `previous`; null stands for no checkpoint. */
export function checkpointHash(checkpoint: UnsignedCheckpoint | null): string {
  return checkpoint === null ? GENESIS : createHash('sha256').update(signedBytes(checkpoint)).digest('hex');
}

/** One line of a checkpoint file, with its line break. */
export function checkpointLine({ head, key_id, ledger_id, previous, size, ts, signature }: Checkpoint): string {
  return `${canonicalJson({ head, key_id, ledger_id, previous, signature, size, ts })}\n`;
}

/** What a line holds: `other` is a line of our log that is no checkpoint, `unreadable` all else. */
export type ReadLine = Checkpoint | 'other' | 'unreadable';

/** Reads a line of a checkpoint file, or of the log, which carries each checkpoint as an event of that name. */
export function readCheckpoint(line: string): ReadLine {
  const value = parsed(line);
  if (typeof value === 'object' && value !== null && 'event' in value && value.event !== 'checkpoint') return 'other';
  const checkpoint = shape.safeParse(value);
  return checkpoint.success ? checkpoint.data : 'unreadable';
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Whether the holder of the key signed it. */
export function isSigned(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  return verify(null, signedBytes(checkpoint), publicKey, Buffer.from(checkpoint.signature, 'base64'));
}

/** Name of a key: SHA-256 of its public half. */
export function keyId(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex');
}
