/** The streams of the mode bench: 800 tokens, of four characters each, at 320 tokens a second. */

const CHARACTERS = 16;
const EVERY_MS = 12.5;
const TOKENS = 800;
/** Where the violation stands, in tokens from the beginning. */
const VIOLATION_AT = 400;
const PHRASE = 'STRICTLY CONFIDENTIAL';

function prose(tokens: number): string {
  return 'Rivers run under bridges, and nobody minds. '.repeat(Math.ceil(tokens / 11)).slice(0, tokens * 4);
}

export const PACED = {
  characters: CHARACTERS,
  everyMs: EVERY_MS,
  tokensPerSecond: (CHARACTERS / 4 / EVERY_MS) * 1_000,
  tokens: TOKENS,
  clean: prose(TOKENS),
  /** The judge of the bench objects to the phrase; no rule does. */
  violating: `${prose(VIOLATION_AT)}${PHRASE} ${prose(TOKENS - VIOLATION_AT)}`,
  /** Characters before the violation. */
  violatingFrom: VIOLATION_AT * 4,
  windowTokens: 200,
} as const;
