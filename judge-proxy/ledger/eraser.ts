/**
 * Erases, in the writer's thread and inside its transaction: a step is a few exchanges, and the records that name what
 * is gone. `secure_delete` overwrites it in the file.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ErasureRecord, ErasureTier } from './acts.ts';
import { canonicalJson, type RecordKind } from './chain.ts';
import { linkKey } from './link-key.ts';
import type { ExchangeCompleted, ExchangeOpened } from './records.ts';
import type { Erased, EraseStep } from './thread-protocol.ts';

/** Positions in one record at most. */
const SEQS = 1_000;

const SQL = {
  exchange: `
    SELECT e.opened_seq, e.completed_seq, EXISTS (
      SELECT 1 FROM jobs j WHERE j.completed_seq = e.completed_seq AND j.verdict_seq IS NULL) AS waiting
    FROM exchanges e WHERE e.exchange_id = ?`,
  records: `
    SELECT r.seq, r.kind, r.body, r.body_sha256 IS NULL AS old FROM records r WHERE r.seq IN (
      SELECT opened_seq FROM exchanges WHERE exchange_id = :id
      UNION SELECT completed_seq FROM exchanges WHERE exchange_id = :id
      UNION SELECT seq FROM verdicts WHERE exchange_id = :id
      UNION SELECT seq FROM records
        WHERE kind IN ('label', 'shadow_verdict') AND json_extract(body, '$.exchange_id') = :id
    ) ORDER BY r.seq`,
  connection:
    "SELECT body_sha256 IS NULL AS old FROM records WHERE seq = ? AND kind = 'connection' AND body IS NOT NULL",
  deleteSealed: 'DELETE FROM sealed WHERE seq = ?',
  deleteContent: 'DELETE FROM contents WHERE seq = ?',
  deleteText: 'DELETE FROM texts WHERE seq = ?',
  deleteResults: 'DELETE FROM replay_results WHERE exchange_id = ?',
  eraseBody: 'UPDATE records SET body = NULL WHERE seq = ?',
  deleteVerdict: 'DELETE FROM verdicts WHERE seq = ?',
  deleteExchange: 'DELETE FROM exchanges WHERE exchange_id = ?',
  deleteJobs: 'DELETE FROM jobs WHERE completed_seq = ? AND verdict_seq IS NOT NULL',
  deleteLink: 'DELETE FROM provider_links WHERE link = ? AND exchange_id = ?',
  begun: 'INSERT INTO erasures_under_way (erasure_id, erasure) VALUES (?, ?) ON CONFLICT DO NOTHING',
  done: 'DELETE FROM erasures_under_way WHERE erasure_id = ?',
} as const;

interface ExchangeRow {
  readonly opened_seq: number;
  readonly completed_seq: number | null;
  readonly waiting: number;
}

interface RecordRow {
  readonly seq: number;
  readonly kind: RecordKind;
  readonly body: string;
  readonly old: number;
}

/** What a step came to so far. */
interface Tally {
  exchanges: number;
  left: number;
  kept: number;
  /** By the tier that is gone: of an exchange from before schema 5 the records stay. */
  readonly seqs: Map<ErasureTier, number[]>;
}

export class Eraser {
  readonly #sql: Readonly<Record<keyof typeof SQL, StatementSync>>;
  readonly #append: (kind: 'erasure', body: string) => void;

  /** @param append takes a record into the chain, in the same transaction */
  constructor(db: DatabaseSync, append: (kind: 'erasure', body: string) => void) {
    this.#append = append;
    const entries = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
    this.#sql = Object.fromEntries(entries) as Record<keyof typeof SQL, StatementSync>;
  }

  step({ erasure, tier, exchanges, connections, begun, done }: EraseStep): Erased {
    const started = performance.now();
    if (begun !== null) this.#sql.begun.run(erasure.erasure_id, begun);
    const tally: Tally = { exchanges: 0, left: 0, kept: 0, seqs: new Map() };
    for (const id of exchanges) this.#exchange(id, tier, tally);
    for (const seq of connections) this.#connection(seq, tally);
    const records = this.#record(erasure, tally, done === 'record' ? tier : null);
    if (done !== null) this.#sql.done.run(erasure.erasure_id);
    const { left, kept } = tally;
    return { exchanges: tally.exchanges, records, left, kept, ms: performance.now() - started };
  }

  #exchange(id: string, tier: ErasureTier, tally: Tally): void {
    const exchange = this.#sql.exchange.get(id) as unknown as ExchangeRow | undefined;
    if (exchange === undefined) return;
    if (exchange.completed_seq === null || exchange.waiting === 1) {
      tally.left += 1;
      return;
    }
    const records = this.#sql.records.all({ id }) as unknown as RecordRow[];
    const old = records.filter((record) => record.old === 1);
    const whole = tier === 'metadata' && old.length === 0;
    const gone = records.filter(({ seq, kind }) => this.#parts(seq, kind, tier));
    if (tier !== 'sealed') this.#sql.deleteResults.run(id);
    if (whole) this.#whole(id, exchange.completed_seq, records);
    // Of an older verdict the words are in the record.
    if (tier === 'text') tally.kept += old.filter(({ kind }) => kind === 'verdict').length;
    if (tier === 'metadata') tally.kept += old.length;
    const named = (whole ? records : gone).map(({ seq }) => seq);
    if (named.length === 0) return;
    tally.exchanges += 1;
    name(tally, tier === 'metadata' && !whole ? 'text' : tier, named);
  }

  /** @returns whether there was something */
  #parts(seq: number, kind: RecordKind, tier: ErasureTier): boolean {
    let gone = kind === 'exchange_completed' && this.#sql.deleteSealed.run(seq).changes > 0;
    if (tier === 'sealed') return gone;
    if (kind === 'exchange_completed' || kind === 'verdict') {
      gone = this.#sql.deleteContent.run(seq).changes > 0 || gone;
    }
    return this.#sql.deleteText.run(seq).changes > 0 || gone;
  }

  #whole(id: string, completedSeq: number, records: readonly RecordRow[]): void {
    this.#links(id, records);
    for (const { seq, kind } of records) {
      this.#sql.eraseBody.run(seq);
      if (kind === 'verdict') this.#sql.deleteVerdict.run(seq);
    }
    this.#sql.deleteJobs.run(completedSeq);
    this.#sql.deleteExchange.run(id);
  }

  #links(id: string, records: readonly RecordRow[]): void {
    const bodyOf = <T>(of: RecordKind) => {
      const body = records.find(({ kind }) => kind === of)?.body;
      return body === undefined ? null : (JSON.parse(body) as T);
    };
    const opened = bodyOf<ExchangeOpened>('exchange_opened');
    const completed = bodyOf<ExchangeCompleted>('exchange_completed');
    if (opened === null || completed === null) return;
    const ids = { response: completed.response_id, conversation: completed.conversation_id } as const;
    for (const kind of ['response', 'conversation'] as const) {
      const of = ids[kind];
      if (of !== undefined) this.#sql.deleteLink.run(linkKey({ ...opened, kind, id: of }), id);
    }
  }

  #connection(seq: number, tally: Tally): void {
    const row = this.#sql.connection.get(seq) as { old: number } | undefined;
    if (row === undefined) return;
    if (row.old === 1) tally.kept += 1;
    else {
      this.#sql.eraseBody.run(seq);
      name(tally, 'metadata', [seq]);
    }
  }

  /**
   * @param empty tier of a record that is made even when nothing was there to be erased, null for none
   * @returns how many positions the records name
   */
  #record(erasure: EraseStep['erasure'], { seqs }: Tally, empty: ErasureTier | null): number {
    if (seqs.size === 0 && empty !== null) seqs.set(empty, []);
    let named = 0;
    for (const [tier, all] of seqs) {
      for (let start = 0; start === 0 || start < all.length; start += SEQS) {
        const record: ErasureRecord = { ...erasure, tier, seqs: all.slice(start, start + SEQS) };
        this.#append('erasure', canonicalJson(record));
      }
      named += all.length;
    }
    return named;
  }
}

function name({ seqs }: Tally, tier: ErasureTier, named: readonly number[]): void {
  const known = seqs.get(tier) ?? [];
  known.push(...named);
  seqs.set(tier, known);
}
