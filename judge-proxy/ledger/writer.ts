/** Applies operations to the database of a ledger: one batch, one transaction. Runs in the writer thread. */

import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { bodyHash, canonicalJson, chainHash, GENESIS, type RecordKind } from './chain.ts';
import { Eraser } from './eraser.ts';
import { interruption } from './interruption.ts';
import { causeOf } from './ledger-error.ts';
import type { ExchangeOpened, NewVerdict } from './records.ts';
import { prepareStatements, type Statements, TableStatements } from './statements.ts';
import { type Change, WRITES } from './tables/statements-of-tables.ts';
import type {
  AppendedRecord,
  ChainPlace,
  Links,
  Operation,
  Recovered,
  Result,
  Split,
  StoredVerdict,
  TakenJob,
  VerdictKeys,
} from './thread-protocol.ts';

/** Outcome of one operation of a batch. */
export type Outcome = { readonly result: Result } | { readonly refused: 'conflict' };

type OperationOf<Name extends Operation[0]> = Extract<Operation, readonly [Name, ...unknown[]]>;

interface Head {
  readonly seq: number;
  readonly hash: string;
}

interface ExchangeRow {
  readonly completed_seq: number | null;
  readonly request_verdict_seq: number | null;
}

type DueJob = Omit<TakenJob, 'altered'> & { readonly content_sha256: string | null };

export class Writer {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #tables: TableStatements;
  readonly #eraser: Eraser;
  #head: Head;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#sql = prepareStatements(db);
    this.#tables = new TableStatements(db);
    this.#eraser = new Eraser(db, (kind, body) => this.#append(kind, body));
    this.#head = (this.#sql.head.get() as Head | undefined) ?? { seq: 0, hash: GENESIS };
  }

  /** Position of the last record, 0 before the first. */
  get lastSeq(): number {
    return this.#head.seq;
  }

  /**
   * All of the batch or nothing; an operation that the ledger refuses (a second opening of one exchange, say) leaves no
   * trace and does not harm its neighbours.
   * @throws what SQLite throws when the batch cannot be committed; it is rolled back then
   */
  apply(operations: readonly Operation[]): Outcome[] {
    const before = this.#head;
    try {
      this.#sql.begin.run();
      const outcomes = operations.map((operation) => this.#guarded(operation));
      this.#sql.commit.run();
      return outcomes;
    } catch (error) {
      this.#head = before;
      // SQLite rolls back by itself after some errors (a full disk, for one) and not after others.
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #guarded(operation: Operation): Outcome {
    try {
      return { result: this.#one(operation) };
    } catch (error) {
      if (error instanceof Refusal) return { refused: 'conflict' };
      throw error;
    }
  }

  #one(operation: Operation): Result {
    switch (operation[0]) {
      case 'open':
        return this.#open(operation[1], operation[2], operation[3]);
      case 'complete':
        return this.#complete(operation);
      case 'complete_judged':
        return this.#completeJudged(operation);
      case 'verdict':
        return this.#judgeRequest(operation[1], operation[2], operation[3]);
      case 'connection':
        this.#append('connection', operation[1]);
        return undefined;
      case 'take':
        return this.#take(operation[1], operation[2], operation[3]);
      case 'finish':
        return this.#finish(operation[1], operation[2], operation[3]);
      case 'release':
        this.#sql.release.run(operation[2], operation[1]);
        return undefined;
      case 'recover':
        return this.#recover(operation[1], operation[2]);
      case 'append':
        return this.#appendAll(operation[1], operation[2]);
      case 'erase':
        return this.#eraser.step(operation[1]);
      default:
        return operation satisfies never;
    }
  }

  // In each operation what can be refused comes first, so that a refusal leaves nothing behind.

  #open(exchangeId: string, requestId: string, body: string): undefined {
    const { changes } = this.#sql.insertExchange.run(exchangeId, requestId, this.#head.seq + 1);
    if (changes !== 1) throw new Refusal();
    this.#append('exchange_opened', body);
  }

  #complete([, exchangeId, body, content, judge, stopped, links, nowMs, sealed]: OperationOf<'complete'>): undefined {
    const seq = this.#head.seq + 1;
    if (this.#sql.completeExchange.run(seq, exchangeId).changes !== 1) throw new Refusal();
    this.#append('exchange_completed', body);
    if (content !== null) this.#sql.insertContent.run(seq, content);
    if (sealed !== null) this.#sql.insertSealed.run(seq, sealed);
    if (judge !== null) this.#sql.insertJob.run(exchangeId, seq, judge, nowMs);
    else if (stopped) this.#endByRequest(exchangeId);
    this.#link(exchangeId, links);
  }

  #link(exchangeId: string, links: Links | null): void {
    if (links === null) return;
    const { response, conversation } = links;
    if (response !== null) this.#sql.insertLink.run('response', response, exchangeId);
    if (conversation !== null) this.#sql.insertLink.run('conversation', conversation, exchangeId);
  }

  /** The verdict on the request, if there is one, is that of the exchange. */
  #endByRequest(exchangeId: string): void {
    const ended = this.#sql.endByRequest.get(exchangeId) as { verdict_seq: number } | undefined;
    if (ended !== undefined) this.#sql.standing.run(ended.verdict_seq);
  }

  #judgeRequest(verdict: Split, keys: VerdictKeys, content: string | null): ChainPlace {
    if (this.#openExchange(keys.exchange_id).request_verdict_seq !== null) throw new Refusal();
    const seq = this.#head.seq + 1;
    this.#insertVerdict(seq, keys, false);
    this.#sql.judgeRequest.run(seq, keys.exchange_id);
    if (content !== null) this.#sql.insertContent.run(seq, content);
    return this.#append('verdict', ...verdict);
  }

  #completeJudged(operation: OperationOf<'complete_judged'>): ChainPlace {
    const [, exchangeId, body, content, verdict, keys, links, sealed] = operation;
    if (keys.exchange_id !== exchangeId) throw new Refusal();
    this.#openExchange(exchangeId);
    const completedSeq = this.#head.seq + 1;
    const verdictSeq = completedSeq + 1;
    this.#insertVerdict(verdictSeq, keys);
    this.#sql.completeJudged.run(completedSeq, verdictSeq, exchangeId);
    this.#append('exchange_completed', body);
    if (content !== null) this.#sql.insertContent.run(completedSeq, content);
    if (sealed !== null) this.#sql.insertSealed.run(completedSeq, sealed);
    this.#link(exchangeId, links);
    return this.#append('verdict', ...verdict);
  }

  /** @throws {Refusal} for one that was never opened, or is complete */
  #openExchange(exchangeId: string): ExchangeRow {
    const exchange = this.#sql.exchange.get(exchangeId) as ExchangeRow | undefined;
    if (exchange === undefined || exchange.completed_seq !== null) throw new Refusal();
    return exchange;
  }

  #take(limit: number, leaseMs: number, nowMs: number): readonly TakenJob[] {
    const due = this.#sql.dueJobs.all(nowMs, nowMs, limit) as unknown as DueJob[];
    for (const job of due) this.#sql.lease.run(nowMs + leaseMs, job.job_id);
    return due.map(({ content_sha256, content, ...job }) => {
      // Contents stand beside the chain: what is there may have been changed behind it, or taken away.
      const altered = (content === null ? null : hash('sha256', content)) !== content_sha256;
      return { ...job, attempt: job.attempt + 1, content: altered ? null : content, altered };
    });
  }

  #finish(jobId: number, [body, text]: Split, keys: VerdictKeys): StoredVerdict {
    const job = this.#sql.job.get(jobId) as { exchange_id: string; verdict_seq: number | null } | undefined;
    if (job === undefined || job.exchange_id !== keys.exchange_id) throw new Refusal();
    // Delivered twice: the first verdict stands.
    if (job.verdict_seq !== null) return this.#sql.verdict.get(job.verdict_seq) as unknown as StoredVerdict;
    const seq = this.#head.seq + 1;
    this.#insertVerdict(seq, keys);
    const place = this.#append('verdict', body, text);
    this.#sql.finishJob.run(seq, jobId);
    this.#sql.judgeExchange.run(seq, keys.exchange_id);
    return { body, text, ...place };
  }

  /** @param stands it is the verdict of its exchange */
  #insertVerdict(seq: number, keys: VerdictKeys, stands = true): void {
    const { verdict_id, exchange_id, label, severity, coverage, route, client, host, api } = keys;
    const { changes } = this.#sql.insertVerdict.run(
      ...[seq, verdict_id, exchange_id, label, severity, coverage, route, client, host, api, stands ? 1 : 0],
      ...[keys.ts, keys.judge, keys.judge_tokens, keys.judge_cost_usd],
    );
    if (changes !== 1) throw new Refusal();
  }

  #recover(ts: string, nowMs: number): Recovered {
    this.#sql.dropLeases.run();
    let queued = 0;
    const open = this.#sql.openExchanges.all() as unknown as { body: string; verdict: string | null }[];
    for (const { body, verdict } of open) {
      const opened = JSON.parse(body) as ExchangeOpened;
      const stopped = verdict !== null && (JSON.parse(verdict) as NewVerdict).action === 'blocked';
      const record = canonicalJson(interruption(opened, stopped, ts));
      const judge = stopped ? null : opened.judge;
      this.#complete(['complete', opened.exchange_id, record, null, judge, stopped, null, nowMs, null]);
      if (judge !== null) queued += 1;
    }
    return { interrupted: open.length, queued };
  }

  /** Either all of it or nothing: what may be refused is known only when it was tried. */
  #appendAll(records: readonly AppendedRecord[], changes: readonly Change[]): readonly ChainPlace[] | 'conflict' {
    const before = this.#head;
    this.#sql.savepoint.run();
    try {
      for (const change of changes) this.#change(change);
      const places = records.map((record) => this.#append(...record));
      this.#sql.releaseSavepoint.run();
      return places;
    } catch (error) {
      // A full disk, for one, ended the whole transaction.
      if (!(error instanceof Refusal) || !this.#db.isTransaction) throw error;
      this.#head = before;
      this.#sql.rollbackSavepoint.run();
      this.#sql.releaseSavepoint.run();
      return 'conflict';
    }
  }

  /** @throws {Refusal} when it breaks a constraint of its table, or does not meet the one row that it must */
  #change([name, ...values]: Change): void {
    const { changes } = this.#constrained(() => this.#tables.get(name).run(...values));
    if (WRITES[name].rows === 'one' && changes !== 1) throw new Refusal();
  }

  #constrained<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw causeOf(error) === 'conflict' ? new Refusal() : error;
    }
  }

  /** @param text what stands beside the record, and can be erased */
  #append(kind: RecordKind, body: string, text: string | null = null): ChainPlace {
    const { seq: last, hash: prev_hash } = this.#head;
    const seq = last + 1;
    const body_sha256 = bodyHash(body);
    const hash = chainHash(prev_hash, { kind, seq, body_sha256 });
    this.#sql.insertRecord.run(seq, kind, body, prev_hash, hash, body_sha256);
    if (text !== null) this.#sql.insertText.run(seq, text);
    this.#head = { seq, hash };
    return { seq, prev_hash, hash };
  }
}

/** An operation that does not fit what the ledger holds. */
class Refusal extends Error {}
