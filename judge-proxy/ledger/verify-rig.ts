/** A ledger for tests of verification: some exchanges of every kind, checkpoints, and hands to tamper with. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { bodyHash, chainHash, GENESIS, type RecordKind } from './chain.ts';
import { checkpointPlaces } from './checkpoint-file.ts';
import { publicKeyFile, readPublicKey } from './checkpoint-key.ts';
import type { CheckpointSettings } from './checkpoints.ts';
import type { Ledger } from './ledger.ts';
import {
  KeptLog,
  sampleCompleted,
  sampleConnection,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from './sample-records.ts';
import { openLedger } from './sqlite.ts';
import { verifyLedger } from './verify.ts';
import type { VerifyReport } from './verify-report.ts';

/** Only when it is closed. */
export const AT_CLOSE: CheckpointSettings = { records: 1_000_000, interval: 3_600_000, copies: [] };

/** Records of `fill`: six by an exchange that is judged beside its answer, a held one, a refused one, and a tunnel. */
export const RECORDS = 10;

export class VerifyRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'verify-'));
  readonly file = join(this.folder, 'ledger.db');
  readonly url = `sqlite:${this.file}`;
  readonly places = checkpointPlaces(this.file);
  readonly log = new KeptLog();
  now = Date.parse('2026-01-31T12:00:00.000Z');

  open(checkpoints: CheckpointSettings = AT_CLOSE): Promise<Ledger> {
    const clock = { now: () => this.now, monotonic: () => this.now };
    return openLedger({ url: this.url, durability: 'process', clock, log: this.log, checkpoints });
  }

  /** Opens, fills and closes it: ten records, and a checkpoint of them. */
  async write(prefix = 'a'): Promise<void> {
    const ledger = await this.open();
    try {
      await fill(ledger, prefix);
    } finally {
      await ledger.close();
    }
  }

  verify(options: Partial<Parameters<typeof verifyLedger>[0]> = {}): Promise<VerifyReport> {
    const publicKey = readPublicKey(publicKeyFile(this.places.key));
    return verifyLedger({ url: this.url, checkpoints: [this.places.file], publicKey, ...options });
  }

  /** What somebody does who has the file, and puts the triggers back. */
  tamper(change: (db: DatabaseSync) => void): void {
    const db = new DatabaseSync(this.file);
    try {
      const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
      for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
      db.exec('PRAGMA ignore_check_constraints = ON');
      change(db);
      for (const { sql } of triggers) db.exec(String(sql));
    } finally {
      db.close();
    }
  }

  /** What somebody does who has the file, and leaves the tables as they are then. */
  change(change: (db: DatabaseSync) => void): void {
    const db = new DatabaseSync(this.file, { defensive: false });
    change(db);
    db.close();
  }

  /** Puts aside what is there, and gives the way back to it. */
  keep(): () => void {
    const kept = join(this.folder, 'kept.db');
    copyFileSync(this.file, kept);
    const checkpoints = readFileSync(this.places.file);
    return () => {
      for (const end of ['-wal', '-shm']) rmSync(`${this.file}${end}`, { force: true });
      copyFileSync(kept, this.file);
      writeFileSync(this.places.file, checkpoints);
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Ten records, with contents 2, 4 and 8. */
export async function fill(ledger: Ledger, prefix: string): Promise<void> {
  const [observed, held, refused] = [`${prefix}-observed`, `${prefix}-held`, `${prefix}-refused`];
  const content = (text: string) => sampleContent({ text: `${prefix} ${text}` });
  await ledger.open(sampleOpened(observed));
  const first = content('first');
  const job = { exchange_id: observed, judge: 'default' };
  await ledger.complete(
    sampleCompleted(observed, { content_sha256: first.sha256, response_id: `${prefix}-1` }),
    first,
    job,
  );
  await ledger.open(sampleOpened(held));
  const second = content('second');
  await ledger.completeJudged(
    sampleCompleted(held, { content_sha256: second.sha256 }),
    second,
    sampleVerdict(held, { input_sha256: second.sha256, judge_cost_usd: 0.1 }),
  );
  const [taken] = await ledger.takeJobs(10, 1_000);
  await ledger.finishJob(taken?.job_id ?? 0, sampleVerdict(observed));
  await ledger.open(sampleOpened(refused));
  const third = content('third');
  await ledger.verdict(
    sampleVerdict(refused, { subject: 'request', action: 'blocked', input_sha256: third.sha256 }),
    third,
  );
  await ledger.complete(sampleCompleted(refused, { outcome: 'blocked', content_sha256: null }), null, null);
  await ledger.connection(sampleConnection(`${prefix}-tunnel`));
}

/** Seals every record anew, so that the chain holds again. */
export function reseal(db: DatabaseSync, from = 1): void {
  const rows = db.prepare('SELECT seq, kind, body FROM records WHERE seq >= ? ORDER BY seq').all(from);
  const before = db.prepare('SELECT hash FROM records WHERE seq = ?').get(from - 1)?.hash;
  let prev_hash = before === undefined ? GENESIS : String(before);
  const update = db.prepare('UPDATE records SET prev_hash = ?, hash = ?, body_sha256 = ? WHERE seq = ?');
  for (const row of rows) {
    const [seq, kind, body] = [Number(row.seq), row.kind as RecordKind, String(row.body)];
    const body_sha256 = bodyHash(body);
    const hash = chainHash(prev_hash, { seq, kind, body_sha256 });
    update.run(prev_hash, hash, body_sha256, seq);
    prev_hash = hash;
  }
}
