/**
 * Text with JSON escapes in it, as the arguments of a tool call are: read as it is, `\nAKIA…` has a letter before the key,
 * and a pattern that asks for the beginning of a word passes it by. Here escapes are undone, and offsets lead back.
 */

/** RFC 8259 §7. */
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
const PLAIN: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export interface Unescaped {
  readonly text: string;
  /** Range of the original that a range of `text` came from. */
  original(start: number, end: number): { readonly start: number; readonly end: number };
}

/** @returns null for a text without escapes: nearly all */
export function unescapedText(original: string): Unescaped | null {
  if (!original.includes('\\') || !ESCAPE.test(original)) return null;
  const starts = new Uint32Array(original.length + 1);
  const pieces: string[] = [];
  let length = 0;
  let at = 0;
  const keep = (until: number) => {
    pieces.push(original.slice(at, until));
    for (; at < until; at++) starts[length++] = at;
  };
  for (let next = original.indexOf('\\'); next !== -1; next = original.indexOf('\\', at)) {
    keep(next);
    const kind = original[next + 1] ?? '';
    const width = kind === 'u' && ESCAPE.test(original.slice(next, next + 6)) ? 6 : 2;
    const isEscape = width === 6 || '"\\/bfnrt'.includes(kind);
    if (!isEscape || kind === '') {
      keep(next + 1);
      continue;
    }
    const code = width === 6 ? String.fromCharCode(Number.parseInt(original.slice(next + 2, next + 6), 16)) : null;
    pieces.push(code ?? PLAIN[kind] ?? kind);
    starts[length++] = next;
    at = next + width;
  }
  keep(original.length);
  starts[length] = original.length;
  return {
    text: pieces.join(''),
    original: (start, end) => ({ start: starts[start] ?? original.length, end: starts[end] ?? original.length }),
  };
}
