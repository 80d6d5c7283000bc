/**
 * The JSON object in what a model wrote. Where nothing enforces a form, models add fences, a greeting or their thoughts.
 * One object must fit and no other: where two answers stand, nobody can say which of them the judge means.
 */

import { isDeepStrictEqual } from 'node:util';

/** Longer texts are read only when they are JSON as a whole. */
const LONGEST_SEARCHED = 262_144;
/** Openings of objects that are tried: each costs at most one reading of the text. */
const MOST_TRIED = 64;

/**
 * @param text as the model wrote it
 * @param fits reads a value, null when it has not the shape of an answer
 * @returns the only answer in the text, null when there is none or more than one
 */
export function extractAnswer<Answer>(text: string, fits: (value: unknown) => Answer | null): Answer | null {
  const whole = parsed(text);
  if (whole !== undefined) return fits(whole);
  if (text.length > LONGEST_SEARCHED) return null;
  let only: Answer | null = null;
  for (const value of topLevelObjects(withoutThoughts(text))) {
    const answer = fits(value);
    if (answer === null) continue;
    if (only !== null && !isDeepStrictEqual(only, answer)) return null;
    only = answer;
  }
  return only;
}

/** Reasoning models that nobody parses write their thoughts first, drafts of the answer among them. */
function withoutThoughts(text: string): string {
  return text.replace(/^\s*<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/, '');
}

/** Objects that stand in no other braces. An object that is no JSON is passed over with all that is in it. */
function* topLevelObjects(text: string): Generator<unknown> {
  let tried = 0;
  for (let start = text.indexOf('{'); start !== -1 && tried++ < MOST_TRIED; ) {
    const end = endOfObject(text, start);
    if (end !== null) {
      const value = parsed(text.slice(start, end));
      if (value !== undefined) yield value;
    }
    start = text.indexOf('{', end ?? start + 1);
  }
}

/** End (exclusive) of the object that begins at `start`; null when its brace is never closed. */
function endOfObject(text: string, start: number): number | null {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{') depth += 1;
    else if (character === '}' && --depth === 0) return at + 1;
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
