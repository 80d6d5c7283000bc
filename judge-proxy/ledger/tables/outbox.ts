/** What waits for the sinks, and how far each follower of the ledger has read. */

export const OUTBOX_WRITES = {
  setCursor: {
    sql: 'INSERT INTO cursors (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq',
    rows: 'one',
  },
  // What is queued already, or again after a restart, is one.
  queueOutbox: {
    sql: 'INSERT INTO outbox (sink, seq, dedup_key, queued_at, payload) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    rows: 'any',
  },
  /** @param ids JSON array */
  dropOutbox: { sql: 'DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))', rows: 'any' },
} as const;

export const OUTBOX_READS = {
  cursor: 'SELECT seq FROM cursors WHERE name = ?',
  /** The last that is not erased. */
  lastRecordTs: "SELECT body ->> '$.ts' AS ts FROM records WHERE body IS NOT NULL ORDER BY seq DESC LIMIT 1",
  outboxWaiting: 'SELECT count(*) AS count, min(queued_at) AS oldest FROM outbox WHERE sink = ?',
  outboxNext: 'SELECT id, seq, dedup_key, queued_at, payload FROM outbox WHERE sink = ? ORDER BY id LIMIT ?',
} as const;
