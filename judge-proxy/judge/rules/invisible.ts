/**
 * Characters that no reader sees, by code point: the sources of `clean-text.ts` and of the search for hidden text.
 * As numbers, because in a source file they are as invisible as anywhere.
 */

type Range = readonly [first: number, last: number];

const ZERO_WIDTH: readonly Range[] = [
  [0x200b, 0x200d], // zero-width space, non-joiner, joiner
  [0x2060, 0x2060], // word joiner
  [0xfeff, 0xfeff], // byte order mark, once a no-break space
  [0x034f, 0x034f], // combining grapheme joiner
];

const DIRECTIONS: readonly Range[] = [
  [0x061c, 0x061c], // Arabic letter mark
  [0x200e, 0x200f], // marks
  [0x202a, 0x202e], // embeddings and overrides
  [0x2066, 0x206f], // isolates, deprecated shapers
];

const FILLERS: readonly Range[] = [
  [0x00ad, 0x00ad], // soft hyphen
  [0x115f, 0x1160], // Hangul fillers
  [0x3164, 0x3164],
  [0xffa0, 0xffa0],
  [0x17b4, 0x17b5], // Khmer inherent vowels
  [0x180b, 0x180f], // Mongolian selectors
  [0x2061, 0x2065], // invisible operators
];

const SELECTORS: readonly Range[] = [
  [0xfe00, 0xfe0f],
  [0xe0100, 0xe01ef],
];

/** Tag characters repeat ASCII, unseen (U+E0020 … U+E007F). */
const TAGS: readonly Range[] = [[0xe0020, 0xe007f]];

const PLANE_14: readonly Range[] = [[0xe0000, 0xe0fff]];

const BLACK_FLAG = 0x1f3f4;

/** Any character that `clean-text.ts` leaves out. */
export const INVISIBLE = pattern(`[${members(ZERO_WIDTH, DIRECTIONS, FILLERS, SELECTORS, PLANE_14)}]`);

/** Four tags and more; the flags of regions (a black flag, then up to six tags) are their one everyday use. */
export const TAG_RUN = pattern(
  `(?<!${members([[BLACK_FLAG, BLACK_FLAG]])}[${members(TAGS)}]{0,8})[${members(TAGS)}]{4,}`,
);

/** One selector follows a character; a run of them carries bytes. */
export const SELECTOR_RUN = pattern(`[${members(SELECTORS)}]{4,}`);

/** Zero-width characters within a word of Latin letters: no shape changes, only what a pattern sees. */
export const SPLIT_WORD = pattern(`[A-Za-z][${members(ZERO_WIDTH)}]{1,8}[A-Za-z]`);

export const ZERO_WIDTH_RUN = pattern(`[${members(ZERO_WIDTH, [[0x200e, 0x200f]], [[0x2061, 0x2064]])}]{8,}`);

/** Overrides reverse text for the reader (CVE-2021-42574); embeddings and isolates have everyday uses. */
export const BIDI_OVERRIDE = pattern(`[${members([[0x202d, 0x202e]])}]`);

/** Letters in a compatibility form: full-width, mathematical, circled. */
const SPELT: readonly Range[] = [
  [0xff21, 0xff3a],
  [0xff41, 0xff5a],
  [0x1d400, 0x1d7cb],
  [0x24b6, 0x24e9],
];

/** Four make a word that is spelt and no ornament. */
export const SPELT_LETTERS = pattern(`[${members(SPELT)}]{4,}`);

/** One look for both, before either is looked for by itself. */
export const UNSEEN_OR_SPELT = pattern(`[${members(ZERO_WIDTH, DIRECTIONS, FILLERS, SELECTORS, PLANE_14, SPELT)}]`);

function members(...ranges: readonly (readonly Range[])[]): string {
  return ranges
    .flat()
    .map(([first, last]) => (first === last ? member(first) : `${member(first)}-${member(last)}`))
    .join('');
}

function member(point: number): string {
  return `\\u{${point.toString(16)}}`;
}

function pattern(source: string): RegExp {
  return new RegExp(source, 'u');
}
