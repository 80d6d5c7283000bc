/** The ledger as the rest of the program sees it. Engines: sqlite.ts (one machine); PostgreSQL has the same interface. */

import type { Actor, ErasureRecord, ErasureTier, NewRecord } from './acts.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointHealth } from './checkpoints.ts';
import type { Costs, CostsFilter } from './costs.ts';
import type {
  ConnectionRecord,
  ExchangeCompleted,
  ExchangeOpened,
  NewVerdict,
  OverallLabel,
  RecordingLevel,
  Severity,
  Verdict,
} from './records.ts';
import type { Change, ReadName, Value } from './tables/statements-of-tables.ts';
import type { ChainPlace } from './thread-protocol.ts';

/** Content kept apart from its record: the record holds its hash, so content can be deleted and the chain still holds. */
export interface Content {
  /** SHA-256 (hex) of `json`. */
  readonly sha256: string;
  /** Canonical JSON (RFC 8785), already redacted: `JudgeInput` of the judge. */
  readonly json: string;
}

/** The original of an exchange, encrypted to the operator's key: an age file and its SHA-256 (hex). */
export interface Sealed {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** What is to be erased, by whom and why. */
export interface ErasureOrder {
  readonly actor: Actor;
  readonly reason: ErasureRecord['reason'];
  readonly tier: ErasureTier;
  /** `before`: RFC 3339, exclusive, by the time of the opening record; for retention. */
  readonly scope:
    | { readonly kind: 'exchange'; readonly exchange_id: string }
    | { readonly kind: 'client'; readonly client: string }
    | { readonly kind: 'age'; readonly before: string; readonly age_ms: number };
}

/**
 * What an erasure did. An exchange that is open, or waits for its verdict, is left for later. Records from before schema 5
 * are kept, and with them the words of verdicts of that time: their hash is of the record itself.
 */
export interface ErasureReport {
  readonly erasure_id: string;
  readonly exchanges: number;
  /** Positions whose parts are gone. */
  readonly records: number;
  readonly left: number;
  /** Records that hold something of what was to be erased. */
  readonly kept: number;
}

/** A judgement to be made. At most one per exchange and judge hash. */
export interface NewJob {
  readonly exchange_id: string;
  readonly judge: string;
}

export interface Job extends NewJob {
  readonly job_id: number;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly opened: ExchangeOpened;
  /**
   * As recorded; when the ledger does not hold the content that the record names, coverage says `content_altered` and
   * there is no content hash: it must not be judged.
   */
  readonly completed: ExchangeCompleted;
  /** JSON of the content, whose hash is the record's; null when there is none. */
  readonly content: string | null;
}

/** Names by which exchanges are found: equality, as they are stored. */
export interface NameFilter {
  readonly route?: string;
  readonly client?: string;
  readonly host?: string;
  readonly api?: string;
}

export interface VerdictFilter extends NameFilter {
  readonly limit: number;
  /** Only records with a smaller seq: the cursor for the next page. */
  readonly before_seq?: number;
  /** Only records with a larger seq, oldest first: for tailing. */
  readonly after_seq?: number;
  readonly label?: OverallLabel;
  readonly min_severity?: Severity;
}

export interface UnjudgedFilter extends NameFilter {
  readonly limit: number;
  /** Only exchanges whose last record has a smaller seq: the cursor for the next page. */
  readonly before_seq?: number;
}

/** An exchange without a verdict: under way, waiting for its judge, or on a route that has none. */
export interface UnjudgedExchange {
  /** Position of its last record in the ledger. */
  readonly seq: number;
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted | null;
  /** A job for it is queued. */
  readonly waiting: boolean;
}

/** All that the ledger knows of one exchange. */
export interface ExchangeView {
  readonly opened_seq: number;
  readonly completed_seq: number | null;
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted | null;
  /** JSON of what the judge saw, null when nothing was kept. */
  readonly content: string | null;
  /** The same for the verdict on its request, if there is one. */
  readonly request_content: string | null;
  readonly verdicts: readonly Verdict[];
  /** One of them is the verdict of the exchange; one on its request alone need not be. */
  readonly judged: boolean;
  /** State of its job, null when none was queued or it is done. */
  readonly job: { readonly attempt: number; readonly not_before: string } | null;
}

/** How a client names an exchange that it continues at the provider. */
export interface EarlierLink {
  readonly client: string;
  readonly host: string;
  readonly port: number;
  /** `response`: the last exchange that had this answer. `conversation`: the last exchange of it. */
  readonly kind: 'response' | 'conversation';
  readonly id: string;
}

/** An exchange that another one continues. */
export interface EarlierExchange {
  readonly exchange_id: string;
  /** SHA-256 (hex) of `content`, checked. */
  readonly input_sha256: string;
  /** JSON of what the judge saw of it. */
  readonly content: string;
  /** No other exchange had the id: an origin that gives one id to two answers leaves open which of them is meant. */
  readonly unique: boolean;
  /** null in records made before there was a choice. */
  readonly recording?: RecordingLevel | null;
}

/** One place of the chain. */
export interface ChainHead {
  readonly ledger_id: string;
  readonly seq: number;
  readonly hash: string;
}

/** What a judge spent for a client on one day. */
export interface Spending {
  readonly judge: string;
  readonly client: string;
  /** UTC, YYYY-MM-DD. */
  readonly day: string;
  /** Of both directions. */
  readonly tokens: number;
  /** What has a known price. */
  readonly usd: number;
}

export interface LedgerStats {
  readonly exchanges: number;
  /** Without the completed record. */
  readonly open: number;
  /** Without a verdict, open ones included. */
  readonly unjudged: number;
  /** Exchanges with a verdict. */
  readonly verdicts: number;
  /** Verdicts on a request alone, beside the verdict of the exchange. */
  readonly request_verdicts: number;
  /** Exchanges by the coverage of their verdict. */
  readonly judged_full: number;
  readonly judged_partial: number;
  readonly judged_none: number;
  readonly connections: number;
  /** Jobs that wait for a verdict. */
  readonly jobs: number;
}

/** Reading side: also opened on its own, read-only, by `review`. Methods are synchronous where the engine is. */
export interface LedgerReader {
  verdicts(filter: VerdictFilter): Promise<readonly Verdict[]>;
  /** Newest first. */
  unjudged(filter: UnjudgedFilter): Promise<readonly UnjudgedExchange[]>;
  /**
   * By exchange id, verdict id or request id; a unique prefix of at least 6 characters will do.
   * Rejects with LookupError when the prefix is shorter or fits several exchanges.
   */
  exchange(id: string): Promise<ExchangeView | null>;
  connections(filter: { limit: number; before_seq?: number }): Promise<readonly (ConnectionRecord & { seq: number })[]>;
  stats(): Promise<LedgerStats>;
  /**
   * The exchange that a client continues, from what this client exchanged with this origin and no other.
   * @returns null when the ledger did not see it, or does not hold what its hash says
   */
  earlier(link: EarlierLink): Promise<EarlierExchange | null>;
  /**
   * Tokens and money of all verdicts since a time, by judge, client and UTC day, oldest day first.
   * @param sinceTs RFC 3339 UTC with milliseconds, as records have it
   */
  spending(sinceTs: string): Promise<readonly Spending[]>;
  /** Cost of judging beside cost of the traffic, of exchanges that were opened in a time. */
  costs(filter: CostsFilter): Promise<Costs>;
  /** Rows of the tables beside the chain. */
  rows<T>(read: ReadName, ...values: readonly Value[]): Promise<readonly T[]>;
  /** The sealed original of an exchange, null when there is none (any more). */
  sealed(exchangeId: string): Promise<Sealed | null>;
  /** The end of the chain, or the record at a position; null when there is none. */
  head(seq?: number): Promise<ChainHead | null>;
  close(): Promise<void>;
}

export interface LedgerHealth {
  readonly ok: boolean;
  readonly cause: string | null;
  readonly checkpoints: CheckpointHealth;
}

export interface Ledger extends LedgerReader {
  /** Resolves when the record is committed. Rejects with ProxyError `ledger_unavailable` when it cannot be. */
  open(record: ExchangeOpened): Promise<void>;
  /** One transaction: the record, its content, and the job if there is one. Resolves when committed. */
  complete(
    record: ExchangeCompleted,
    content: Content | null,
    job: NewJob | null,
    sealed?: Sealed | null,
  ): Promise<void>;
  /**
   * One transaction: the record, its content, and a verdict that waited for nobody, so that no job is needed. Resolves
   * with the verdict when committed.
   */
  completeJudged(
    record: ExchangeCompleted,
    content: Content | null,
    verdict: NewVerdict,
    sealed?: Sealed | null,
  ): Promise<Verdict>;
  /**
   * Appends a verdict on a request (`subject: request`), made before the origin sees it: at most one, while its exchange
   * is open. It is not the verdict of the exchange, unless it ended it: unless the exchange is completed as `blocked`
   * with no other verdict and no job. Resolves when committed.
   * @param content what was judged, whose hash is the verdict's `input_sha256`; null when it is not to be kept
   */
  verdict(verdict: NewVerdict, content?: Content | null): Promise<Verdict>;
  /**
   * Appends; not awaited on the data path, but never lost in silence: failures are counted and logged by the ledger.
   * Never rejects.
   */
  connection(record: ConnectionRecord): Promise<void>;
  /** Leases up to `limit` due jobs until `leaseMs` from now. */
  takeJobs(limit: number, leaseMs: number): Promise<readonly Job[]>;
  /** Verdict and done in one transaction. A job that is already done gives its first verdict and writes nothing. */
  finishJob(jobId: number, verdict: NewVerdict): Promise<Verdict>;
  /** Gives a leased job back, to be taken again at `notBeforeMs` from now. */
  releaseJob(jobId: number, notBeforeMs: number): Promise<void>;
  /**
   * Appends records that people and the program make, with the changes of tables that belong to them: one transaction.
   * Resolves with their places when committed. Rejects with ConflictError, and nothing is changed, when a change that must
   * meet one row meets none.
   */
  append(records: readonly NewRecord[], changes?: readonly Change[]): Promise<readonly ChainPlace[]>;
  /**
   * Erases, in transactions of at most 1,000 exchanges, and records each. What is gone is gone from file and log when it
   * resolves; the chain still holds.
   */
  erase(order: ErasureOrder): Promise<ErasureReport>;
  /** Called after each commit, with the position of the last record: for those that follow the ledger. Must not throw. */
  onCommit(listener: (seq: number) => void): () => void;
  /** Called after each commit that added a job. Returns the unsubscribe function. */
  onJob(listener: () => void): () => void;
  /**
   * At start, before traffic: open exchanges of a dead process are completed as `interrupted`, leases are dropped.
   * A job is queued for each that has a judge, so that it gets its verdict (state `interrupted`). One whose request the
   * judge had refused is completed as `blocked`: it has its verdict.
   */
  recover(): Promise<{ readonly interrupted: number; readonly queued: number }>;
  /**
   * Called with the last signed checkpoint, if there is one, and with each that is made, for those that take it elsewhere.
   * Must not throw.
   */
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void;
  /** False with a cause when the last write failed; of checkpoints, while one of their files cannot be written. */
  health(): LedgerHealth;
}
