/**
 * The tables, indexes and triggers of a ledger, compared with those that this program makes: who edits records by SQL has
 * to take the triggers away, and whoever puts others in their place changes what is written later.
 */

import { DatabaseSync } from 'node:sqlite';
import { migrate, SCHEMA_VERSION } from './schema.ts';
import type { Findings } from './verify-report.ts';

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  /** null for what SQLite makes itself for a key. */
  readonly sql: string | null;
}

export function checkSchema(db: DatabaseSync, findings: Findings): void {
  const there = objects(db);
  const expected = expectedObjects();
  const differs = ({ type, name }: SchemaObject, how: string) =>
    findings.add('schema_differs', null, `The ${type} ${name} ${how}.`);
  for (const [name, one] of expected) {
    const found = there.get(name);
    if (found === undefined) differs(one, 'is gone');
    else if (found.type !== one.type || found.sql !== one.sql)
      differs(one, `is not the one of schema ${SCHEMA_VERSION}`);
  }
  for (const [name, one] of there) if (!expected.has(name)) differs(one, `is not of schema ${SCHEMA_VERSION}`);
}

/** Made by the same steps, whose text SQLite keeps; steps that rename change it in the same way. */
function expectedObjects(): ReadonlyMap<string, SchemaObject> {
  const db = new DatabaseSync(':memory:');
  try {
    migrate(db, ':memory:', '');
    return objects(db);
  } finally {
    db.close();
  }
}

/** Without what ANALYZE keeps, which says nothing about records. */
function objects(db: DatabaseSync): ReadonlyMap<string, SchemaObject> {
  const rows = db.prepare("SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat[1-4]'").all();
  return new Map(rows.map((row) => [String(row.name), row as unknown as SchemaObject]));
}

/** Tables there are, by their own word. */
export function tablesOf(db: DatabaseSync): readonly string[] {
  const rows = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  return rows.map(({ name }) => String(name));
}

/** What SQLite itself finds wrong with a table: indexes that do not have what it has, rows that break its constraints. */
export function checkTable(db: DatabaseSync, table: string, findings: Findings): void {
  const name = table.replaceAll('"', '""');
  const [found] = db.prepare(`PRAGMA integrity_check("${name}")`).all();
  const said = String(Object.values(found ?? {})[0] ?? 'ok');
  if (said !== 'ok') findings.add('table_differs', null, `SQLite's own check of ${table}: ${said}.`);
}
