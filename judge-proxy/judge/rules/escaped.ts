/**
 * Text with JSON escapes in it, as the arguments of a tool call are: read as it is, `\nAKIA…` has a letter before the key,
 * and a pattern that asks for the beginning of a word passes it by. Here escapes are undone, and offsets lead back.
 */

/** RFC 8259 §7. */
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/;
const ESCAPES = new RegExp(ESCAPE, 'g');
const PLAIN: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

export interface Unescaped {
  readonly text: string;
  /** Range of the original that a range of `text` came from. */
  original(start: number, end: number): { readonly start: number; readonly end: number };
}

/** @returns null for a text without escapes: nearly all */
export function unescapedText(original: string): Unescaped | null {
  if (!original.includes('\\') || !ESCAPE.test(original)) return null;
  const text = original.replace(ESCAPES, plainOf);
  // Made when something was found: nearly always nothing is.
  let starts: Uint32Array | null = null;
  return {
    text,
    original: (start, end) => {
      starts ??= startsOf(original, text.length);
      return { start: starts[start] ?? original.length, end: starts[end] ?? original.length };
    },
  };
}

function plainOf(sequence: string): string {
  if (sequence.length > 2) return String.fromCharCode(Number.parseInt(sequence.slice(2), 16));
  const kind = sequence.charAt(1);
  return PLAIN[kind] ?? kind;
}

/** Where each code unit of the text without escapes begins in the original: an escape becomes one code unit. */
function startsOf(original: string, length: number): Uint32Array {
  const starts = new Uint32Array(length + 1);
  let at = 0;
  let written = 0;
  for (const { index, 0: sequence } of original.matchAll(ESCAPES)) {
    while (at <= index) starts[written++] = at++;
    at = index + sequence.length;
  }
  while (at <= original.length) starts[written++] = at++;
  return starts;
}
