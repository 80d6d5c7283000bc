/** Users, sessions and tokens. Passwords, session ids and tokens are never here: only their hashes. */

/** One administrator has to stay: the one that a change takes away may not be the last who can sign in. */
const ANOTHER_ADMIN =
  "EXISTS (SELECT 1 FROM users AS other WHERE other.role = 'admin' AND other.disabled_at IS NULL AND other.name <> users.name)";

export const ACCOUNT_WRITES = {
  /** name, role, password_hash, must_change, created_at */
  insertUser: {
    sql: 'INSERT INTO users (name, role, password_hash, must_change, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    rows: 'one',
  },
  /** The same, refused when there is any user: two starts make one. */
  insertFirstUser: {
    sql: `INSERT INTO users (name, role, password_hash, must_change, created_at)
      SELECT ?, 'admin', ?, 1, ? WHERE NOT EXISTS (SELECT 1 FROM users)`,
    rows: 'one',
  },
  /** new role, new disabled_at, name, role before, disabled_at before, new role, new disabled_at */
  changeUser: {
    sql: `UPDATE users SET role = ?, disabled_at = ? WHERE name = ? AND role = ? AND disabled_at IS ?
      AND ((? = 'admin' AND ? IS NULL) OR role <> 'admin' OR disabled_at IS NOT NULL OR ${ANOTHER_ADMIN})`,
    rows: 'one',
  },
  /** new hash, must_change, name, hash before */
  setPassword: {
    sql: 'UPDATE users SET password_hash = ?, must_change = ? WHERE name = ? AND password_hash = ?',
    rows: 'one',
  },
  /** session_hash, created_at, seen_at, expires_at, user, password_hash that was checked: not when it changed meanwhile */
  insertSession: {
    sql: `INSERT INTO sessions (session_hash, user, created_at, seen_at, expires_at)
      SELECT ?, name, ?, ?, ? FROM users WHERE name = ? AND password_hash = ? AND disabled_at IS NULL`,
    rows: 'one',
  },
  touchSession: { sql: 'UPDATE sessions SET seen_at = ? WHERE session_hash = ?', rows: 'any' },
  endSession: { sql: 'DELETE FROM sessions WHERE session_hash = ?', rows: 'any' },
  endSessionsOf: { sql: 'DELETE FROM sessions WHERE user = ?', rows: 'any' },
  /** seen before, expired at */
  dropSessions: { sql: 'DELETE FROM sessions WHERE seen_at <= ? OR expires_at <= ?', rows: 'any' },
  /** token_id, name, token_hash, scopes, created_at, expires_at, created_by, its role now */
  insertToken: {
    sql: `INSERT INTO tokens (token_id, name, token_hash, scopes, created_at, expires_at, created_by)
      SELECT ?, ?, ?, ?, ?, ?, name FROM users WHERE name = ? AND role = ? AND disabled_at IS NULL`,
    rows: 'one',
  },
  /** new hash, token_id, hash before, now: one statement, so that there is never a time with two secrets or none */
  rotateToken: {
    sql: 'UPDATE tokens SET token_hash = ? WHERE token_id = ? AND token_hash = ? AND revoked_at IS NULL AND expires_at > ?',
    rows: 'one',
  },
  revokeToken: {
    sql: 'UPDATE tokens SET revoked_at = ? WHERE token_id = ? AND revoked_at IS NULL',
    rows: 'one',
  },
  /** now, user, now: those that still work. */
  revokeTokensOf: {
    sql: 'UPDATE tokens SET revoked_at = ? WHERE created_by = ? AND revoked_at IS NULL AND expires_at > ?',
    rows: 'any',
  },
  /** user, now, how many: refuses the whole change when not so many tokens of the user still work. */
  requireTokensOf: {
    sql: `UPDATE users SET name = name WHERE name = ?1
      AND (SELECT count(*) FROM tokens WHERE created_by = ?1 AND revoked_at IS NULL AND expires_at > ?2) = ?3`,
    rows: 'one',
  },
  touchToken: { sql: 'UPDATE tokens SET used_at = ? WHERE token_id = ?', rows: 'any' },
} as const;

const USER = 'name, role, must_change, disabled_at, created_at';
const TOKEN = 'token_id, name, scopes, created_by, created_at, expires_at, revoked_at, used_at';

export const ACCOUNT_READS = {
  users: `SELECT ${USER} FROM users ORDER BY name LIMIT 1000`,
  user: `SELECT ${USER} FROM users WHERE name = ?`,
  userSecret: `SELECT ${USER}, password_hash FROM users WHERE name = ?`,
  session: `SELECT s.session_hash, s.created_at AS started_at, s.seen_at, s.expires_at,
      u.name, u.role, u.must_change, u.disabled_at, u.created_at
    FROM sessions AS s JOIN users AS u ON u.name = s.user WHERE s.session_hash = ?`,
  token: `SELECT t.token_hash, t.token_id, t.name, t.scopes, t.created_by, t.created_at, t.expires_at, t.revoked_at, t.used_at,
      u.role AS maker_role, u.disabled_at AS maker_disabled_at
    FROM tokens AS t JOIN users AS u ON u.name = t.created_by WHERE t.token_id = ?`,
  tokens: `SELECT ${TOKEN} FROM tokens ORDER BY created_at DESC, token_id LIMIT 1000`,
  /** user, now: those that still work. */
  workingTokensOf: `SELECT token_id FROM tokens WHERE created_by = ? AND revoked_at IS NULL AND expires_at > ?
    ORDER BY token_id`,
  tokensOf: `SELECT ${TOKEN} FROM tokens WHERE created_by = ? ORDER BY created_at DESC, token_id LIMIT 1000`,
} as const;
