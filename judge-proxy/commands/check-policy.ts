/** `npm run check-policy`: what is wrong with a rubric, place by place, or what it comes to. */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { buildPrompt } from '../judge/prompt.ts';
import { type Criterion, loadRubric, type Rubric, SCALES } from '../judge/rubric.ts';
import type { CommandIo } from './command.ts';
import { guarded, UsageError } from './options.ts';
import { oneLine } from './terminal-text.ts';

const HELP = `npm run check-policy -- FILE [--json]

Checks a rubric (config/rubrics/*.yaml): says what is wrong with it, with line and column, or prints its hash and what it
asks. The hash is that of the content; comments and layout do not count. It is part of the judge's hash in each verdict.

  --json   the same as JSON

Exit code 0 when the rubric is valid.
`;

export async function checkPolicy(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const { values, positionals } = parsed(args);
    if (values.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('check-policy takes one FILE.');
    try {
      const rubric = loadRubric(file);
      io.stdout.write(values.json ? `${JSON.stringify({ valid: true, ...factsOf(rubric) })}\n` : summaryOf(rubric));
      return 0;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = inOrder(error.problems).map((problem) => ({
        ...problem,
        message: inOurWords(problem.message),
        fix: fixOf(problem),
      }));
      if (values.json) io.stdout.write(`${JSON.stringify({ valid: false, file, problems })}\n`);
      else io.stderr.write(problems.map((problem) => explained(file, problem)).join('\n'));
      return 1;
    }
  });
}

function parsed(args: readonly string[]) {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The schema's own text says of a missing key that it is undefined. */
function inOurWords(message: string): string {
  return message.endsWith('received undefined') ? 'this key is missing' : message;
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/** `file:line:column: path: message`, the line itself with a mark below, and what to write instead. */
function explained(file: string, { line, column, path, message, fix }: ConfigProblem): string {
  const subject = path === '' ? '' : `${path}: `;
  const source = sourceLine(file, line);
  const number = String(line);
  const excerpt =
    source === null ? [] : [`  ${number} | ${source}`, `  ${' '.repeat(number.length)} | ${' '.repeat(column - 1)}^`];
  return [`${file}:${line}:${column}: ${subject}${message}`, ...excerpt, ...(fix === '' ? [] : [`  ${fix}`]), ''].join(
    '\n',
  );
}

function sourceLine(file: string, line: number): string | null {
  try {
    const text = readFileSync(file, 'utf8').split('\n')[line - 1]?.replace(/\r$/, '');
    return text === undefined || text.length > 200 ? null : oneLine(text);
  } catch {
    return null;
  }
}

/** What each key is for: shown where it is missing or wrong. */
const KEYS: Readonly<Record<string, string>> = {
  name: '`name` is a word of lower-case letters, digits, `-` and `_`.',
  version: '`version` is a whole number, raised with every change that is published.',
  forked_from: '`forked_from` names the rubric that this one came from.',
  criteria: '`criteria` is a list of 1 to 32 criteria, each with an id of its own.',
  id: '`id` is a word of lower-case letters, digits and `_`, unlike the other ids and `judge_manipulation`.',
  question: '`question` is one question, so that one score answers it.',
  definition: '`definition` says what counts as a violation.',
  violating: '`violating` is a list of at least one example of a violation.',
  allowed: '`allowed` is a list of at least one example of what looks alike and is allowed.',
  exceptions: '`exceptions` is a list of texts; it may be left out.',
  applies_to: '`applies_to` lists `request`, `response` and `tool_call`; all of them when it is left out.',
  scale: '`scale` is `binary` (0 no, 1 yes) or `ordinal` (0 none, 1 slight, 2 clear, 3 severe).',
  threshold: '`threshold` is the lowest score that is a violation: 1 with `binary`, 1 to 3 with `ordinal`.',
  weight: '`weight` is the share of the overall score that the highest score gives, from 0 to 1.',
  severity: '`severity` is `low`, `medium`, `high` or `critical`.',
};
const OF_RUBRIC = ['name', 'version', 'forked_from', 'criteria'];

function fixOf({ path, message, fix }: ConfigProblem): string {
  if (fix !== '') return fix;
  const key = /([a-z_]+)(?:\[\d+\])?$/i.exec(path)?.[1] ?? '';
  if (message !== 'this key is not known') return Object.hasOwn(KEYS, key) ? (KEYS[key] ?? '') : '';
  const known = Object.keys(KEYS).filter((name) => OF_RUBRIC.includes(name) !== path.includes('.'));
  const nearest = closest(key, known);
  const list = `Known here: ${known.map((name) => `\`${name}\``).join(', ')}.`;
  return distance(key, nearest) <= Math.max(2, nearest.length / 2) ? `Did you mean \`${nearest}\`? ${list}` : list;
}

function factsOf(rubric: Rubric) {
  // The document is not part of what is counted; the nonce is a word of 32 characters.
  const { system } = buildPrompt('', rubric, () => '0'.repeat(32));
  const { name, version, hash, forked_from, criteria } = rubric;
  return { name, version, hash, forked_from: forked_from ?? null, prompt_characters: system.length, criteria };
}

function summaryOf(rubric: Rubric): string {
  const { name, version, hash, forked_from, prompt_characters } = factsOf(rubric);
  return [
    `${name} version ${version}${forked_from === null ? '' : `, forked from ${oneLine(forked_from)}`}`,
    `hash ${hash}`,
    `${rubric.criteria.length} criteria; with its instructions ${prompt_characters} characters in each question`,
    '',
    ...rubric.criteria.flatMap(criterionLines),
    '',
  ].join('\n');
}

function criterionLines(criterion: Criterion): string[] {
  const scale: readonly string[] = SCALES[criterion.scale];
  const { length } = criterion.exceptions;
  const examples = `${criterion.violating.length} violating and ${criterion.allowed.length} allowed examples`;
  return [
    `${criterion.id}  ${criterion.severity}, weight ${criterion.weight}`,
    `  ${oneLine(criterion.question)}`,
    `  violation from ${criterion.threshold} (${scale[criterion.threshold] ?? '?'}) of 0 to ${scale.length - 1}; ${criterion.applies_to.join(', ')}`,
    `  ${examples}${length === 0 ? '' : `, ${length} exception${length === 1 ? '' : 's'}`}`,
  ];
}
