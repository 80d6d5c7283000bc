import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, SCHEMA_VERSION, schemaVersion } from './schema.ts';

const FIRST = 'CREATE TABLE a (x)';
const SECOND = 'ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (1, 2)';

let db: DatabaseSync;
beforeEach(() => {
  db = new DatabaseSync(':memory:');
});
afterEach(() => db.close());

describe('migrations', () => {
  it('bring an empty database to the version of the program, and do nothing the second time', () => {
    migrate(db, 'file', '2026-01-31T12:00:00.000Z');
    migrate(db, 'file', '2026-02-28T12:00:00.000Z');
    expect(schemaVersion(db, 'file')).toBe(SCHEMA_VERSION);
    expect(db.prepare('SELECT DISTINCT applied_at FROM schema_version').all()).toEqual([
      { applied_at: '2026-01-31T12:00:00.000Z' },
    ]);
  });

  it('apply only the steps that are missing, in their order', () => {
    migrate(db, 'file', 'day 1', [FIRST]);
    db.exec('INSERT INTO a VALUES (0)');
    migrate(db, 'file', 'day 2', [FIRST, SECOND]);
    expect(db.prepare('SELECT * FROM a').all()).toEqual([
      { x: 0, y: null },
      { x: 1, y: 2 },
    ]);
    expect(db.prepare('SELECT * FROM schema_version').all()).toEqual([
      { version: 1, applied_at: 'day 1' },
      { version: 2, applied_at: 'day 2' },
    ]);
  });

  it('undo a step that fails, and keep those before it', () => {
    expect(() => migrate(db, 'file', 'day 1', [FIRST, `${SECOND}; nonsense`])).toThrow('syntax error');
    expect(schemaVersion(db, 'file')).toBe(1);
    expect(db.prepare('SELECT * FROM a').all()).toEqual([]);
    migrate(db, 'file', 'day 2', [FIRST, SECOND]);
    expect(db.prepare('SELECT count(*) AS n FROM a').get()).toEqual({ n: 1 });
  });

  it('never go back', () => {
    migrate(db, 'file', 'day 1', [FIRST, SECOND]);
    expect(() => migrate(db, 'file', 'day 2', [FIRST])).toThrow('newer version');
  });
});
