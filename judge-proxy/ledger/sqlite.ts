/** The ledger of one machine: a SQLite file that one process writes, by a thread of its own. */

import { hash } from 'node:crypto';
import { ProxyError } from '../errors.ts';
import type { Clock } from '../telemetry/clock.ts';
import { timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { NewRecord } from './acts.ts';
import { appendedRecord } from './appended-record.ts';
import { canonicalJson } from './chain.ts';
import type { Checkpoint } from './checkpoint.ts';
import { checkpointPlaces } from './checkpoint-file.ts';
import { type CheckpointSettings, type Checkpoints, startCheckpoints } from './checkpoints.ts';
import { Erasure } from './erasure.ts';
import type { Content, ErasureOrder, ErasureReport, Job, Ledger, NewJob, Sealed } from './ledger.ts';
import { ConflictError, type LedgerCause } from './ledger-error.ts';
import { LogCopier } from './log-copier.ts';
import { MigrationProgress } from './migration-progress.ts';
import { closeToOthers, withSqliteFiles } from './private-files.ts';
import { indexFile } from './read-model/schema.ts';
import { ReaderClient } from './reader-client.ts';
import type { ConnectionRecord, Coverage, ExchangeCompleted, ExchangeOpened, NewVerdict, Verdict } from './records.ts';
import { type Durability, ledgerFile, persistLog } from './sqlite-file.ts';
import type { Change, ReadName } from './tables/statements-of-tables.ts';
import type { ChainPlace, Erased, Links, Recovered, StoredVerdict, TakenJob, WriterData } from './thread-protocol.ts';
import { keysOf } from './verdict-keys.ts';
import { mergeVerdict, splitVerdict } from './verdict-words.ts';
import { WriterClient, type WriterEvents } from './writer-client.ts';

/** What the metrics want to know; every call is cheap and must not throw. */
export interface LedgerMetrics {
  /** After each transaction: its operations and how long the thread worked on it. */
  committed(operations: number, ms: number): void;
  /** Operations that could not be recorded. */
  lost(operations: number, cause: LedgerCause): void;
  checkpoint?(outcome: 'made' | 'failed'): void;
}

export interface LedgerOptions {
  /** `sqlite:PATH` */
  readonly url: string;
  readonly durability: Durability;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: LedgerMetrics;
  /** Without it no checkpoints are made. */
  readonly checkpoints?: CheckpointSettings;
}

/**
 * Opens the ledger for writing; makes the file, its directory and its tables when they are not there.
 * @throws {LedgerError} with file, cause and remedy: in use, newer, damaged, read-only, full …
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const file = ledgerFile(options.url);
  const { durability, clock } = options;
  const logCopier = new LogCopier({ file, durability });
  const state = new WriteState(file, options.log, options.metrics, logCopier);
  const writer = await startWriter({ file, durability, startedAt: timestamp(clock) }, state, options.log);
  const ledger = new SqliteLedger(writer, options.url, logCopier, state, clock);
  try {
    if (options.checkpoints !== undefined) await ledger.sign(options.checkpoints, file, options);
    // Not before: until here it may be anybody's file.
    closeToOthers(privateFiles(options, file), options.log);
    return ledger;
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

async function startWriter(data: WriterData, state: WriteState, log: Log): Promise<WriterClient> {
  const progress = new MigrationProgress(data.file, log);
  try {
    const writer = await WriterClient.start(data, state, (migration) => progress.began(migration));
    progress.ended(true);
    return writer;
  } finally {
    progress.ended(false);
  }
}

function privateFiles({ url, checkpoints }: LedgerOptions, file: string): readonly string[] {
  const signed = checkpoints === undefined ? null : checkpointPlaces(file, checkpoints);
  const besides = signed === null ? [] : [signed.file, signed.key];
  return [...[file, `${file}.lock`, indexFile(url)].flatMap(withSqliteFiles), ...besides];
}

/** Reads of the tables that take the longer, the more the ledger holds. */
const LONG: ReadonlySet<ReadName> = new Set([
  ...(['shadowSpending', 'lastPolicyAct', 'policySummaries'] as const),
  ...(['replaySelection', 'replayResultIds', 'replayResultCounts', 'replayResults'] as const),
]);

class SqliteLedger implements Ledger {
  readonly #writer: WriterClient;
  readonly #reader: ReaderClient;
  /** A thread of its own: clients wait for these answers, and not behind a question over the whole ledger. */
  readonly #lookups: ReaderClient;
  readonly #logCopier: LogCopier;
  readonly #state: WriteState;
  readonly #clock: Clock;
  readonly #jobListeners = new Set<() => void>();
  readonly #erasure: Erasure;
  #lastErasure: Promise<unknown> = Promise.resolve();
  #checkpoints: Checkpoints | null = null;
  #closed: Promise<void> | null = null;

  constructor(writer: WriterClient, url: string, logCopier: LogCopier, state: WriteState, clock: Clock) {
    this.#writer = writer;
    this.#reader = new ReaderClient(url);
    this.#lookups = new ReaderClient(url);
    this.#logCopier = logCopier;
    this.#state = state;
    this.#clock = clock;
    this.#erasure = new Erasure({
      erasable: (question) => this.#reader.erasable(question),
      underWay: () => this.#reader.erasuresUnderWay(),
      step: async (step) => (await writer.send(['erase', step])) as Erased,
      emptyLog: () => logCopier.empty(),
      clock,
    });
  }

  /**
   * Checkpoints are made from now on.
   * @throws {CheckpointError}
   */
  async sign(settings: CheckpointSettings, file: string, { log, metrics }: LedgerOptions): Promise<void> {
    const places = checkpointPlaces(file, settings);
    const source = { head: this.head, persist: () => persistLog(file) };
    const counted = metrics?.checkpoint?.bind(metrics);
    this.#checkpoints = await startCheckpoints({ settings, places, source, clock: this.#clock, log, counted });
    this.#state.follow(this.#checkpoints);
  }

  async open(record: ExchangeOpened): Promise<void> {
    await this.#writer.send(['open', record.exchange_id, record.request_id, canonicalJson(record)]);
  }

  async complete(
    record: ExchangeCompleted,
    content: Content | null,
    job: NewJob | null,
    sealed: Sealed | null = null,
  ): Promise<void> {
    checkContent(record.content_sha256, content);
    checkSealed(record, sealed);
    const body = canonicalJson(record);
    const judge = job?.judge ?? null;
    const json = content?.json ?? null;
    const stopped = record.outcome === 'blocked';
    const links = linksOf(record);
    const rest = [stopped, links, this.#clock.now(), sealed?.bytes ?? null] as const;
    await this.#writer.send(['complete', record.exchange_id, body, json, judge, ...rest]);
    if (job !== null) this.#announceJobs();
  }

  async completeJudged(
    record: ExchangeCompleted,
    content: Content | null,
    verdict: NewVerdict,
    sealed: Sealed | null = null,
  ): Promise<Verdict> {
    checkContent(record.content_sha256, content);
    checkSealed(record, sealed);
    const split = splitVerdict(verdict);
    const body = canonicalJson(record);
    const json = content?.json ?? null;
    const rest = [[split.body, split.text], keysOf(verdict), linksOf(record), sealed?.bytes ?? null] as const;
    const place = await this.#writer.send(['complete_judged', record.exchange_id, body, json, ...rest]);
    return { ...split.verdict, ...(place as ChainPlace) };
  }

  async verdict(verdict: NewVerdict, content: Content | null = null): Promise<Verdict> {
    if (verdict.subject !== 'request') throw new ProxyError('internal', { reason: 'verdict_subject' });
    if (content !== null) checkContent(verdict.input_sha256, content);
    const { body, text, verdict: stored } = splitVerdict(verdict);
    const place = await this.#writer.send(['verdict', [body, text], keysOf(verdict), content?.json ?? null]);
    return { ...stored, ...(place as ChainPlace) };
  }

  async connection(record: ConnectionRecord): Promise<void> {
    // The state has counted and logged the failure already.
    await this.#writer.send(['connection', canonicalJson(record)]).catch(() => undefined);
  }

  async takeJobs(limit: number, leaseMs: number): Promise<readonly Job[]> {
    const taken = await this.#writer.send(['take', limit, leaseMs, this.#clock.now()]);
    return (taken as readonly TakenJob[]).map(({ altered, ...job }) => {
      const completed = JSON.parse(job.completed) as ExchangeCompleted;
      if (altered) this.#state.altered(job.exchange_id);
      return {
        ...job,
        opened: JSON.parse(job.opened) as ExchangeOpened,
        completed: altered ? { ...completed, coverage: ALTERED, content_sha256: null } : completed,
      };
    });
  }

  async finishJob(jobId: number, verdict: NewVerdict): Promise<Verdict> {
    const { body, text } = splitVerdict(verdict);
    const stored = await this.#writer.send(['finish', jobId, [body, text], keysOf(verdict)]);
    const { seq, prev_hash, hash, ...first } = stored as StoredVerdict;
    return { ...mergeVerdict(JSON.parse(first.body) as NewVerdict, first.text), seq, prev_hash, hash };
  }

  async releaseJob(jobId: number, notBeforeMs: number): Promise<void> {
    await this.#writer.send(['release', jobId, this.#clock.now() + notBeforeMs]);
  }

  async append(records: readonly NewRecord[], changes: readonly Change[] = []): Promise<readonly ChainPlace[]> {
    const places = await this.#writer.send(['append', records.map(appendedRecord), changes]);
    if (places === 'conflict') throw new ConflictError('The change did not meet what it was made for.');
    return places as readonly ChainPlace[];
  }

  erase(order: ErasureOrder): Promise<ErasureReport> {
    return this.#erasing(() => this.#erasure.erase(order));
  }

  /** One at a time: two would look at the same exchanges. */
  #erasing<T>(step: () => Promise<T>): Promise<T> {
    const run = this.#lastErasure.then(step);
    this.#lastErasure = run.catch(() => undefined);
    return run;
  }

  onCommit(listener: (seq: number) => void): () => void {
    return this.#state.onCommit(listener);
  }

  onJob(listener: () => void): () => void {
    this.#jobListeners.add(listener);
    return () => this.#jobListeners.delete(listener);
  }

  async recover(): Promise<Recovered> {
    const recovered = await this.#writer.send(['recover', timestamp(this.#clock), this.#clock.now()]);
    this.#announceJobs();
    // Beside the traffic; what fails is told by the state, and goes on at the next start.
    this.#erasing(() => this.#erasure.resume()).catch(() => undefined);
    return recovered as Recovered;
  }

  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void {
    return this.#checkpoints?.onCheckpoint(listener) ?? (() => undefined);
  }

  health() {
    const checkpoints = this.#checkpoints?.health() ?? { ok: true, cause: null, size: null };
    return { ...this.#state.health(), checkpoints };
  }

  verdicts: Ledger['verdicts'] = (filter) => this.#reader.verdicts(filter);
  unjudged: Ledger['unjudged'] = (filter) => this.#reader.unjudged(filter);
  exchange: Ledger['exchange'] = (id) => this.#reader.exchange(id);
  connections: Ledger['connections'] = (filter) => this.#reader.connections(filter);
  stats: Ledger['stats'] = () => this.#reader.stats();
  costs: Ledger['costs'] = (filter) => this.#reader.costs(filter);
  earlier: Ledger['earlier'] = (link) => this.#lookups.earlier(link);
  spending: Ledger['spending'] = (sinceTs) => this.#reader.spending(sinceTs);
  rows: Ledger['rows'] = (read, ...values) => (LONG.has(read) ? this.#reader : this.#lookups).rows(read, ...values);
  sealed: Ledger['sealed'] = (exchangeId) => this.#reader.sealed(exchangeId);
  head: Ledger['head'] = (seq) => this.#reader.head(seq);

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // After the last commit, while there is still a reader.
    await this.#writer.settle();
    await this.#checkpoints?.close();
    await this.#lastErasure;
    await this.#reader.close();
    await this.#lookups.close();
    await this.#writer.close();
    await this.#logCopier.close();
  }

  #announceJobs(): void {
    for (const listener of this.#jobListeners) listener();
  }
}

/** Of an exchange whose content cannot be judged any more. */
const ALTERED: Coverage = { level: 'none', reasons: ['content_altered'] };

/** @throws ProxyError `internal` for content that the record does not name */
function checkContent(named: string | null, content: Content | null): void {
  if ((content?.sha256 ?? null) !== named) {
    throw new ProxyError('internal', { reason: 'content_hash' });
  }
}

/** @throws ProxyError `internal` for a sealed original that the record does not name, or one that is not there */
function checkSealed({ sealed_sha256 }: ExchangeCompleted, sealed: Sealed | null): void {
  const actual = sealed === null ? undefined : hash('sha256', sealed.bytes);
  if (actual !== sealed_sha256) throw new ProxyError('internal', { reason: 'sealed_hash' });
}

/** What has no content has nothing to be continued. */
function linksOf({ content_sha256, response_id, conversation_id }: ExchangeCompleted): Links | null {
  if (content_sha256 === null || (response_id === undefined && conversation_id === undefined)) return null;
  return { response: response_id ?? null, conversation: conversation_id ?? null };
}

/** Whether writing works, told once when it stops and once when it goes on, with the number of records lost between. */
class WriteState implements WriterEvents {
  readonly #file: string;
  readonly #log: Log;
  readonly #metrics: LedgerMetrics | undefined;
  readonly #followers: { committed(operations: number): void }[];
  readonly #listeners = new Set<(seq: number) => void>();
  #cause: LedgerCause | null = null;
  #lost = 0;

  constructor(file: string, log: Log, metrics: LedgerMetrics | undefined, logCopier: LogCopier) {
    this.#file = file;
    this.#log = log;
    this.#metrics = metrics;
    this.#followers = [logCopier];
  }

  /** Tells of each commit. */
  follow(follower: { committed(operations: number): void }): void {
    this.#followers.push(follower);
  }

  onCommit(listener: (seq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  committed(operations: number, refused: number, ms: number, seq: number): void {
    for (const listener of this.#listeners) listener(seq);
    this.#metrics?.committed(operations - refused, ms);
    for (const follower of this.#followers) follower.committed(operations);
    if (refused > 0) {
      this.#metrics?.lost(refused, 'conflict');
      this.#log.write('error', 'ledger_refused', { file: this.#file, cause: 'conflict', count: refused });
    }
    if (this.#cause === null) return;
    this.#log.write('warn', 'ledger_recovered', { file: this.#file, cause: this.#cause, count: this.#lost });
    this.#cause = null;
    this.#lost = 0;
  }

  failed(operations: number, cause: LedgerCause): void {
    this.#lost += operations;
    this.#metrics?.lost(operations, cause);
    if (this.#cause !== cause)
      this.#log.write('error', 'ledger_failed', { file: this.#file, cause, count: operations });
    this.#cause = cause;
  }

  /** Not a failure to write: health does not change. */
  altered(exchangeId: string): void {
    this.#metrics?.lost(1, 'altered');
    this.#log.write('error', 'ledger_content_altered', { file: this.#file, exchange_id: exchangeId });
  }

  health() {
    return { ok: this.#cause === null, cause: this.#cause };
  }
}
