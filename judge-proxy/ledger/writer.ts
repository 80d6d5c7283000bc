/** Applies operations to the database of a ledger: one batch, one transaction. Runs in the writer thread. */

import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, chainHash, GENESIS, type RecordKind } from './chain.ts';
import { interruption } from './interruption.ts';
import type { ExchangeOpened, NewVerdict } from './records.ts';
import { prepareStatements, type Statements } from './statements.ts';
import type {
  ChainPlace,
  Links,
  Operation,
  Recovered,
  Result,
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
  #head: Head;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#sql = prepareStatements(db);
    this.#head = (this.#sql.head.get() as Head | undefined) ?? { seq: 0, hash: GENESIS };
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

  #complete([, exchangeId, body, content, judge, stopped, links, nowMs]: OperationOf<'complete'>): undefined {
    const seq = this.#head.seq + 1;
    if (this.#sql.completeExchange.run(seq, exchangeId).changes !== 1) throw new Refusal();
    this.#append('exchange_completed', body);
    if (content !== null) this.#sql.insertContent.run(seq, content);
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

  #judgeRequest(body: string, keys: VerdictKeys, content: string | null): ChainPlace {
    if (this.#openExchange(keys.exchange_id).request_verdict_seq !== null) throw new Refusal();
    const seq = this.#head.seq + 1;
    this.#insertVerdict(seq, keys, false);
    this.#sql.judgeRequest.run(seq, keys.exchange_id);
    if (content !== null) this.#sql.insertContent.run(seq, content);
    return this.#append('verdict', body);
  }

  #completeJudged([, exchangeId, body, content, verdict, keys, links]: OperationOf<'complete_judged'>): ChainPlace {
    if (keys.exchange_id !== exchangeId) throw new Refusal();
    this.#openExchange(exchangeId);
    const completedSeq = this.#head.seq + 1;
    const verdictSeq = completedSeq + 1;
    this.#insertVerdict(verdictSeq, keys);
    this.#sql.completeJudged.run(completedSeq, verdictSeq, exchangeId);
    this.#append('exchange_completed', body);
    if (content !== null) this.#sql.insertContent.run(completedSeq, content);
    this.#link(exchangeId, links);
    return this.#append('verdict', verdict);
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

  #finish(jobId: number, body: string, keys: VerdictKeys): StoredVerdict {
    const job = this.#sql.job.get(jobId) as { exchange_id: string; verdict_seq: number | null } | undefined;
    if (job === undefined || job.exchange_id !== keys.exchange_id) throw new Refusal();
    // Delivered twice: the first verdict stands.
    if (job.verdict_seq !== null) return this.#sql.record.get(job.verdict_seq) as unknown as StoredVerdict;
    const seq = this.#head.seq + 1;
    this.#insertVerdict(seq, keys);
    const place = this.#append('verdict', body);
    this.#sql.finishJob.run(seq, jobId);
    this.#sql.judgeExchange.run(seq, keys.exchange_id);
    return { body, ...place };
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
      this.#complete(['complete', opened.exchange_id, record, null, judge, stopped, null, nowMs]);
      if (judge !== null) queued += 1;
    }
    return { interrupted: open.length, queued };
  }

  #append(kind: RecordKind, body: string): ChainPlace {
    const { seq: last, hash: prev_hash } = this.#head;
    const seq = last + 1;
    const hash = chainHash(prev_hash, { kind, seq, body });
    this.#sql.insertRecord.run(seq, kind, body, prev_hash, hash);
    this.#head = { seq, hash };
    return { seq, prev_hash, hash };
  }
}

/** An operation that does not fit what the ledger holds. */
class Refusal extends Error {}
