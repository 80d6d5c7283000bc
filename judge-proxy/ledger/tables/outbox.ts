/** What waits for the sinks, and how far each follower of the ledger has read. */

export const OUTBOX_WRITES = {
  setCursor: {
    sql: 'INSERT INTO cursors (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq',
    rows: 'one',
  },
} as const;

export const OUTBOX_READS = {
  cursor: 'SELECT seq FROM cursors WHERE name = ?',
} as const;
