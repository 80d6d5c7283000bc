/**
 * Where in a YAML document a line stands: the keys above it, by indentation. A document that is being written does not
 * parse, so completion cannot wait for one that does. Block style alone; inside of flow collections it knows the key.
 */

/** A key of a mapping, or `[]` for an item of a list. */
export type YamlStep = string;

export interface YamlPlace {
  /** Of the mapping that the line belongs to. */
  readonly parents: readonly YamlStep[];
  /** Key of the line, null where none is written yet. */
  readonly key: string | null;
  /** Keys that the same mapping has already, that of the line left out. */
  readonly siblings: readonly string[];
}

const LINE = /^(?<indent> *)(?<dash>(?:- +)*|- *$)(?:(?<key>[A-Za-z_][\w-]*) *:(?: |$))?/;

interface Line {
  /** Column of the key, past the dashes. */
  readonly column: number;
  /** Columns of the dashes. */
  readonly dashes: readonly number[];
  readonly key: string | null;
  readonly blank: boolean;
}

/** @param index of the line, from 0 */
export function placeAt(text: readonly string[], index: number): YamlPlace {
  const line = read(text[index] ?? '');
  const parents: YamlStep[] = [];
  let column = line.column;
  for (const dash of [...line.dashes].reverse()) {
    parents.unshift('[]');
    column = dash;
  }
  const siblings = line.dashes.length > 0 ? [] : above(text, index, line.column);
  const inItem = line.dashes.length === 0 && startsItem(text, index, line.column);
  if (inItem !== null && inItem !== false) {
    parents.unshift('[]');
    column = inItem;
  }
  climb(text, index, column, line.dashes.length > 0 || inItem !== false, parents);
  return { parents, key: line.key, siblings: [...siblings, ...below(text, index, line.column)] };
}

function read(text: string): Line {
  const found = LINE.exec(text);
  const indent = found?.groups?.indent?.length ?? 0;
  const dash = found?.groups?.dash ?? '';
  const dashes = [...dash].flatMap((sign, at) => (sign === '-' ? [indent + at] : []));
  const blank = text.trim() === '' || text.trim().startsWith('#');
  return { column: indent + dash.length, dashes, key: found?.groups?.key ?? null, blank };
}

/** Goes up: each line that stands further left and has a key is a parent; one with a dash is an item on the way. */
function climb(text: readonly string[], from: number, start: number, fromItem: boolean, parents: YamlStep[]): void {
  let limit = start;
  // YAML lets the dashes of a list stand below the key itself: such a list belongs to a key of the same column.
  let same = fromItem;
  for (let index = from - 1; index >= 0 && limit >= 0; index -= 1) {
    const line = read(text[index] ?? '');
    if (line.blank || line.key === null) continue;
    const isParent = line.column < limit || (same && line.column === limit && line.dashes.length === 0);
    if (!isParent) continue;
    parents.unshift(line.key);
    limit = line.column;
    same = false;
    for (const dash of [...line.dashes].reverse()) {
      parents.unshift('[]');
      limit = dash;
      same = true;
    }
    if (line.dashes.length > 0) continue;
    const item = startsItem(text, index, line.column);
    if (item === false || item === null) continue;
    parents.unshift('[]');
    limit = item;
    same = true;
  }
}

/** Column of the dash before the first key of this mapping, when it is an item of a list; else false. */
function startsItem(text: readonly string[], from: number, column: number): number | false | null {
  for (let index = from - 1; index >= 0; index -= 1) {
    const line = read(text[index] ?? '');
    if (line.blank) continue;
    if (line.dashes.length > 0 && line.column === column) return line.dashes.at(-1) ?? null;
    if (line.column < column) return false;
  }
  return false;
}

/** Keys of the same mapping that stand before the line. */
function above(text: readonly string[], from: number, column: number): readonly string[] {
  const keys: string[] = [];
  for (let index = from - 1; index >= 0; index -= 1) {
    const line = read(text[index] ?? '');
    if (line.blank) continue;
    if (line.column < column) break;
    if (line.column === column && line.key !== null) keys.unshift(line.key);
    if (line.column === column && line.dashes.length > 0) break;
  }
  return keys;
}

function below(text: readonly string[], from: number, column: number): readonly string[] {
  const keys: string[] = [];
  for (let index = from + 1; index < text.length; index += 1) {
    const line = read(text[index] ?? '');
    if (line.blank) continue;
    if (Math.min(line.column, ...line.dashes) < column) break;
    if (line.column === column && line.key !== null) keys.push(line.key);
  }
  return keys;
}
