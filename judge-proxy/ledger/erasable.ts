/**
 * What an erasure is about, found page by page in the reader's thread: a look at every record of a ledger takes seconds,
 * which nobody who writes may wait for.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { ErasureTier } from './acts.ts';
import type { ErasureOrder } from './ledger.ts';

export interface ErasableQuestion {
  readonly scope: ErasureOrder['scope'];
  readonly tier: ErasureTier;
  /** Position after which to look, 0 for the beginning. */
  readonly after: number;
  /** By age: ends with the first page that has nothing old enough. Records stand in the order of a clock that may jump. */
  readonly inOrder: boolean;
}

export interface ErasablePage {
  /** Ids of exchanges; among them may be some that are open, or have nothing that could be erased. */
  readonly exchanges: readonly string[];
  /** Positions of connection records. */
  readonly connections: readonly number[];
  /** By age: all of it is old enough, and nothing here becomes so later. */
  readonly settled: boolean;
  /** Where the next page begins, null when there is none. */
  readonly next: number | null;
}

/** Records of one page: some 10 ms in the thread. */
const PAGE = 5_000;

interface Row {
  readonly seq: number;
  readonly kind: 'exchange_opened' | 'connection';
  readonly exchange_id: string | null;
  readonly ts: string;
  readonly client: string;
  /** From before schema 5. */
  readonly old: number;
}

export function erasable(db: DatabaseSync, { scope, tier, after, inOrder }: ErasableQuestion): ErasablePage {
  if (scope.kind === 'exchange') {
    return { exchanges: [scope.exchange_id], connections: [], settled: true, next: null };
  }
  const last = Number(db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM records').get()?.seq);
  const rows = db.prepare(scope.kind === 'age' ? BY_AGE[tier] : ALL).all(after, after + PAGE) as unknown as Row[];
  const meant = rows.filter((row) => (scope.kind === 'age' ? row.ts < scope.before : row.client === scope.client));
  const ended = after + PAGE >= last || (scope.kind === 'age' && inOrder && rows.length > 0 && meant.length === 0);
  return {
    exchanges: meant.flatMap(({ exchange_id }) => (exchange_id === null ? [] : [exchange_id])),
    connections: tier === 'metadata' ? meant.filter((row) => isConnection(row, scope.kind)).map(({ seq }) => seq) : [],
    settled: after + PAGE < last && meant.length === rows.length,
    next: ended ? null : after + PAGE,
  };
}

function isConnection({ kind, old }: Row, scope: ErasureOrder['scope']['kind']): boolean {
  return kind === 'connection' && (scope !== 'age' || old === 0);
}

/** Orders that were begun and are not done, as JSON. */
export function erasuresUnderWay(db: DatabaseSync): readonly string[] {
  return db
    .prepare('SELECT erasure FROM erasures_under_way ORDER BY erasure_id')
    .all()
    .map(({ erasure }) => String(erasure));
}

const ALL = `
  SELECT r.seq, r.kind, json_extract(r.body, '$.exchange_id') AS exchange_id, json_extract(r.body, '$.ts') AS ts,
    json_extract(r.body, '$.client') AS client, r.body_sha256 IS NULL AS old
  FROM records r
  WHERE r.seq > ? AND r.seq <= ? AND r.kind IN ('exchange_opened', 'connection') AND r.body IS NOT NULL`;

/**
 * Retention comes again and again, and passes over what has nothing left. It must not pass over everything in a page,
 * which would look like the end: so this is a column, and the filter comes after the comparison of times.
 */
const SEALED = 'EXISTS (SELECT 1 FROM sealed s WHERE s.seq = e.completed_seq)';
const TEXT = `${SEALED}
  OR EXISTS (SELECT 1 FROM contents c WHERE c.seq IN (e.completed_seq, e.request_verdict_seq))
  OR EXISTS (SELECT 1 FROM texts t WHERE t.seq IN (e.verdict_seq, e.request_verdict_seq))
  OR EXISTS (SELECT 1 FROM records b JOIN texts t ON t.seq = b.seq WHERE b.kind IN ('label', 'shadow_verdict')
    AND json_extract(b.body, '$.exchange_id') = e.exchange_id)`;

const byAge = (something: string) => `
  SELECT seq, kind, iif(something, exchange_id, NULL) AS exchange_id, ts, client, old FROM (
    SELECT a.*, ${something} AS something FROM (${ALL}) a LEFT JOIN exchanges e ON e.exchange_id = a.exchange_id)`;

const BY_AGE: Readonly<Record<ErasureTier, string>> = {
  sealed: byAge(`(${SEALED})`),
  text: byAge(`(${TEXT})`),
  // Records from before schema 5 stay, whatever is erased beside them.
  metadata: byAge(`((SELECT o.body_sha256 FROM records o WHERE o.seq = e.opened_seq) IS NOT NULL OR ${TEXT})`),
};
