/**
 * Stretches of a text that say something else once they are decoded, for the judge model to read beside the original.
 * One decoding, no more: what comes out is shown as it is. Each coding has a cheap sign, looked for first.
 */

import type { Coding } from '../input.ts';
import { cleanText } from './clean-text.ts';
import { longRuns } from './encoded.ts';
import { SPELT_LETTERS, TAG_RUN, UNSEEN_OR_SPELT } from './invisible.ts';
import { hiddenText } from './judge-manipulation.ts';

export interface DecodedStretch {
  readonly coding: Coding;
  /** Range of the original, UTF-16 code units, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly decoded: string;
}

/** Shorter texts say little, and chance decodes to them. */
const SHORTEST_DECODED = 8;
/** Characters of one text that are decoded in one coding. What is left out is not shown: the judge has the original. */
const MOST_DECODED = 262_144;

export interface DecodedStretches {
  /** Of each coding in the order of the text. */
  readonly stretches: readonly DecodedStretch[];
  /** False when there was more than is decoded. */
  readonly complete: boolean;
}

/** Never throws for what the text contains. */
export function decodedStretches(text: string): DecodedStretches {
  const stretches: DecodedStretch[] = [];
  let complete = true;
  for (const read of [runs, percents, rotated, characters, tags, selectors]) {
    let room = MOST_DECODED;
    for (const { start, end, coding, decode } of read(text)) {
      room -= end - start;
      if (room < 0) {
        complete = false;
        break;
      }
      const decoded = decode();
      if (saysSomething(decoded)) stretches.push({ coding, start, end, decoded });
    }
  }
  return { stretches, complete };
}

interface Candidate {
  readonly coding: Coding;
  readonly start: number;
  readonly end: number;
  readonly decode: () => string;
}

/** Letters or digits, and no control characters but white space. */
function saysSomething(decoded: string): boolean {
  return decoded.length >= SHORTEST_DECODED && /[\p{L}\p{N}]{2}/u.test(decoded) && !NOT_TEXT.test(decoded);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const NOT_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/;

/** Base64, also broken into lines, and hex. */
function* runs(text: string): Generator<Candidate> {
  let after = 0;
  for (const run of longRuns(text)) {
    if (run.start < after) continue;
    const end = endOfLines(text, run.end);
    after = end;
    const whole = text.slice(run.start, end);
    if (HEX.test(whole)) yield* hexes(whole, run.start);
    else if (/[A-Z]/.test(whole) && /[a-z]/.test(whole)) yield* base64s(whole, run.start);
  }
}

/** Lines of base64 have 64 or 76 characters (RFC 7468, RFC 2045), the last one fewer. */
const NEXT_LINE = /(?:\r?\n|\\r\\n|\\n)[A-Za-z0-9+/_-]{1,100}(?![^\s"'=\\])/y;
const LINE = 60;

function endOfLines(text: string, end: number): number {
  let last = end;
  let start = end - LINE;
  for (;;) {
    if (last - start < LINE) return last;
    NEXT_LINE.lastIndex = last;
    const next = NEXT_LINE.exec(text);
    if (next === null) return last;
    start = last;
    last += next[0].length;
  }
}

const HEX = /^(?:0x)?[0-9a-f]{32,}$/i;

function* hexes(run: string, start: number): Generator<Candidate> {
  const digits = run.replace(/^0x/i, '');
  if (digits.length % 2 === 1) return;
  yield { coding: 'hex', start, end: start + run.length, decode: () => Buffer.from(digits, 'hex').toString('utf8') };
}

/** Characters that tell an image from a text, before all of it is decoded. */
const HEAD = 1_024;
/** No path is longer. */
const LONGEST_PATH = 8_192;

/** The run as a whole, else the pieces between slashes: both are base64's own, and those of a path. */
function* base64s(run: string, start: number): Generator<Candidate> {
  const whole = NOT_TEXT.test(fromBase64(run.slice(0, HEAD))) ? '' : fromBase64(run);
  if (saysSomething(whole)) {
    yield { coding: 'base64', start, end: start + run.length, decode: () => whole };
    return;
  }
  if (run.length > LONGEST_PATH || !run.includes('/')) return;
  for (const piece of run.matchAll(/[A-Za-z0-9+_-]{24,}/g)) {
    const at = start + piece.index;
    yield { coding: 'base64', start: at, end: at + piece[0].length, decode: () => fromBase64(piece[0]) };
  }
}

function fromBase64(run: string): string {
  const bytes = Buffer.from(run.includes('\n') || run.includes('\\') ? run.replace(/\\r|\\n|\s/g, '') : run, 'base64');
  // A cut run may end within a character.
  return bytes.toString('utf8').replace(/\ufffd{1,3}$/, '');
}

/** Words with escapes of a URL: fewer than four hide nothing. */
function* percents(text: string): Generator<Candidate> {
  for (let at = text.indexOf('%'); at !== -1; ) {
    const word = wordAround(text, at);
    const escaped = text.slice(word.start, word.end);
    if ((escaped.match(/%[0-9a-f]{2}/gi) ?? []).length >= 4) {
      yield { coding: 'percent', ...word, decode: () => unescaped(escaped) };
    }
    at = text.indexOf('%', word.end);
  }
}

/** Characters to the left that still belong to the word. */
const WORD_START = 2_048;

function wordAround(text: string, at: number): { readonly start: number; readonly end: number } {
  let start = at;
  while (start > 0 && at - start < WORD_START && !ENDS_WORD.test(text[start - 1] ?? ' ')) start -= 1;
  let end = at + 1;
  while (end < text.length && !ENDS_WORD.test(text[end] ?? ' ')) end += 1;
  return { start, end };
}

const ENDS_WORD = /[\s"'<>`\\]/;

function unescaped(escaped: string): string {
  return escaped.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

/** Lines in which words are found that only rot13 makes of English. */
function* rotated(text: string): Generator<Candidate> {
  if (!ROT13_SIGN.test(text)) return;
  for (const { start, end, line } of linesOf(text)) {
    if ((line.match(ROT13_WORDS) ?? []).length < 2) continue;
    yield { coding: 'rot13', start, end, decode: () => line.replace(/[a-z]/gi, turned) };
  }
}

/** the, and, you, ignore, this, judge. One pattern is looked for twice as fast as eight texts. */
const ROT13_SIGN = /gur | naq |lbh|vtaber|guvf|whqtr/i;
/** The same with that, with, from, what, all, are, for, please, answer, send, secret, password, verdict, score, safe. */
const ROT13_WORDS =
  /\b(?:gur|naq|lbhe?|vtaber|guvf|gung|jvgu|sebz|jung|nyy|ner|sbe|cyrnfr|nafjre|fraq|frperg|cnffjbeq|whqtr|ireqvpg|fpber|fnsr)\b/gi;

function turned(letter: string): string {
  const base = letter <= 'Z' ? 65 : 97;
  return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
}

/** Lines with invisible characters that are not everyday, or with letters in a compatibility form. */
function* characters(text: string): Generator<Candidate> {
  if (!UNUSUAL.test(text) || !UNSEEN_OR_SPELT.test(text) || !isDisguised(text)) return;
  for (const { start, end, line } of linesOf(text)) {
    if (!UNSEEN_OR_SPELT.test(line) || !isDisguised(line)) continue;
    const clean = cleanText(line).text;
    if (clean !== line) yield { coding: 'characters', start, end, decode: () => clean };
  }
}

function isDisguised(text: string): boolean {
  return SPELT_LETTERS.test(text) || hiddenText(text).length > 0;
}

const UNUSUAL = /[^ -~\t\n\r]/;
/** First half of every character from U+E0000 to U+E03FF: tags, and the selectors beyond the first sixteen. */
const PLANE_14 = '\udb40';

function* tags(text: string): Generator<Candidate> {
  if (!text.includes(PLANE_14)) return;
  for (const run of text.matchAll(new RegExp(TAG_RUN, 'gu'))) {
    const end = run.index + run[0].length;
    yield { coding: 'tags', start: run.index, end, decode: () => fromPoints(run[0], (point) => point - 0xe0000) };
  }
}

/** A selector carries a byte: U+FE00 … U+FE0F the first sixteen, U+E0100 … U+E01EF all others. */
function* selectors(text: string): Generator<Candidate> {
  if (!text.includes(PLANE_14)) return;
  for (const run of text.matchAll(/[\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]{4,}/gu)) {
    const bytes = Array.from(run[0], (character) => {
      const point = character.codePointAt(0) ?? 0;
      return point < 0x10000 ? point - 0xfe00 : point - 0xe0100 + 16;
    });
    const end = run.index + run[0].length;
    yield { coding: 'selectors', start: run.index, end, decode: () => Buffer.from(bytes).toString('utf8') };
  }
}

function fromPoints(run: string, change: (point: number) => number): string {
  return String.fromCodePoint(...Array.from(run.slice(0, 8_192), (character) => change(character.codePointAt(0) ?? 0)));
}

function* linesOf(text: string): Generator<{ readonly start: number; readonly end: number; readonly line: string }> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield { start, end, line: text.slice(start, end) };
    start = end + 1;
  }
}
