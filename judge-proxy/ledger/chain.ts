/**
 * The hash chain, as pure functions. Each record is sealed by SHA-256 over the canonical JSON (RFC 8785) of
 *
 *     {"kind": …, "prev_hash": …, "record": …, "seq": …}
 *
 * so that the hash covers the record, its place, its kind and, by `prev_hash`, everything before it. Anybody can check a
 * chain with any RFC 8785 library; nothing of ours is needed.
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
export interface Sealed extends Unsealed {
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

/**
 * Hash (hex, 64 characters) of a record that follows `prevHash`. The body is canonical already and the four keys stand
 * in their canonical order, so the sealed document is put together without parsing the body again.
 */
export function chainHash(prevHash: string, record: Unsealed): string {
  return hash(
    'sha256',
    `{"kind":"${record.kind}","prev_hash":"${prevHash}","record":${record.body},"seq":${record.seq}}`,
    'hex',
  );
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
  return record.hash === chainHash(head, record) ? null : 'hash';
}
