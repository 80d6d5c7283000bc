/** Checkpoint files, compared with the chain: what nobody could write who has the ledger and not the key. */

import type { KeyObject } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Checkpoint, checkpointHash, isSigned, keyId, readCheckpoint } from './checkpoint.ts';
import type { Findings } from './verify-report.ts';

/** A file, and how much of it was there when the check began: what is written since is of records not looked at. */
export interface CheckpointSource {
  readonly file: string;
  readonly bytes: number;
}

/** @returns null when there is no such file */
export function checkpointSource(file: string): CheckpointSource | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? null : { file, bytes: stat.size };
}

interface Expected {
  readonly db: DatabaseSync;
  readonly ledgerId: string;
  readonly publicKey: KeyObject;
  /** Only checkpoints of these sizes count. */
  readonly from: number;
  readonly to: number;
  /** Position of the last record of the ledger. */
  readonly last: number;
}

export class CheckpointCheck {
  readonly #expected: Expected;
  readonly #keyId: string;
  readonly #findings: Findings;
  readonly #hashAt: StatementSync;
  checked = 0;
  /** With most records, of those that hold. */
  covers: { size: number; ts: string } | null = null;

  constructor(expected: Expected, findings: Findings) {
    this.#expected = expected;
    this.#keyId = keyId(expected.publicKey);
    this.#findings = findings;
    this.#hashAt = expected.db.prepare('SELECT hash FROM records WHERE seq = ?');
  }

  async file({ file, bytes }: CheckpointSource, stopped: () => void): Promise<void> {
    if (bytes === 0) return;
    const progress = new FileCheck(file);
    const lines = createInterface({ input: createReadStream(file, { end: bytes - 1 }), crlfDelay: Infinity });
    for await (const line of lines) {
      stopped();
      progress.line += 1;
      if (line !== '') this.#line(line, progress);
    }
    this.#conclude(progress);
  }

  #line(line: string, progress: FileCheck): void {
    const read = readCheckpoint(line);
    if (read === 'other') return;
    if (read === 'unreadable') {
      progress.unreadable += 1;
      return;
    }
    this.checked += 1;
    if (!this.#isOurs(read, progress)) return;
    if (progress.before !== null && read.previous !== checkpointHash(progress.before)) progress.missing += 1;
    progress.before = read;
    if (read.size < this.#expected.from || read.size > this.#expected.to) return;
    if (read.size > this.#expected.last) {
      if (read.size > (progress.beyond?.size ?? 0)) progress.beyond = read;
    } else if (this.#hashAt.get(read.size)?.hash === read.head) {
      if (read.size > progress.good) progress.good = read.size;
      if (read.size > (this.covers?.size ?? 0)) this.covers = { size: read.size, ts: read.ts };
    } else progress.contradicts ??= { ...read, good: progress.good };
  }

  #isOurs(read: Checkpoint, { file, line }: FileCheck): boolean {
    const { ledgerId, publicKey } = this.#expected;
    const where = `Line ${line} of ${file}`;
    if (read.key_id !== this.#keyId) {
      this.#findings.add('checkpoint_foreign', null, `${where} was signed by another key.`);
    } else if (!isSigned(read, publicKey)) {
      this.#findings.add('checkpoint_forged', null, `${where} has a wrong signature.`);
    } else if (read.ledger_id !== ledgerId) {
      this.#findings.add('checkpoint_foreign', null, `${where} is of another ledger.`);
    } else return true;
    return false;
  }

  #conclude({ file, contradicts, beyond, missing, unreadable }: FileCheck): void {
    const { last } = this.#expected;
    if (contradicts !== null) {
      const { good, size, ts } = contradicts;
      const detail = `Records ${good + 1} to ${size} are not those that were there at ${ts} (${file}).`;
      this.#findings.add('rewritten', good + 1, detail, size);
    }
    if (beyond !== null) {
      const detail = `The ledger ends at record ${last}; at ${beyond.ts} it had ${beyond.size} (${file}).`;
      this.#findings.add('cut', last + 1, detail);
    }
    // What a checkpoint says that is gone, the next one says, too: nothing is hidden by it.
    if (missing > 0) this.#findings.warnings.push(`${file} lacks checkpoints at ${missing} places.`);
    if (unreadable > 0) this.#findings.warnings.push(`${file} has ${unreadable} lines that are no checkpoints.`);
  }
}

/** What is known of one file so far. */
class FileCheck {
  readonly file: string;
  line = 0;
  before: Checkpoint | null = null;
  /** Most records of a checkpoint that holds. */
  good = 0;
  /** The first that does not, and the last good one before it. */
  contradicts: { readonly size: number; readonly ts: string; readonly good: number } | null = null;
  /** Most records beyond the end of the ledger. */
  beyond: { readonly size: number; readonly ts: string } | null = null;
  missing = 0;
  unreadable = 0;

  constructor(file: string) {
    this.file = file;
  }
}
