/** What labels ask of the exchanges that they are put on. */

export const LABEL_WRITES = {
  /**
   * One of the ids, position up to which the caller knows, ids (JSON array), ids, ids: refuses the whole change when the
   * content of one of them was erased after that position. A note may quote what was erased.
   */
  requireUnerased: {
    sql: `UPDATE exchanges SET opened_seq = opened_seq WHERE exchange_id = ?
      AND NOT EXISTS (SELECT 1 FROM records r JOIN json_each(r.body, '$.seqs') s JOIN records e ON e.seq = s.value
        WHERE r.seq > ? AND r.kind = 'erasure' AND r.body ->> '$.tier' <> 'sealed'
          AND e.body ->> '$.exchange_id' IN (SELECT value FROM json_each(?)))
      AND (SELECT count(*) FROM exchanges WHERE exchange_id IN (SELECT value FROM json_each(?))) = json_array_length(?)`,
    rows: 'one',
  },
} as const;
