/** Replay jobs and what they found. */

export const REPLAY_WRITES = {} as const;

export const REPLAY_READS = {
  replayJobs: 'SELECT * FROM replay_jobs ORDER BY created_at DESC LIMIT ?',
} as const;
