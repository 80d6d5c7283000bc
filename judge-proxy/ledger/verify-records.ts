/** One record after the other: its place in the chain, its body, its content, its rows in the tables. */

import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, checkLink, GENESIS, type RecordKind, type Sealed } from './chain.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict } from './records.ts';
import { explainBreak, isSealed } from './verify-break.ts';
import type { Findings } from './verify-report.ts';
import { Tables } from './verify-tables.ts';

/** As SQLite gives it: text as bytes, so that none is mended on the way. */
export type Row = readonly [
  seq: number,
  kind: RecordKind,
  body: Uint8Array,
  prevHash: string,
  hash: string,
  content: Uint8Array | null,
];

export const ROWS = `
  SELECT r.seq, r.kind, CAST(r.body AS BLOB), r.prev_hash, r.hash, CAST(c.json AS BLOB)
  FROM records r LEFT JOIN contents c ON c.seq = r.seq WHERE r.seq BETWEEN ? AND ? ORDER BY r.seq`;

type Body =
  | { readonly kind: 'exchange_opened'; readonly value: ExchangeOpened }
  | { readonly kind: 'exchange_completed'; readonly value: ExchangeCompleted }
  | { readonly kind: 'verdict'; readonly value: NewVerdict }
  | { readonly kind: 'connection'; readonly value: object };

export class RecordCheck {
  readonly #db: DatabaseSync;
  readonly #findings: Findings;
  readonly tables: Tables;
  /** The record before, as it stands; null before the first of the ledger. */
  #previous: { readonly seq: number; readonly hash: string } | null;
  #broken = false;

  /** @param previous the record before the first one that is checked, null for the first of the ledger */
  constructor(db: DatabaseSync, findings: Findings, previous: { seq: number; hash: string } | null) {
    this.#db = db;
    this.#findings = findings;
    this.#previous = previous;
    this.tables = new Tables(db, findings);
  }

  get last(): { readonly seq: number; readonly hash: string } | null {
    return this.#previous;
  }

  check([seq, kind, bytes, prev_hash, stored, content]: Row): void {
    const body = isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : null;
    const record: Sealed = { seq, kind, body: body ?? '', prev_hash, hash: stored };
    const follows = this.#link(record);
    this.#previous = { seq, hash: stored };
    const value = parsed(record.body);
    if (value !== null && isCanonical(value, record.body)) this.#meaning({ kind, value } as Body, seq, content);
    // A body that is not what was sealed has been told already.
    else if (follows) this.#findings.add('malformed', seq, 'Its body is not canonical JSON.');
  }

  #link(record: Sealed): boolean {
    if (checkLink(this.#previous, record) === null) return true;
    const previous = this.#previous ?? { seq: 0, hash: GENESIS };
    if (!this.#broken) {
      const { kind, seq, detail } = explainBreak(this.#db, previous, record);
      this.#findings.add(kind, seq, detail);
    } else if (!isSealed(record)) this.#findings.add('edited', record.seq, 'It is not what was sealed.');
    else if (record.seq !== previous.seq + 1) this.#findings.add('deleted', previous.seq + 1, 'Records are missing.');
    else this.#findings.add('unlinked', record.seq, 'It does not follow the record before it.');
    this.#broken = true;
    return false;
  }

  #meaning(body: Body, seq: number, content: Uint8Array | null): void {
    try {
      this.#content(seq, content, namedContent(body));
      switch (body.kind) {
        case 'exchange_opened':
          this.tables.opened(seq, body.value);
          break;
        case 'exchange_completed':
          this.tables.completed(seq, body.value);
          break;
        case 'verdict':
          this.tables.verdict(seq, body.value);
          break;
        case 'connection':
          break;
        default:
          body satisfies never;
          this.#findings.add('malformed', seq, 'It is of no kind that the ledger writes.');
      }
    } catch (error) {
      // Fields that are not there: the ledger writes none without them.
      if (!(error instanceof TypeError)) throw error;
      this.#findings.add('malformed', seq, 'It lacks fields of its kind.');
    }
  }

  #content(seq: number, content: Uint8Array | null, named: Named): void {
    if (content !== null) this.tables.content();
    if (content === null) {
      if (named.sha256 !== null && named.always) {
        this.#findings.add('content_missing', seq, 'What it names by hash is not there.');
      }
    } else if (named.sha256 === null) {
      this.#findings.add('content_unnamed', seq, 'It names no content, but there is some.');
    } else if (hash('sha256', content) !== named.sha256) {
      this.#findings.add('content_changed', seq, 'Its content does not have the hash that it names.');
    }
  }
}

interface Named {
  readonly sha256: string | null;
  /** Content that is named is kept, too. */
  readonly always: boolean;
}

function namedContent(body: Body): Named {
  if (body.kind === 'exchange_completed') return { sha256: body.value.content_sha256, always: true };
  // A verdict on an exchange was made of the content of its completed record; one on a request may keep its own.
  if (body.kind === 'verdict' && body.value.subject === 'request') {
    return { sha256: body.value.input_sha256, always: false };
  }
  return { sha256: null, always: false };
}

function parsed(body: string): object | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/**
 * Whether the text is the canonical JSON of its value. Equal to what JSON.stringify makes, with keys in order, it is:
 * that takes a third of the time (4 µs of 12 for a verdict). The rest, keys that look like numbers, is made anew.
 */
function isCanonical(value: object, text: string): boolean {
  return (JSON.stringify(value) === text && isSorted(value)) || canonicalJson(value) === text;
}

function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  let before: string | null = null;
  // By UTF-16 code units (RFC 8785 §3.2.3), which is how JavaScript compares.
  for (const key in value) {
    if (before !== null && key < before) return false;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object' && !isSorted(item)) return false;
    before = key;
  }
  return true;
}
