/** Rubrics of judges by version: drafts, the one in force, those before. */

export const POLICY_WRITES = {} as const;

export const POLICY_READS = {
  policies: 'SELECT * FROM policies WHERE judge = ? ORDER BY version DESC LIMIT ?',
} as const;
