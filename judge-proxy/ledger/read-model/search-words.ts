/** What a person types, as a question to FTS5 that nothing in it can change: every word is a quoted string. */

import type { Snippet } from './rows.ts';
import { HIT_END, HIT_START, PART_END } from './transcript-words.ts';

/** More words than this are not asked for: each costs a look into the index. */
const MOST_WORDS = 32;
/** What the tokenizer takes for a part of a word (sqlite.org/fts5.html §4.3.1). */
const WORD = /[\p{L}\p{N}\p{Co}]/u;

/**
 * @param q words, and "phrases" in double quotes; an open quote reaches to the end
 * @returns null when there is nothing in it that could be found
 */
export function matchOf(q: string): string | null {
  const terms: string[] = [];
  for (const [at, part] of q.toWellFormed().replaceAll('\0', ' ').split('"').entries()) {
    // Every second part stands between quotes.
    const words = at % 2 === 1 ? [part] : part.split(/\s+/u);
    for (const word of words) if (WORD.test(word)) terms.push(word);
  }
  if (terms.length === 0) return null;
  // No part can hold a quote, and inside of quotes FTS5 knows no operator.
  return terms
    .slice(0, MOST_WORDS)
    .map((term) => `"${term}"`)
    .join(' AND ');
}

/** @param marked text with our marks around hits */
export function snippetOf(marked: string): Snippet {
  let text = '';
  let from: number | null = null;
  const hits: [number, number][] = [];
  for (const piece of marked.split(MARKS)) {
    if (piece === HIT_START) from ??= text.length;
    else if (piece === HIT_END && from !== null) {
      hits.push([from, text.length]);
      from = null;
    } else if (piece !== HIT_END) text += piece;
  }
  if (from !== null) hits.push([from, text.length]);
  return { text: text.replaceAll(PART_END, '\n'), hits };
}

const MARKS = new RegExp(`([${HIT_START}${HIT_END}])`, 'u');
