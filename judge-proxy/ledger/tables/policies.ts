/** Rubrics of judges by version: the draft, the one in force, those before. */

/** A row as it is read. */
export interface PolicyRow {
  readonly judge: string;
  readonly version: number;
  readonly state: 'draft' | 'published' | 'retired';
  readonly revision: number;
  readonly yaml: string;
  readonly rubric_hash: string | null;
  readonly author: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly published_at: string | null;
  readonly published_by: string | null;
  readonly note: string | null;
}

/** What follows the version: state, revision, text and its hash, who made it and who published it. */
const COLUMNS =
  'judge, version, state, revision, yaml, rubric_hash, author, created_at, updated_at, published_at, published_by, note';
const SUMMARY = COLUMNS.replace(' yaml,', '');

export const POLICY_WRITES = {
  /** judge, version, yaml, rubric_hash, author, now, now: a judge has one draft at most. */
  insertDraft: {
    sql: `INSERT INTO policies (judge, version, state, revision, yaml, rubric_hash, author, created_at, updated_at)
      VALUES (?, ?, 'draft', 1, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    rows: 'one',
  },
  /** yaml, rubric_hash, author, now, judge, revision before. */
  updateDraft: {
    sql: `UPDATE policies SET yaml = ?, rubric_hash = ?, author = ?, updated_at = ?, revision = revision + 1
      WHERE judge = ? AND state = 'draft' AND revision = ?`,
    rows: 'one',
  },
  /** judge, revision. */
  deleteDraft: { sql: `DELETE FROM policies WHERE judge = ? AND state = 'draft' AND revision = ?`, rows: 'one' },
  /** judge, version that is in force. */
  retirePolicy: {
    sql: `UPDATE policies SET state = 'retired' WHERE judge = ? AND version = ? AND state = 'published'`,
    rows: 'one',
  },
  /** now, user, note, rubric_hash, judge, revision, judge: while another version is in force it meets no row. */
  publishDraft: {
    sql: `UPDATE policies SET state = 'published', published_at = ?, published_by = ?, note = ?, rubric_hash = ?
      WHERE judge = ? AND state = 'draft' AND revision = ?
        AND NOT EXISTS (SELECT 1 FROM policies WHERE judge = ? AND state = 'published')`,
    rows: 'one',
  },
  /** judge, version, yaml, rubric_hash, author, now, now, now, user, note. */
  insertPublished: {
    sql: `INSERT INTO policies (judge, version, state, revision, yaml, rubric_hash, author, created_at, updated_at,
        published_at, published_by, note)
      VALUES (?, ?, 'published', 1, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    rows: 'one',
  },
} as const;

export const POLICY_READS = {
  /** Of all judges, newest first, without their texts. Limit. */
  policySummaries: `SELECT ${SUMMARY} FROM policies ORDER BY created_at DESC, judge, version DESC LIMIT ?`,
  /** judge, version. */
  policy: `SELECT ${COLUMNS} FROM policies WHERE judge = ? AND version = ?`,
  /** judge. */
  policyDraft: `SELECT ${COLUMNS} FROM policies WHERE judge = ? AND state = 'draft'`,
  policiesInForce: `SELECT ${COLUMNS} FROM policies WHERE state = 'published' ORDER BY judge`,
  /** judge: what the chain says was put in force last. */
  lastPolicyAct: `SELECT body ->> '$.after.version' AS version, body ->> '$.after.text_sha256' AS text_sha256
    FROM records WHERE kind = 'act' AND body ->> '$.action' IN ('policy.publish', 'policy.rollback')
      AND body ->> '$.object' = ? ORDER BY seq DESC LIMIT 1`,
  /** judge: its highest version, 0 when there is none. */
  lastPolicyVersion: 'SELECT coalesce(max(version), 0) AS version FROM policies WHERE judge = ?',
} as const;
