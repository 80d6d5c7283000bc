/** Users, sessions and tokens. Passwords, session ids and tokens are never here: only their hashes. */

export const ACCOUNT_WRITES = {
  insertUser: {
    sql: 'INSERT INTO users (name, role, password_hash, must_change, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    rows: 'one',
  },
} as const;

export const ACCOUNT_READS = {
  users: 'SELECT name, role, must_change, disabled_at, created_at FROM users ORDER BY name',
} as const;
