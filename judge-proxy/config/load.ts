/**
 * A config file in, a checked `Config` out. Paths in it are relative to the working directory, which npm sets to the
 * project's folder; they are handed on as written.
 */

import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { checkConfig } from './check.ts';
import { ConfigError, type ConfigProblem, formatPath } from './config-error.ts';
import { type Config, configSchema } from './schema.ts';
import { nodeAt } from './schema-tree.ts';
import { ConfigSource } from './source.ts';
import type { Env } from './substitute.ts';

export { ConfigError } from './config-error.ts';

type Issue = z.core.$ZodIssue;

/**
 * Reads, substitutes, checks.
 * @param path the file, shown in messages as given
 * @param env where `${VAR}` is looked up
 * @throws ConfigError with every problem that was found: file, line, column, key path, message, fix
 */
export function loadConfig(path: string, env: Env): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const problem = { line: 1, column: 1, path: '', message: `the config file cannot be read (${cause})` };
    throw new ConfigError(path, [{ ...problem, fix: 'Check the path given to --config.' }]);
  }
  return parseConfig(text, path, env);
}

/** The same for text that is at hand. `file` is shown in messages. */
export function parseConfig(text: string, file: string, env: Env): Config {
  const source = new ConfigSource(text, env);
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const result = parse(source, file);
  if (!result.success)
    throw new ConfigError(file, inOrder(result.error.issues.flatMap((issue) => explain(issue, source))));
  const faults = checkConfig(result.data).filter((finding) => finding.severity === 'error');
  if (faults.length > 0) {
    throw new ConfigError(file, inOrder(faults.map(({ path, message, fix }) => source.problemAt(path, message, fix))));
  }
  return result.data;
}

/** What may work and is still probably not meant: for the log at start and for `check-config`. */
export function configWarnings(config: Config): string[] {
  return checkConfig(config)
    .filter((finding) => finding.severity === 'warning')
    .map(({ path, message, fix }) => `${formatPath(path)}: ${message}. ${fix}`);
}

function parse(source: ConfigSource, file: string) {
  const first = configSchema.safeParse(plainValue(source, file));
  if (first.success) return first;
  const changed = first.error.issues.filter(
    (issue) => issue.code === 'invalid_type' && issue.expected === 'number' && source.coerceNumber(keyPath(issue)),
  );
  return changed.length === 0 ? first : configSchema.safeParse(plainValue(source, file));
}

function plainValue(source: ConfigSource, file: string): unknown {
  try {
    return source.toValue();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new ConfigError(file, [
      source.problemAt([], 'its aliases unfold beyond all measure', 'Write the values out.'),
    ]);
  }
}

function keyPath(issue: Issue): (string | number)[] {
  return issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** zod's issues in our words. Never with the value that was found: it may be a secret. */
function explain(issue: Issue, source: ConfigSource): ConfigProblem[] {
  const path = keyPath(issue);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(nodeAt(path)?.properties ?? {});
    return issue.keys.map((key) => source.problemAtKey([...path, key], 'this key is not known', suggest(key, known)));
  }
  if (issue.code === 'invalid_key') {
    const fix = 'Use lower-case letters, digits, `-` and `_`, at most 63, the first a letter or digit.';
    return [source.problemAtKey(path, 'this is not a valid name', fix)];
  }
  if (!source.has(path)) return [source.problemAt(path, 'this key is missing')];
  const variable = source.isSubstituted(path) ? ' (the value comes from the environment)' : '';
  return [source.problemAt(path, `${describe(issue)}${variable}`)];
}

function describe(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      // The issue does not carry the input; zod's own text says what kind of value was found.
      if (issue.message.endsWith('received null')) return 'this key has no value: write one, or remove the key';
      return `expected ${article(issue.expected)}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? 'may not be empty'
        : `expected at least ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'url'
        ? 'expected an http:// or https:// URL'
        : `expected text that matches ${issue.pattern ?? issue.format}`;
    default:
      return issue.message;
  }
}

function article(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    array: 'a list',
    object: 'a map of keys',
    record: 'a map of keys',
  };
  return words[expected] ?? expected;
}

function suggest(key: string, known: readonly string[]): string {
  const list = `Known here: ${known.map((name) => `\`${name}\``).join(', ')}.`;
  if (known.length === 0) return '';
  const nearest = closest(key, known);
  return distance(key, nearest) <= Math.max(2, nearest.length / 2) ? `Did you mean \`${nearest}\`? ${list}` : list;
}
