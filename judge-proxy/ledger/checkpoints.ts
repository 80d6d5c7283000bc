/**
 * Makes checkpoints while the ledger is written: after so many records, after so long, and when it is closed. All of it
 * happens beside the commits: the end of the chain is read by the reader's thread, signature and files are the work of
 * libuv's threads. A checkpoint that fails delays nothing and loses nothing: the next one covers its records.
 */

import { type KeyObject, sign } from 'node:crypto';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../../certs-tool/make-folder.ts';
import { type Clock, timestamp } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import {
  type Checkpoint,
  checkpointHash,
  checkpointLine,
  isSigned,
  keyId,
  signedBytes,
  type UnsignedCheckpoint,
} from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { appendLine, type CheckpointPlaces, lastCheckpoints } from './checkpoint-file.ts';
import { signingKey } from './checkpoint-key.ts';
import type { ChainHead } from './ledger.ts';

export interface CheckpointSettings {
  /** Records after which a checkpoint is made. */
  readonly records: number;
  /** Milliseconds after the first record that no checkpoint covers. */
  readonly interval: number;
  /** Beside the ledger unless given. */
  readonly file?: string | undefined;
  readonly key?: string | undefined;
  /** Files that get each checkpoint, too. */
  readonly copies: readonly string[];
}

export interface CheckpointHealth {
  readonly ok: boolean;
  /** Error code of the system. */
  readonly cause: string | null;
  /** Records that the last one covers, null before the first. */
  readonly size: number | null;
}

export interface CheckpointParts {
  readonly settings: CheckpointSettings;
  readonly places: CheckpointPlaces;
  readonly source: {
    readonly head: (seq?: number) => Promise<ChainHead | null>;
    /** Resolves when what is committed survives a power cut: a checkpoint must never say more than the disk. */
    readonly persist: () => Promise<void>;
  };
  readonly clock: Clock;
  readonly log: Log;
  /** A checkpoint was made, or one could not be made or written to a file. Must not throw. */
  readonly counted?: ((outcome: 'made' | 'failed') => void) | undefined;
}

/**
 * Reads the checkpoints so far, makes the key at the first start.
 * @throws {CheckpointError} when the ledger is not the one that was signed, or the key is not the one that signed it
 */
export async function startCheckpoints(parts: CheckpointParts): Promise<Checkpoints> {
  const { file, key: keyFile } = parts.places;
  const known = lastCheckpoints(file);
  const [last = null] = known;
  const key = signingKey(keyFile, last !== null);
  if (last !== null) {
    if (last.key_id !== keyId(key)) throw new CheckpointError('key_replaced', keyFile);
    const farthest = known.reduce((one, other) => (other.size > one.size ? other : one));
    for (const one of new Set([last, farthest])) {
      if (!isSigned(one, key)) throw new CheckpointError('forged', file);
      await checkOnChain(one, file, parts.source.head);
    }
  }
  makeFolderOf(file);
  return new Checkpoints(parts, key, last);
}

async function checkOnChain(last: Checkpoint, file: string, head: CheckpointParts['source']['head']): Promise<void> {
  const place = await head(last.size);
  const ledgerId = (place ?? (await head()))?.ledger_id;
  if (ledgerId !== undefined && ledgerId !== last.ledger_id) throw new CheckpointError('foreign', file);
  if (place?.hash !== last.head) throw new CheckpointError('off_chain', file);
}

function makeFolderOf(file: string): void {
  try {
    makeFolder(dirname(file));
  } catch (cause) {
    throw new CheckpointError('cannot_write', file, { cause });
  }
}

const signed = promisify(sign);

export class Checkpoints {
  readonly #parts: CheckpointParts;
  readonly #key: KeyObject;
  readonly #keyId: string;
  /** Files whose last write failed, with the cause: told once. */
  readonly #failing = new Map<string, string>();
  readonly #listeners = new Set<(checkpoint: Checkpoint) => void>();
  #last: Checkpoint | null;
  /** At least the records since the last checkpoint. */
  #records = 0;
  #timer: NodeJS.Timeout | null = null;
  #making: Promise<void> | null = null;
  #closed = false;

  constructor(parts: CheckpointParts, key: KeyObject, last: Checkpoint | null) {
    this.#parts = parts;
    this.#key = key;
    this.#keyId = keyId(key);
    this.#last = last;
  }

  /** Called with the last one, which nobody heard of who had ended before it, and with each that is made. Must not throw. */
  onCheckpoint(listener: (checkpoint: Checkpoint) => void): () => void {
    this.#listeners.add(listener);
    if (this.#last !== null) listener(this.#last);
    return () => this.#listeners.delete(listener);
  }

  /** False, with the cause, while one of the files cannot be written, or no checkpoint can be made. */
  health(): CheckpointHealth {
    const [cause = null] = this.#failing.values();
    return { ok: cause === null, cause, size: this.#last?.size ?? null };
  }

  /** A batch was committed. An operation writes two records at most, and most write one. */
  committed(operations: number): void {
    if (this.#closed) return;
    this.#records += operations;
    const { records } = this.#parts.settings;
    if (this.#records >= records) this.#make(records);
    this.#arm();
  }

  /** Makes the last checkpoint. Called once, when nothing is written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#making;
    await this.#checkpoint(1);
  }

  /** From the first record that no checkpoint covers. */
  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#making === null) this.#make(1);
      else this.#arm();
    }, this.#parts.settings.interval).unref();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /**
   * One at a time; what reaches the number of records meanwhile gets the next.
   * @param least records without which there is no need
   */
  #make(least: number): void {
    if (this.#making !== null) return;
    this.#making = this.#checkpoint(least).then((made) => {
      this.#making = null;
      const { records } = this.#parts.settings;
      if (made && this.#records >= records && !this.#closed) this.#make(records);
    });
  }

  async #checkpoint(least: number): Promise<boolean> {
    // What is committed from here on waits for the next one.
    this.#records = 0;
    this.#disarm();
    try {
      const { source } = this.#parts;
      const head = await source.head();
      const since = (head?.seq ?? 0) - (this.#last?.size ?? 0);
      if (head === null || since < least) {
        this.#left(since);
        return false;
      }
      await source.persist();
      const checkpoint = await this.#sign(head);
      this.#last = checkpoint;
      await this.#publish(checkpoint);
      return true;
    } catch (error) {
      this.#failed(this.#parts.places.file, error);
      this.#left(1);
      return false;
    }
  }

  /** Records that stay without a checkpoint for now. */
  #left(records: number): void {
    if (records <= 0 || this.#closed) return;
    this.#records += records;
    this.#arm();
  }

  async #sign({ ledger_id, seq, hash }: ChainHead): Promise<Checkpoint> {
    const unsigned: UnsignedCheckpoint = {
      head: hash,
      key_id: this.#keyId,
      ledger_id,
      previous: checkpointHash(this.#last),
      size: seq,
      ts: timestamp(this.#parts.clock),
    };
    const signature = await signed(null, signedBytes(unsigned), this.#key);
    return { ...unsigned, signature: signature.toString('base64') };
  }

  /** The log first: it goes elsewhere soonest. */
  async #publish(checkpoint: Checkpoint): Promise<void> {
    const { log, places, settings } = this.#parts;
    log.write('info', 'checkpoint', { ...checkpoint });
    this.#parts.counted?.('made');
    for (const listener of this.#listeners) listener(checkpoint);
    const line = checkpointLine(checkpoint);
    await Promise.all([places.file, ...settings.copies].map((file) => this.#append(file, line)));
  }

  async #append(file: string, line: string): Promise<void> {
    try {
      // Copies are for others to read.
      await appendLine(file, line, file === this.#parts.places.file ? 0o600 : undefined);
      if (this.#failing.delete(file)) this.#parts.log.write('warn', 'checkpoint_recovered', { file });
    } catch (error) {
      this.#failed(file, error);
    }
  }

  #failed(file: string, error: unknown): void {
    this.#parts.counted?.('failed');
    if (this.#failing.has(file)) return;
    const cause = (error as NodeJS.ErrnoException).code ?? 'unknown';
    this.#failing.set(file, cause);
    this.#parts.log.write('error', 'checkpoint_failed', { file, cause });
  }
}
