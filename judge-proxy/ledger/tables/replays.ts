/** Replay jobs and what they found; what shadow judges spent. */

/** A job without the list of its exchanges, which is long. */
const JOB = `job_id, state, judge, judge_hash, policy_version, yaml, spec, estimate, max_usd, created_by, created_at,
  ended_at, total, done, spent, changes, error`;

export const REPLAY_WRITES = {
  /** In the order of the columns. */
  insertReplayJob: {
    sql: `INSERT INTO replay_jobs (job_id, state, judge, judge_hash, policy_version, yaml, spec, selection, estimate,
        max_usd, created_by, created_at, total, done, spent, changes)
      VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '{}') ON CONFLICT DO NOTHING`,
    rows: 'one',
  },
  /** job_id. A job that was cancelled while it waited does not begin. */
  beginReplayJob: {
    sql: `UPDATE replay_jobs SET state = 'running' WHERE job_id = ? AND state = 'queued'`,
    rows: 'one',
  },
  /** done, spent, changes, job_id. */
  noteReplayJob: { sql: 'UPDATE replay_jobs SET done = ?, spent = ?, changes = ? WHERE job_id = ?', rows: 'any' },
  /** state, error, now, job_id: ends what is queued or running. */
  endReplayJob: {
    sql: `UPDATE replay_jobs SET state = ?, error = ?, ended_at = ?
      WHERE job_id = ? AND state IN ('queued', 'running')`,
    rows: 'one',
  },
  /** max_usd, spec, job_id. */
  resumeReplayJob: {
    sql: `UPDATE replay_jobs SET state = 'queued', error = NULL, ended_at = NULL, max_usd = ?, spec = ?
      WHERE job_id = ? AND state IN ('cancelled', 'failed')`,
    rows: 'one',
  },
  /**
   * job_id, exchange_id, change, line, exchange_id, whether it was judged from content (1 or 0), exchange_id. Nothing is
   * kept of an exchange that was erased meanwhile.
   */
  insertReplayResult: {
    sql: `INSERT INTO replay_results (job_id, exchange_id, change, line)
      SELECT ?, ?, ?, ?
      WHERE EXISTS (SELECT 1 FROM exchanges e JOIN records r ON r.seq = e.opened_seq
          WHERE e.exchange_id = ? AND r.body IS NOT NULL)
        AND (? = 0 OR EXISTS (SELECT 1 FROM exchanges e JOIN contents c
          ON c.seq IN (e.completed_seq, e.request_verdict_seq) WHERE e.exchange_id = ?))
      ON CONFLICT (job_id, exchange_id) DO UPDATE SET change = excluded.change, line = excluded.line`,
    rows: 'any',
  },
  /** exchange_id, exchange_id: refuses the whole change when the content that was judged has been erased meanwhile. */
  requireContent: {
    sql: `UPDATE exchanges SET opened_seq = opened_seq WHERE exchange_id = ? AND EXISTS (SELECT 1 FROM exchanges e
      JOIN contents c ON c.seq IN (e.completed_seq, e.request_verdict_seq) WHERE e.exchange_id = ?)`,
    rows: 'one',
  },
} as const;

export const REPLAY_READS = {
  /** Newest first: created_at, created_at, job_id of the last one before, limit. */
  replayJobs: `SELECT ${JOB} FROM replay_jobs WHERE created_at < ? OR (created_at = ? AND job_id < ?)
    ORDER BY created_at DESC, job_id DESC LIMIT ?`,
  /** job_id. */
  replayJob: `SELECT ${JOB} FROM replay_jobs WHERE job_id = ?`,
  /** Lower and upper end of a prefix: at most two. */
  replayJobsByPrefix: `SELECT ${JOB} FROM replay_jobs WHERE job_id >= ? AND job_id < ? LIMIT 2`,
  /** job_id. */
  replaySelection: 'SELECT selection FROM replay_jobs WHERE job_id = ?',
  /** What an earlier process left. */
  openReplayJobs: `SELECT ${JOB} FROM replay_jobs WHERE state IN ('queued', 'running') ORDER BY created_at, job_id`,
  /** job_id: what need not be asked again. */
  replayResultIds: `SELECT exchange_id FROM replay_results WHERE job_id = ? AND change <> 'failed'`,
  /** job_id: how many of each change. */
  replayResultCounts: 'SELECT change, count(*) AS count FROM replay_results WHERE job_id = ? GROUP BY change',
  /** job_id, change, exchange_id of the last one before, limit: newest first. */
  replayResults: `SELECT exchange_id, change, line FROM replay_results
    WHERE job_id = ? AND change = ? AND exchange_id < ? ORDER BY exchange_id DESC LIMIT ?`,
  /** since: what shadow judges spent, by judge, client and UTC day, oldest day first. */
  shadowSpending: `SELECT body ->> '$.judge.name' AS judge, body ->> '$.client' AS client,
      substr(body ->> '$.ts', 1, 10) AS day,
      total(body ->> '$.judge_tokens.in') + total(body ->> '$.judge_tokens.out') AS tokens,
      total(body ->> '$.judge_cost_usd') AS usd
    FROM records WHERE kind = 'shadow_verdict' AND body IS NOT NULL AND body ->> '$.ts' >= ?
    GROUP BY 1, 2, 3 ORDER BY day`,
} as const;
