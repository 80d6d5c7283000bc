import type { Json } from './json.ts';
import { isArray, isObject } from './json.ts';

/** Deeper levels are not indented further: indentation would multiply a hostile text. */
const MAX_INDENT = 8;

/**
 * JSON as lines of `key: value`, strings as they are. Rules see what a model or tool will see: in JSON a line break or
 * a letter may hide behind an escape. Nests no deeper than `parseJson` lets through.
 */
export function outline(value: Json): string {
  const lines: string[] = [];
  write(lines, null, value, 0);
  return lines.join('\n');
}

/** @param label `-` in a list, a key with its colon in an object, null for the whole value */
function write(lines: string[], label: string | null, value: Json, level: number): void {
  const head = label === null ? '' : `${' '.repeat(Math.min(level, MAX_INDENT))}${label}`;
  const below = label === null ? level : level + 1;
  const entries = childrenOf(value);
  if (entries === null || entries.length === 0) {
    const text = entries === null ? String(value) : isArray(value) ? '[]' : '{}';
    lines.push(label === null ? text : `${head} ${text}`);
    return;
  }
  if (label !== null) lines.push(head);
  for (const [key, item] of entries) write(lines, key, item, below);
}

function childrenOf(value: Json): [label: string, value: Json][] | null {
  if (isArray(value)) return value.map((item) => ['-', item]);
  if (isObject(value)) return Object.entries(value).map(([key, item]) => [`${key}:`, item]);
  return null;
}
