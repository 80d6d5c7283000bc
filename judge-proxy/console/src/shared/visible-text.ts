/**
 * Text from traffic, cut into pieces that can be shown: what a reader cannot see (control characters, escape sequences,
 * bidirectional marks, zero-width and tag characters) becomes a piece of its own, so that no line reads as another one.
 */

/** Highlights a range of the text; offsets in UTF-16 code units. Ranges may overlap. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  /** Of what the mark tells: a criterion, a rule hit, a search. */
  readonly id: string;
  readonly kind: 'evidence' | 'rule' | 'search';
}

export type Piece =
  | { readonly type: 'text'; readonly at: number; readonly text: string }
  | {
      readonly type: 'hidden';
      readonly at: number;
      readonly text: string;
      readonly shown: string;
      readonly name: string;
    };

export interface Run {
  readonly at: number;
  readonly marks: readonly Mark[];
  readonly pieces: readonly Piece[];
}

/**
 * An ANSI control sequence, as one piece; else one invisible character. Line breaks and tabs are ordinary. U+200D and
 * U+FE0F are ordinary within emoji alone: between letters they smuggle.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /\u001b\[[0-?]*[ -/]*[@-~]|(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
const EMOJI_BEFORE = /\p{Extended_Pictographic}[\u{1f3fb}-\u{1f3ff}\ufe0f]*$/u;

const NAMES: Readonly<Record<number, string>> = {
  0: 'NULL',
  7: 'BELL',
  8: 'BACKSPACE',
  13: 'CARRIAGE RETURN',
  27: 'ESCAPE',
  173: 'SOFT HYPHEN',
  8203: 'ZERO WIDTH SPACE',
  8204: 'ZERO WIDTH NON-JOINER',
  8205: 'ZERO WIDTH JOINER',
  8206: 'LEFT-TO-RIGHT MARK',
  8207: 'RIGHT-TO-LEFT MARK',
  8234: 'LEFT-TO-RIGHT EMBEDDING',
  8235: 'RIGHT-TO-LEFT EMBEDDING',
  8236: 'POP DIRECTIONAL FORMATTING',
  8237: 'LEFT-TO-RIGHT OVERRIDE',
  8238: 'RIGHT-TO-LEFT OVERRIDE',
  8288: 'WORD JOINER',
  8294: 'LEFT-TO-RIGHT ISOLATE',
  8295: 'RIGHT-TO-LEFT ISOLATE',
  8296: 'FIRST STRONG ISOLATE',
  8297: 'POP DIRECTIONAL ISOLATE',
  65279: 'ZERO WIDTH NO-BREAK SPACE',
};

/** Cuts a text at invisible characters. `at`: offset of the text in the whole that it is of. */
export function piecesOf(text: string, at = 0): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const hidden = match[0];
    if (isOfEmoji(text, match.index, hidden)) continue;
    // A line break of two characters is a line break.
    if (hidden === '\r' && text[match.index + 1] === '\n') {
      pieces.push(...plain(text.slice(end, match.index), at + end));
      end = match.index + 1;
      continue;
    }
    pieces.push(...plain(text.slice(end, match.index), at + end));
    pieces.push({ type: 'hidden', at: at + match.index, text: hidden, ...describe(hidden) });
    end = match.index + hidden.length;
  }
  pieces.push(...plain(text.slice(end), at + end));
  return pieces;
}

/** Cuts a text where marks begin and end, and within at invisible characters. Marks beyond the text are cut to it. */
export function runsOf(text: string, marks: readonly Mark[]): Run[] {
  const inside = marks
    .map((mark) => ({ ...mark, start: Math.max(0, mark.start), end: Math.min(text.length, mark.end) }))
    .filter(({ start, end }) => start < end);
  const cuts = new Set([0, text.length, ...inside.flatMap(({ start, end }) => [start, end])]);
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => {
    const end = sorted[index + 1] ?? text.length;
    return {
      at: start,
      marks: inside.filter((mark) => mark.start <= start && mark.end >= end),
      pieces: piecesOf(text.slice(start, end), start),
    };
  });
}

function plain(text: string, at: number): Piece[] {
  return text === '' ? [] : [{ type: 'text', at, text }];
}

function isOfEmoji(text: string, index: number, hidden: string): boolean {
  if (hidden === '\ufe0f') return /\p{Emoji}$/u.test(text.slice(Math.max(0, index - 2), index));
  if (hidden !== '\u200d') return false;
  return EMOJI_BEFORE.test(text.slice(Math.max(0, index - 8), index)) && /^\p{Emoji}/u.test(text.slice(index + 1));
}

function describe(hidden: string): { shown: string; name: string } {
  if (hidden.length > 1 && hidden.startsWith('\u001b[')) {
    return { shown: `␛${hidden.slice(1)}`, name: 'terminal control sequence' };
  }
  const code = hidden.codePointAt(0) ?? 0;
  const point = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = `${point} ${NAMES[code] ?? 'invisible character'}`;
  // Control Pictures (U+2400) has a sign for each C0 control and for DEL.
  if (code < 0x20) return { shown: String.fromCodePoint(0x2400 + code), name };
  if (code === 0x7f) return { shown: '␡', name };
  return { shown: point, name };
}
