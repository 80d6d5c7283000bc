/** Where the chain ends, or what stands at one place of it. */

import type { DatabaseSync } from 'node:sqlite';
import type { ChainHead } from './ledger.ts';

export function chainHead(db: DatabaseSync, seq?: number): ChainHead | null {
  const place = seq === undefined ? '(SELECT max(seq) FROM records)' : '?';
  const row = db
    .prepare(`SELECT (SELECT ledger_id FROM identity) AS ledger_id, seq, hash FROM records WHERE seq = ${place}`)
    .get(...(seq === undefined ? [] : [seq]));
  return row === undefined ? null : ({ ...row } as unknown as ChainHead);
}
