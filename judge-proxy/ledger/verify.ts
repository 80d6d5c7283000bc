/**
 * Checks a ledger: the chain, what the records name, the tables made from them, and checkpoints. One read transaction,
 * so that a ledger that is being written is seen at one moment; memory for one record at a time.
 */

import type { KeyObject } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { causeOf, LedgerError } from './ledger-error.ts';
import { ledgerFile, openForReading } from './sqlite-file.ts';
import { CheckpointCheck, type CheckpointSource, checkpointSource } from './verify-checkpoints.ts';
import { readErasures } from './verify-erasures.ts';
import { RecordCheck, ROWS, type Row } from './verify-records.ts';
import { Findings, type VerifyReport } from './verify-report.ts';
import { checkSchema, checkTable, tablesOf } from './verify-schema.ts';

export interface VerifyOptions {
  /** `sqlite:PATH` */
  readonly url: string;
  /** First and last position; the whole ledger unless given. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Files of checkpoints; those that are not there are a warning. */
  readonly checkpoints: readonly string[];
  /** Of the key that signed them. Without it they are not looked at, which is a warning. */
  readonly publicKey: KeyObject | null;
  readonly progress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Records between two looks at the signal. */
const TURN = 2_000;

/**
 * @throws {LedgerError} when the ledger cannot be opened, or is too damaged to be looked at
 * @throws the reason of the signal when it is aborted
 */
export async function verifyLedger(options: VerifyOptions): Promise<VerifyReport> {
  const findings = new Findings();
  // Before the ledger: a checkpoint that is written meanwhile is of records that are not looked at.
  const sources = sourcesOf(options, findings);
  const file = ledgerFile(options.url);
  const db = openForReading(file);
  try {
    db.exec('BEGIN');
    return await new Verification(db, options, findings).run(sources);
  } catch (error) {
    const cause = causeOf(error);
    throw cause === null ? error : new LedgerError(cause, file, { cause: error });
  } finally {
    db.close();
  }
}

function sourcesOf({ checkpoints, publicKey }: VerifyOptions, findings: Findings): CheckpointSource[] {
  const sources = checkpoints.map((file) => ({ file, source: checkpointSource(file) }));
  for (const { file, source } of sources) if (source === null) findings.warnings.push(`${file} is not there.`);
  const there = sources.flatMap(({ source }) => (source === null ? [] : [source]));
  if (there.length > 0 && publicKey !== null) return there;
  findings.warnings.push(
    'Without checkpoints and the key that signed them nobody can see that the tail was cut, or all written anew.',
  );
  return [];
}

class Verification {
  readonly #db: DatabaseSync;
  readonly #options: VerifyOptions;
  readonly #findings: Findings;

  constructor(db: DatabaseSync, options: VerifyOptions, findings: Findings) {
    this.#db = db;
    this.#options = options;
    this.#findings = findings;
  }

  async run(sources: readonly CheckpointSource[]): Promise<VerifyReport> {
    this.#options.signal?.throwIfAborted();
    const last = this.#lastSeq();
    const { from = 1, to = last } = this.#options;
    const check = new RecordCheck(this.#db, this.#findings, readErasures(this.#db), this.#anchor(from));
    const records = await this.#records(check, from, Math.min(to, last));
    if (from === 1 && to >= last) await this.#tables(check, last);
    checkSchema(this.#db, this.#findings);
    const checkpoints = await this.#checkpoints(sources, last);
    const faults = this.#findings.faults();
    return {
      holds: faults.length === 0,
      ledger_id: this.#ledgerId(),
      from: records === 0 ? null : from,
      to: records === 0 ? null : (check.last?.seq ?? null),
      records,
      contents: check.tables.contents,
      erased: check.tables.erasedRecords,
      head: check.last,
      checkpoints,
      first: faults[0] ?? null,
      faults,
      fault_count: this.#findings.count,
      warnings: this.#findings.warnings,
    };
  }

  async #records(check: RecordCheck, from: number, to: number): Promise<number> {
    let done = 0;
    try {
      const rows = this.#db.prepare(ROWS);
      rows.setReturnArrays(true);
      for (const row of rows.iterate(...bounds(this.#options)) as Iterable<unknown>) {
        check.check(row as Row);
        done += 1;
        if (done % TURN === 0) await this.#turn(done, to - from + 1);
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#findings.add('unreadable', (check.last?.seq ?? from - 1) + 1, 'SQLite cannot read the file from here on.');
    }
    return done;
  }

  async #turn(done: number, total: number): Promise<void> {
    this.#options.progress?.(done, total);
    await setImmediate();
    this.#options.signal?.throwIfAborted();
  }

  /** The record before a range, which its first one has to follow. */
  #anchor(from: number): { seq: number; hash: string } | null {
    if (from === 1) return null;
    const row = this.#db.prepare('SELECT seq, hash FROM records WHERE seq = ?').get(from - 1);
    return row === undefined ? { seq: from - 1, hash: '' } : ({ ...row } as unknown as { seq: number; hash: string });
  }

  async #checkpoints(sources: readonly CheckpointSource[], last: number): Promise<VerifyReport['checkpoints']> {
    const { publicKey, from = 1, to = Number.MAX_SAFE_INTEGER, signal } = this.#options;
    if (sources.length === 0 || publicKey === null) return { checked: 0, covers: null };
    const expected = { db: this.#db, ledgerId: this.#ledgerId(), publicKey, from: from - 1, to, last };
    const check = new CheckpointCheck(expected, this.#findings);
    for (const source of sources) await check.file(source, () => signal?.throwIfAborted());
    const { checked, covers } = check;
    if (covers === null) this.#findings.warnings.push('No checkpoint vouches for any of these records.');
    return { checked, covers };
  }

  async #tables(check: RecordCheck, last: number): Promise<void> {
    this.#unlessUnreadable(last, () => check.tables.finish());
    for (const table of tablesOf(this.#db)) {
      await this.#turn(last, last);
      this.#unlessUnreadable(last, () => checkTable(this.#db, table, this.#findings));
    }
  }

  #unlessUnreadable(last: number, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#findings.add('unreadable', last, 'SQLite cannot read the tables.');
    }
  }

  #lastSeq(): number {
    return Number(
      this.#db.prepare('SELECT coalesce(min(max(seq), 9007199254740991), 0) AS seq FROM records').get()?.seq,
    );
  }

  #ledgerId(): string {
    return String(this.#db.prepare('SELECT ledger_id FROM identity').get()?.ledger_id ?? '');
  }
}

/** Of a whole ledger every row is looked at, at whatever position somebody put it. */
function bounds({ from = 1, to }: VerifyOptions): [bigint, bigint] {
  return [from === 1 ? -(2n ** 63n) : BigInt(from), to === undefined ? 2n ** 63n - 1n : BigInt(to)];
}

/** SQLite's own errors, and a position that is no number of ours (node:sqlite refuses integers from 2^53). */
function isUnreadable(error: unknown): boolean {
  return causeOf(error) !== null || (error as { code?: unknown }).code === 'ERR_OUT_OF_RANGE';
}
