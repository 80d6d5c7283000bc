/** The labels that stand, each with what the judge said: read from the index by whoever has a thread for it. */

import { HUMAN_LABELS, QUEUES } from '../acts.ts';
import { causeOf } from '../ledger-error.ts';
import { LABELS, SEVERITIES, wordOf } from './columns.ts';
import { timestampOf } from './exchange-rows.ts';
import { IndexDb } from './index-db.ts';
import { IndexUnavailableError } from './index-error.ts';
import type { LabelledVerdict, Period } from './rows.ts';
import { indexFile, openIndexForReading } from './schema.ts';
import { timeBound } from './times.ts';

export type LabelledFilter = Pick<Period, 'since' | 'until'> & { readonly judge?: string };

/**
 * Oldest first. Synchronous, some µs a label, and nothing of the file stays open: to be called in a thread of its own.
 * @param url `sqlite:PATH` of the ledger
 * @throws {IndexUnavailableError} when the index cannot be read now
 */
export function readLabelled(url: string, filter: LabelledFilter): LabelledVerdict[] {
  const file = indexFile(url);
  let db: IndexDb | null = null;
  try {
    const open = new IndexDb(openIndexForReading(file));
    db = open;
    return open.atOnce(() => labelled(open, filter));
  } catch (error) {
    throw new IndexUnavailableError(causeOf(error) ?? 'unknown', file);
  } finally {
    db?.close();
  }
}

interface StandingRow {
  readonly exchange_id: string;
  readonly ts: number;
  readonly reviewer: string;
  readonly human: number;
  readonly queue: number;
  readonly blind: number;
  readonly probability: number | null;
  readonly judge: string | null;
  readonly judge_hash: string | null;
  readonly label: number;
  readonly severity: number;
}

const LABELLED = `
  SELECT d.exchange_id, l.ts, l.reviewer, l.label AS human, l.queue, l.blind, l.probability, j.name AS judge,
    h.name AS judge_hash, f.label, f.severity
  FROM labels l INDEXED BY labels_standing
  JOIN facts f ON f.seq = l.opened_seq JOIN exchanges d ON d.seq = l.opened_seq
  LEFT JOIN names j ON j.id = f.judge LEFT JOIN names h ON h.id = f.judge_hash
  WHERE l.stands = 1 AND l.ts >= ?1 AND l.ts < ?2 AND (?3 = -1 OR f.judge = ?3) ORDER BY l.ts, l.seq`;

function labelled(db: IndexDb, { since, until, judge }: LabelledFilter): LabelledVerdict[] {
  const judgeId = judge === undefined ? -1 : (db.nameId(judge) ?? -2);
  return db.all<StandingRow>(LABELLED, timeBound(since), timeBound(until), judgeId).map((row) => ({
    exchange_id: row.exchange_id,
    ts: timestampOf(row.ts),
    reviewer: row.reviewer,
    human: wordOf(HUMAN_LABELS, row.human) ?? 'invalid',
    queue: wordOf(QUEUES, row.queue),
    blind: row.blind === 1,
    sampling_probability: row.probability,
    judge: row.judge,
    judge_hash: row.judge_hash,
    label: wordOf(LABELS, row.label),
    severity: wordOf(SEVERITIES, row.severity),
  }));
}
