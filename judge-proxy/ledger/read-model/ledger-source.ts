/**
 * The ledger as the index reads it: records in their order with what stands beside them, read-only. A page is a transaction
 * of its own, so that a reader that is slow keeps no old state of the ledger alive.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RecordKind } from '../chain.ts';
import { chainHead } from '../chain-head.ts';
import type { ChainHead } from '../ledger.ts';
import { causeOf, LedgerError } from '../ledger-error.ts';
import { ledgerFile, openForReading } from '../sqlite-file.ts';

export interface SourceRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  /** JSON as it is stored, null when it was erased. */
  readonly body: string | null;
  readonly hash: string;
  /** Words that stand beside it. */
  readonly text: string | null;
  /** What the judge saw. */
  readonly content: string | null;
}

export type LoneRecord = Omit<SourceRecord, 'content'>;

/** Characters of a page after which it ends, so that long contents do not fill the memory. */
const PAGE_CHARACTERS = 16 << 20;

const PAGE = `
  SELECT r.seq, r.kind, r.body, r.hash, t.json AS text, c.json AS content
  FROM records r LEFT JOIN texts t ON t.seq = r.seq LEFT JOIN contents c ON c.seq = r.seq`;

const RECORD = `
  SELECT r.seq, r.kind, r.body, r.hash, t.json AS text FROM records r LEFT JOIN texts t ON t.seq = r.seq WHERE r.seq = ?`;

export class LedgerSource {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #page: StatementSync;
  readonly #one: StatementSync;
  readonly #content: StatementSync;
  readonly #stands: StatementSync;

  /**
   * @param url `sqlite:PATH`
   * @throws {LedgerError}
   */
  constructor(url: string) {
    this.#file = ledgerFile(url);
    this.#db = openForReading(this.#file);
    this.#page = this.#db.prepare(`${PAGE} WHERE r.seq > ? ORDER BY r.seq LIMIT ?`);
    this.#one = this.#db.prepare(RECORD);
    this.#content = this.#db.prepare('SELECT json FROM contents WHERE seq = ?');
    this.#stands = this.#db.prepare('SELECT stands FROM verdicts WHERE seq = ?');
  }

  page(after: number, limit: number): readonly SourceRecord[] {
    return this.#asked(() => this.#read(after, limit));
  }

  #read(after: number, limit: number): readonly SourceRecord[] {
    const records: SourceRecord[] = [];
    let characters = 0;
    for (const row of this.#page.iterate(after, limit)) {
      const record = row as unknown as SourceRecord;
      records.push(record);
      characters += (record.body?.length ?? 0) + (record.content?.length ?? 0);
      if (characters > PAGE_CHARACTERS) break;
    }
    return records;
  }

  /** One record with the words beside it, without content. */
  record(seq: number): LoneRecord | null {
    return this.#asked(() => (this.#one.get(seq) ?? null) as LoneRecord | null);
  }

  /** What the judge saw, kept beside the record; null without, and when it was erased. */
  content(seq: number): string | null {
    return this.#asked(() => (this.#content.get(seq)?.json ?? null) as string | null);
  }

  /** Whether a verdict on a request is that of its exchange: the ledger decided it when the exchange was completed. */
  stands(verdictSeq: number): boolean {
    return this.#asked(() => this.#stands.get(verdictSeq)?.stands === 1);
  }

  /** Of this ledger, also while it is empty. */
  ledgerId(): string {
    return this.#asked(() => String(this.#db.prepare('SELECT ledger_id FROM identity').get()?.ledger_id));
  }

  head(seq?: number): ChainHead | null {
    return this.#asked(() => chainHead(this.#db, seq));
  }

  /** Failures of the ledger are told from those of the index. */
  #asked<T>(question: () => T): T {
    try {
      return question();
    } catch (error) {
      const cause = causeOf(error);
      throw cause === null ? error : new LedgerError(cause, this.#file, { cause: error });
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}
