/** The shape of a JSON text, read without building values: how deep it nests, and how a text that just ends is closed. */

export interface JsonShape {
  /** Deepest nesting of arrays and objects; one more than `mostDepth` where that ended the pass. */
  readonly depth: number;
  /** Values and keys that a comma or colon parts from another: what building and walking them costs. */
  readonly values: number;
  /** Keys as they are written, repeated ones included. */
  readonly keys: number;
  /**
   * The text with what is open closed and what is incomplete dropped: valid JSON whenever the text is a prefix of
   * valid JSON with at least one open string, array or object. null when nothing is open at the end.
   */
  readonly closed: string | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * One pass, no recursion: the text may nest as deep as it is long.
 * @param mostDepth deeper texts are of no interest
 */
export function jsonShape(text: string, mostDepth = Number.POSITIVE_INFINITY): JsonShape {
  const closers: string[] = [];
  let depth = 0;
  let values = 1;
  let keys = 0;
  /** End of the longest prefix that becomes valid by closing what is open. */
  let safe = 0;
  let expectsKey = false;
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (char === '"') {
      const end = stringEnd(text, at + 1);
      if (end.closed) {
        at = end.at;
        if (!expectsKey) safe = at;
        continue;
      }
      if (expectsKey) break;
      return { depth, values, keys, closed: `${text.slice(0, end.at)}"${closers.toReversed().join('')}` };
    }
    at += 1;
    if (char === '{' || char === '[') {
      closers.push(char === '{' ? '}' : ']');
      depth = Math.max(depth, closers.length);
      if (depth > mostDepth) return { depth, values, keys, closed: null };
      expectsKey = char === '{';
      safe = at;
    } else if (char === '}' || char === ']') {
      closers.pop();
      expectsKey = false;
      safe = at;
    } else if (char === ':') {
      expectsKey = false;
      values += 1;
      keys += 1;
    } else if (char === ',') {
      values += 1;
      expectsKey = closers.at(-1) === '}';
    } else if (!isSpace(char)) {
      at = scalarEnd(text, at);
      // A number or word at the very end may go on: it is dropped.
      if (at < text.length) safe = at;
    }
  }
  return {
    depth,
    values,
    keys,
    closed: closers.length === 0 ? null : text.slice(0, safe) + closers.toReversed().join(''),
  };
}

/** Behind the closing quote, or where an unfinished string must be cut so that no escape is left half. */
function stringEnd(text: string, start: number): { readonly at: number; readonly closed: boolean } {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return { at: at + 1, closed: true };
    if (code === BACKSLASH) {
      const length = text[at + 1] === 'u' ? 6 : 2;
      if (at + length > text.length) return { at, closed: false };
      at += length;
    } else {
      at += 1;
    }
  }
  return { at, closed: false };
}

function scalarEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length && !',]}:"[{'.includes(text[at] ?? '') && !isSpace(text[at] ?? '')) at += 1;
  return at;
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}
