/**
 * One pass over a text, before any pattern: where patterns are worth trying, and which disguises it may wear. Ordinary
 * text has few such places and no such sign, so the pass is most of what the rule costs.
 */

import type { Trigger } from './triggers.ts';
import { type WordAutomaton, wordAutomaton } from './word-automaton.ts';

/** Signs of disguises, each a bit. */
export const SIGN = {
  rot13: 1,
  reversed: 2,
  digits: 4,
  morse: 8,
  binary: 16,
  /** Two words of one character in a row. */
  spaced: 32,
  /** Four words of two characters in a row. */
  pairs: 64,
  /** Eleven words of up to three characters in a row. */
  codes: 128,
  unusual: 256,
  /** Twenty-four characters and more of base64's alphabet together. */
  run: 512,
  /** Twelve such characters, white space, twelve more. */
  broken: 1024,
} as const;

const SIGN_WORDS: readonly (readonly [number, readonly string[]])[] = [
  // judge, evaluat, verdict, rubric, ignore, score, safe.
  [SIGN.rot13, ['whqtr', 'rinyhng', 'ireqvpg', 'ehoevp', 'vtaber', 'fpber', 'fnsr']],
  [SIGN.reversed, ['egduj', 'taulave', 'tcidrev', 'cirbur', 'erongi', 'erocs']],
  [SIGN.digits, ['judg3', 'v4lu', '3valu', 'ign0r', '1gn0r', '1gnor', 'v3rd1', 'v3rdi', 'verd1c', 'sc0r', '5cor']],
  [SIGN.digits, ['s4fe', 's4f3', '54fe', '54f3', 'saf3', '5afe', 'rubr1c']],
  [SIGN.morse, ['. .', '. -', '- .', '- -']],
  [SIGN.binary, ['0000', '0001', '0010', '0011', '0100', '0101', '0110', '0111']],
];

/** What a character ends or is, as bits; those of base64's alphabet (both of RFC 4648) that end no word have none. */
const CONTROL = 1;
const ENDS_WORD = 2;
const ENDS_RUN = 4;
const KINDS = new Uint8Array(0x10000).fill(ENDS_RUN);
for (let code = 0; code < 0x20; code++) KINDS[code] = CONTROL | ENDS_RUN;
KINDS[0x7f] = CONTROL | ENDS_RUN;
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/') {
  KINDS[character.charCodeAt(0)] = 0;
}
for (const character of ' .*:,\n\t\r') KINDS[character.charCodeAt(0)] = ENDS_WORD | ENDS_RUN;
for (const character of '_-') KINDS[character.charCodeAt(0)] = ENDS_WORD;

const SPACE = 32;
const NEWLINE = 10;
const BACKSLASH = 92;
const SMALL_N = 110;

const LONG_RUN = 24;
const BROKEN_RUN = 12;

/** Places at which a pattern is to be tried: pairs of offsets, ascending, apart from each other. */
export type Windows = number[];

export interface Survey {
  /** Per pattern, in the order given; null where there is nothing to try. */
  readonly windows: readonly (Windows | null)[];
  /** Bits of `SIGN`. */
  readonly signs: number;
}

export class Surveyor {
  readonly #automaton: WordAutomaton;
  /** By word: signs, and slots (trigger, list) that it fills. */
  readonly #signs: Uint32Array;
  readonly #slots: readonly (readonly number[])[];
  /** By trigger: the pattern, the reach; and by slot, where it was last filled. */
  readonly #pattern: readonly number[];
  readonly #reach: readonly number[];
  readonly #paired: readonly boolean[];
  readonly #last: Int32Array;
  readonly #patterns: number;

  /** @param patterns the triggers of each pattern */
  constructor(patterns: readonly (readonly Trigger[])[]) {
    const triggers = patterns.flatMap((own, pattern) => own.map((trigger) => ({ ...trigger, pattern })));
    const slots = new Map<string, Set<number>>();
    const signs = new Map(SIGN_WORDS.flatMap(([sign, words]) => words.map((word) => [word, sign] as const)));
    triggers.forEach(({ words }, trigger) => {
      words.forEach((list, side) => {
        for (const word of list) slots.set(word, (slots.get(word) ?? new Set()).add(trigger * 2 + side));
      });
    });
    const words = [...new Set([...slots.keys(), ...signs.keys()])];
    this.#automaton = wordAutomaton(words);
    this.#signs = Uint32Array.from(words, (word) => signs.get(word) ?? 0);
    this.#slots = words.map((word) => [...(slots.get(word) ?? [])]);
    this.#pattern = triggers.map(({ pattern }) => pattern);
    this.#reach = triggers.map(({ reach }) => reach);
    this.#paired = triggers.map(({ words: lists }) => lists.length === 2);
    this.#last = new Int32Array(triggers.length * 2);
    this.#patterns = patterns.length;
  }

  survey(text: string): Survey {
    const { classes, next, shift, firstEnd, ends } = this.#automaton;
    const kinds = KINDS;
    const windows: (Windows | null)[] = new Array(this.#patterns).fill(null);
    this.#last.fill(-0x40000000);
    let state = 0;
    let signs = 0;
    let seen = 0;
    let before = -1;
    let ones = 0;
    let twos = 0;
    let short = 0;
    let run = 0;
    let broken = false;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      seen |= code;
      state = next[(state << shift) | (classes[code] as number)] as number;
      if (state >= firstEnd) {
        for (const word of ends[state - firstEnd] as readonly number[]) {
          signs |= this.#signs[word] as number;
          this.#fill(word, at, windows);
        }
      }
      const kind = kinds[code] as number;
      if (kind === 0) continue;
      if ((kind & CONTROL) !== 0) signs |= SIGN.unusual;
      if ((kind & ENDS_RUN) !== 0) {
        const length = at - run;
        if (length >= BROKEN_RUN) signs |= runSigns(length, broken);
        const escaped = code === BACKSLASH && text.charCodeAt(at + 1) === SMALL_N;
        broken = length >= BROKEN_RUN && (escaped || code === SPACE || code === NEWLINE);
        run = escaped ? at + 2 : at + 1;
      }
      if ((kind & ENDS_WORD) !== 0) {
        const length = at - before - 1;
        before = at;
        if (length === 0) continue;
        ones = length === 1 && isLetter(text.charCodeAt(at - 1)) ? ones + 1 : 0;
        twos = length === 2 ? twos + 1 : 0;
        short = length <= 3 ? short + 1 : 0;
        if (ones >= 2) signs |= SIGN.spaced;
        if (twos >= 4) signs |= SIGN.pairs;
        if (short >= 11) signs |= SIGN.codes;
      }
    }
    if (text.length - run >= BROKEN_RUN) signs |= runSigns(text.length - run, broken);
    if (seen > 0x7f) signs |= SIGN.unusual;
    return { windows, signs };
  }

  /** A word ends at `at`: where both lists of a trigger are filled, its pattern has a window. */
  #fill(word: number, at: number, windows: (Windows | null)[]): void {
    for (const slot of this.#slots[word] as readonly number[]) {
      const trigger = slot >> 1;
      const reach = this.#reach[trigger] as number;
      this.#last[slot] = at;
      if (this.#paired[trigger] === true && (this.#last[slot ^ 1] as number) < at - reach) continue;
      open(windows, this.#pattern[trigger] as number, Math.max(0, at - 2 * reach), at + reach);
    }
  }
}

function isLetter(code: number): boolean {
  return (code | 32) >= 97 && (code | 32) <= 122;
}

/** @param broken whether a run ended at the white space before this one */
function runSigns(length: number, broken: boolean): number {
  return (length >= LONG_RUN ? SIGN.run : 0) | (broken ? SIGN.broken : 0);
}

function open(windows: (Windows | null)[], pattern: number, start: number, end: number): void {
  const own = windows[pattern];
  if (own === null || own === undefined) {
    windows[pattern] = [start, end];
    return;
  }
  const last = own.length - 1;
  if (start <= (own[last] as number)) {
    // Windows come by their ends; a wider reach may begin before the last one does.
    own[last] = Math.max(own[last] as number, end);
    own[last - 1] = Math.min(own[last - 1] as number, start);
  } else {
    own.push(start, end);
  }
}
