/**
 * The placeholders of redaction carry a token that only their exchange knows (`[REDACTED:type:token]`, 8 hex digits):
 * the same text in two exchanges is two documents. Here tokens become numbers in order of appearance, and back.
 */

const PLACEHOLDER = /\[REDACTED:([a-z0-9_]+):([0-9a-f]{8})\]/g;

export interface Numbered {
  /**
   * The text with a number in place of each token. A NUL goes before it: JSON has none, so that no text can be written
   * that looks like this one without being it.
   */
  readonly text: string;
  /** Tokens in order of their numbers. */
  readonly tokens: readonly string[];
}

/**
 * Equal exactly for documents that differ in nothing but how their tokens are called.
 * @param document JSON: without control characters
 */
export function numberTokens(document: string): Numbered {
  const numbers = new Map<string, number>();
  const text = document.replace(PLACEHOLDER, (_, type: string, token: string) => {
    const number = numbers.get(token) ?? numbers.size;
    numbers.set(token, number);
    return `[REDACTED:${type}:\0${number}]`;
  });
  return { text, tokens: [...numbers.keys()] };
}

/** @returns the text with each token of `from` called as the one at the same place of `to` */
export function renameTokens(text: string, from: readonly string[], to: readonly string[]): string {
  const names = new Map(from.map((token, index) => [token, to[index] ?? token]));
  return text.replace(/\b[0-9a-f]{8}\b/g, (word) => names.get(word) ?? word);
}
