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
  write(lines, '', value, 0);
  return lines.join('\n');
}

function write(lines: string[], label: string, value: Json, level: number): void {
  const head = ' '.repeat(Math.min(level, MAX_INDENT)) + label;
  const separator = label === '' || label === '-' ? '' : ':';
  if (isArray(value)) {
    if (label !== '' || value.length === 0) lines.push(`${head}${separator}${value.length === 0 ? ' []' : ''}`);
    for (const item of value) write(lines, '-', item, label === '' ? level : level + 1);
  } else if (isObject(value)) {
    const entries = Object.entries(value);
    if (label !== '' || entries.length === 0) lines.push(`${head}${separator}${entries.length === 0 ? ' {}' : ''}`);
    for (const [key, item] of entries) write(lines, key, item, label === '' ? level : level + 1);
  } else {
    lines.push(label === '' ? String(value) : `${head}${separator} ${String(value)}`);
  }
}
