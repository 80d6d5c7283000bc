/** Expressions that the operator names: RE2 syntax, so that matching takes time linear in the text whatever it says. */

import { RE2JS } from 're2js';

/**
 * Instructions of a compiled expression: linear time is the text times this. Measured (Node 26, re2js 2.10), the worst
 * expressions of this size take 12 µs a character where they nearly match, ordinary ones 0.1 µs.
 */
const MOST_INSTRUCTIONS = 1_000;

/**
 * @throws {Error} whose message says what is wrong with it
 */
export function compileSecretPattern(pattern: string): RE2JS {
  const compiled = compile(pattern);
  const size = compiled.programSize();
  if (size > MOST_INSTRUCTIONS) throw new Error(`too large: ${size} instructions, at most ${MOST_INSTRUCTIONS}`);
  if (compiled.matcher('').find()) throw new Error('it matches where there is nothing');
  return compiled;
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new Error(`not an RE2 expression (${error instanceof Error ? error.message : 'unreadable'})`, {
      cause: error,
    });
  }
}
