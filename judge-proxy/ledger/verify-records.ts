/** One record after the other: its place in the chain, its body, its content, its rows in the tables. */

import { isUtf8 } from 'node:buffer';
import type { DatabaseSync } from 'node:sqlite';
import type { LabelRecord } from './acts.ts';
import { canonicalJson, checkLink, GENESIS, type RecordKind, type Sealed } from './chain.ts';
import type { ExchangeCompleted, ExchangeOpened } from './records.ts';
import type { VerdictBody } from './verdict-words.ts';
import { type Beside, Besides, namedBy } from './verify-besides.ts';
import { explainBreak, isSealed } from './verify-break.ts';
import type { Erasures } from './verify-erasures.ts';
import type { Findings } from './verify-report.ts';
import { Tables } from './verify-tables.ts';

/** As SQLite gives it: text as bytes, so that none is mended on the way. */
export type Row = readonly [
  seq: number,
  kind: RecordKind,
  body: Uint8Array | null,
  bodyHash: string | null,
  prevHash: string,
  hash: string,
  content: Uint8Array | null,
  text: Uint8Array | null,
  sealed: Uint8Array | null,
];

export const ROWS = `
  SELECT r.seq, r.kind, CAST(r.body AS BLOB), r.body_sha256, r.prev_hash, r.hash, CAST(c.json AS BLOB),
    CAST(t.json AS BLOB), s.bytes
  FROM records r LEFT JOIN contents c ON c.seq = r.seq LEFT JOIN texts t ON t.seq = r.seq
    LEFT JOIN sealed s ON s.seq = r.seq
  WHERE r.seq BETWEEN ? AND ? ORDER BY r.seq`;

type Body =
  | { readonly kind: 'exchange_opened'; readonly value: ExchangeOpened }
  | { readonly kind: 'exchange_completed'; readonly value: ExchangeCompleted }
  | { readonly kind: 'verdict'; readonly value: VerdictBody }
  | { readonly kind: 'shadow_verdict'; readonly value: VerdictBody }
  | { readonly kind: 'label'; readonly value: LabelRecord }
  | { readonly kind: 'connection' | 'act' | 'erasure' | 'export_gap'; readonly value: object };

export class RecordCheck {
  readonly #db: DatabaseSync;
  readonly #findings: Findings;
  readonly #besides: Besides;
  readonly #erasures: Erasures;
  readonly tables: Tables;
  /** The record before, as it stands; null before the first of the ledger. */
  #previous: { readonly seq: number; readonly hash: string } | null;
  #broken = false;

  /** @param previous the record before the first one that is checked, null for the first of the ledger */
  constructor(
    db: DatabaseSync,
    findings: Findings,
    erasures: Erasures,
    previous: { seq: number; hash: string } | null,
  ) {
    this.#db = db;
    this.#erasures = erasures;
    this.#findings = findings;
    this.#previous = previous;
    this.tables = new Tables(db, findings);
    this.#besides = new Besides(findings, erasures, this.tables);
  }

  get last(): { readonly seq: number; readonly hash: string } | null {
    return this.#previous;
  }

  check([seq, kind, bytes, body_sha256, prev_hash, stored, content, text, sealed]: Row): void {
    const beside: Beside = { content, text, sealed };
    const record: Sealed = { seq, kind, body: textOf(bytes), body_sha256, prev_hash, hash: stored };
    const follows = this.#link(record);
    this.#previous = { seq, hash: stored };
    if (record.body === null) this.#erased(record, beside);
    else {
      const value = parsed(record.body);
      if (value !== null && isCanonical(value, record.body)) this.#meaning({ kind, value } as Body, seq, beside);
      // A body that is not what was sealed has been told already.
      else if (follows) this.#findings.add('malformed', seq, 'Its body is not canonical JSON.');
    }
  }

  /** A body that is not there: whether it may be. */
  #erased({ kind, seq }: Sealed, beside: Beside): void {
    const may = ERASABLE.has(kind) && this.#erasures.names(seq, 'metadata');
    if (!may) this.#findings.add('body_missing', seq, 'Its body is gone, and no erasure says so.');
    this.#besides.check(seq, beside, null);
    this.tables.erased(seq);
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

  #meaning(body: Body, seq: number, beside: Beside): void {
    try {
      if (ERASABLE.has(body.kind) && this.#erasures.names(seq, 'metadata')) {
        this.#findings.add('erasure_undone', seq, 'An erasure says that its body is gone, and it is there.');
      }
      this.#besides.check(seq, beside, namedBy(body.kind, body.value));
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
        case 'shadow_verdict':
        case 'label':
        case 'connection':
        case 'act':
        case 'erasure':
        case 'export_gap':
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
}

/** Records that can be erased as a whole: those of exchanges and connections, not those of what people did. */
const ERASABLE: ReadonlySet<RecordKind> = new Set([
  'exchange_opened',
  'exchange_completed',
  'verdict',
  'shadow_verdict',
  'label',
  'connection',
]);

/** @returns an empty text for bytes that are none, null for nothing */
function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : '';
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
