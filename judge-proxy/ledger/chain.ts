/**
 * The hash chain, as pure functions. Each record is sealed by SHA-256 over the canonical JSON (RFC 8785) of
 *
 *     {"kind": …, "prev_hash": …, "record_sha256": …, "seq": …}
 *
 * where `record_sha256` is the SHA-256 (hex) of the record's own canonical JSON. So the hash covers the record, its place,
 * its kind and, by `prev_hash`, everything before it, and a record can be erased without breaking the chain: its hash
 * stays. Anybody can check a chain with any RFC 8785 library; nothing of ours is needed.
 *
 * Ledgers from before schema 5 have records that are sealed with `"record"`, the record itself, in place of its hash.
 * They stay as they are; they cannot be erased.
 */

import { hash } from 'node:crypto';
import { canonicalText } from './canonical-json.ts';

/** What a record is; each kind has its interface in records.ts. */
export const RECORD_KINDS = [
  'exchange_opened',
  'exchange_completed',
  'connection',
  'verdict',
  'label', // a person's answer on a verdict, or its withdrawal
  'act', // a change that a person, a token or the program made: who, what, before, after
  'erasure', // which contents or records were erased, and why
  'shadow_verdict', // of a second judge, which decides nothing
  'export_gap', // records that a sink never got
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** `prev_hash` of the first record. */
export const GENESIS = '0'.repeat(64);

/** One record before it is sealed. */
export interface Unsealed {
  readonly kind: RecordKind;
  /** Position, from 1, without gaps. */
  readonly seq: number;
  /** Canonical JSON of the record. */
  readonly body: string;
}

/** One record as it is stored. */
export interface Sealed {
  readonly kind: RecordKind;
  readonly seq: number;
  /** null when it was erased. */
  readonly body: string | null;
  /** SHA-256 (hex) of the body; null in records from before schema 5. */
  readonly body_sha256: string | null;
  readonly prev_hash: string;
  readonly hash: string;
}

/**
 * Canonical JSON of a record. A lone surrogate, which text from traffic may hold and RFC 8785 §3.2.2.2 forbids, becomes
 * U+FFFD, and a number that JSON cannot carry becomes null: a record must not be lost for its content.
 */
export function canonicalJson(value: object): string {
  return asStored(value).json;
}

/** A record as the ledger holds it: its canonical JSON, and the value that this JSON says. */
export function asStored<T extends object>(value: T): { readonly json: string; readonly record: T } {
  try {
    return { json: canonicalText(value), record: value };
  } catch {
    const record = JSON.parse(JSON.stringify(value), (_key, item) =>
      typeof item === 'string' ? item.toWellFormed() : item,
    ) as T;
    return { json: canonicalText(record), record };
  }
}

/** SHA-256 (hex) of a body: what stays of a record that is erased. */
export function bodyHash(body: string): string {
  return hash('sha256', body, 'hex');
}

/**
 * Hash (hex, 64 characters) of a record that follows `prevHash`. The four keys stand in their canonical order, so the
 * sealed document is put together without a library.
 */
export function chainHash(prevHash: string, record: Pick<Sealed, 'kind' | 'seq'> & { body_sha256: string }): string {
  const { kind, seq, body_sha256 } = record;
  return hash(
    'sha256',
    `{"kind":"${kind}","prev_hash":"${prevHash}","record_sha256":"${body_sha256}","seq":${seq}}`,
    'hex',
  );
}

/** The same of a record from before schema 5, whose body is canonical and stands in the sealed document as it is. */
export function chainHashOfBody(prevHash: string, { kind, seq, body }: Unsealed): string {
  return hash('sha256', `{"kind":"${kind}","prev_hash":"${prevHash}","record":${body},"seq":${seq}}`, 'hex');
}

/** Whether `hash` is that of a stored record, if it follows `prevHash`. */
export function isSealedAfter(prevHash: string, record: Sealed): boolean {
  const { kind, seq, body, body_sha256 } = record;
  if (body_sha256 === null) return body !== null && record.hash === chainHashOfBody(prevHash, { kind, seq, body });
  if (body !== null && bodyHash(body) !== body_sha256) return false;
  return record.hash === chainHash(prevHash, { kind, seq, body_sha256 });
}

/** What is wrong with a record at its place, or null. */
export type ChainFault = 'gap' | 'prev_hash' | 'hash';

/**
 * Checks one record against the one before it.
 * @param previous the record before, null for the first one of the ledger
 */
export function checkLink(previous: Pick<Sealed, 'seq' | 'hash'> | null, record: Sealed): ChainFault | null {
  const { seq, hash: head } = previous ?? { seq: 0, hash: GENESIS };
  if (record.seq !== seq + 1) return 'gap';
  if (record.prev_hash !== head) return 'prev_hash';
  return isSealedAfter(head, record) ? null : 'hash';
}
