/** A rubric: the questions that the model judge answers about an exchange. One file a policy. */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import canonicalize from 'canonicalize';
import { CST, Lexer } from 'yaml';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { ConfigSource } from '../config/source.ts';

/** Label of each score. The scores of a scale are 0 … its last index. */
export const SCALES = {
  binary: ['no', 'yes'],
  ordinal: ['none', 'slight', 'clear', 'severe'],
} as const;

const examples = z.array(z.string().min(1)).min(1);
const SIDES = ['request', 'response', 'tool_call'] as const;

const criterion = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,62}$/)
      .describe('Name of the criterion in verdicts: lower-case letters, digits and _.'),
    question: z.string().min(1).describe('One question, so that one score answers it.'),
    definition: z.string().min(1).describe('What counts and what does not, in a few sentences.'),
    violating: examples.describe('Short descriptions of what violates it.'),
    allowed: examples.describe('Short descriptions of what looks alike and is allowed.'),
    exceptions: z.array(z.string().min(1)).default([]).describe('When the criterion does not apply.'),
    applies_to: z
      .array(z.enum(SIDES))
      .min(1)
      .default([...SIDES])
      .describe('Which parts of an exchange are looked at.'),
    scale: z
      .enum(['binary', 'ordinal'])
      .describe('`binary`: 0 no, 1 yes. `ordinal`: 0 none, 1 slight, 2 clear, 3 severe.'),
    threshold: z.int().min(1).describe('Lowest score that is a violation.'),
    weight: z.number().min(0).max(1).describe('Share of the overall score that the highest score gives, 0 to 1.'),
    severity: z.enum(['low', 'medium', 'high', 'critical']).describe('How grave a violation of it is.'),
  })
  .refine((value) => value.threshold < SCALES[value.scale].length, {
    path: ['threshold'],
    message: 'no score of the scale reaches this threshold',
  })
  .refine((value) => value.id !== 'judge_manipulation', {
    path: ['id'],
    message: 'this criterion is always asked and cannot be defined anew',
  });

const rubricSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,62}$/)
      .describe('Name of the rubric.'),
    version: z.int().min(1).describe('Version that its author gives it. Published versions are counted apart.'),
    forked_from: z.string().optional().describe('The rubric that it was made from.'),
    criteria: z.array(criterion).min(1).max(32).describe('What is asked: 1 to 32 criteria with ids of their own.'),
  })
  .refine((value) => new Set(value.criteria.map((item) => item.id)).size === value.criteria.length, {
    path: ['criteria'],
    message: 'two criteria have the same id',
  });

export type Criterion = z.output<typeof criterion>;

export interface Rubric extends z.output<typeof rubricSchema> {
  /** SHA-256 (hex) over the canonical JSON of the content: comments and layout do not count. */
  readonly hash: string;
}

/** The text of a rubric with what it says. */
export interface RubricText {
  readonly yaml: string;
  readonly rubric: Rubric;
}

/**
 * @param path the file, shown in messages as given
 * @throws ConfigError with every problem: file, line, key, message
 */
export function readRubric(path: string): RubricText {
  let yaml: string;
  try {
    yaml = readFileSync(path, 'utf8');
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const problem = { line: 1, column: 1, path: '', message: `the rubric cannot be read (${cause})` };
    throw new ConfigError(path, [{ ...problem, fix: 'Check `rubric` of the judge that names it.' }]);
  }
  return { yaml, rubric: parseRubric(yaml, path) };
}

/** The same without its text. */
export function loadRubric(path: string): Rubric {
  return readRubric(path).rubric;
}

/** The same for text that is at hand. Variables of the environment are not substituted. */
export function parseRubric(text: string, file: string): Rubric {
  checkMeasure(text, file);
  const source = new ConfigSource(text, {});
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const result = rubricSchema.safeParse(plainValue(source, file));
  if (!result.success)
    throw new ConfigError(
      file,
      result.error.issues.flatMap((issue) => explain(issue, source)),
    );
  if (!isWellFormed(result.data))
    throw beyond(file, 'a text holds half a pair of surrogates', 'Write the character out.');
  return { ...result.data, hash: hash('sha256', canonicalize(result.data) ?? '') };
}

/** For editors: what may stand in a rubric, with a description of each key. Checks beyond it are `parseRubric`'s. */
export function rubricJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(rubricSchema, { io: 'input' });
}

/**
 * Time to parse grows with the square of keys in a map and of aliases: 256 Ki characters of them take minutes, in the
 * thread of traffic. Words are counted first, which takes time by their number alone: 20 times those of the rubric that
 * ships, read in a tenth of a second.
 */
const MOST = { words: 16_384, aliases: 50 } as const;

function checkMeasure(text: string, file: string): void {
  const counts = { words: 0, aliases: 0 };
  for (const word of new Lexer().lex(text)) {
    counts.words += 1;
    if (CST.tokenType(word) === 'alias') counts.aliases += 1;
    if (counts.words > MOST.words) throw beyond(file, 'it has more words and marks than a rubric needs', 'Shorten it.');
    if (counts.aliases > MOST.aliases) throw beyond(file, 'it has too many aliases', 'Write the values out.');
  }
}

/** A text that is not has no canonical JSON (RFC 8785 §3.2.2.2), and so no hash. */
function isWellFormed(value: object): boolean {
  // `JSON.stringify` writes such halves as escapes, and a backslash of the text itself as two.
  return !/(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(JSON.stringify(value));
}

function beyond(file: string, message: string, fix: string): ConfigError {
  return new ConfigError(file, [{ line: 1, column: 1, path: '', message, fix }]);
}

function plainValue(source: ConfigSource, file: string): unknown {
  try {
    return source.toValue();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const problem = source.problemAt([], 'its aliases unfold beyond all measure', 'Write the values out.');
    throw new ConfigError(file, [problem]);
  }
}

function explain(issue: z.core.$ZodIssue, source: ConfigSource): ConfigProblem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => source.problemAtKey([...path, key], 'this key is not known'));
  }
  return [source.problemAt(path, issue.message)];
}
