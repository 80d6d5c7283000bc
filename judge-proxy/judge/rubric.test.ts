/** A rubric is read as it is meant or refused with the line; its hash says what it asks, not how it is laid out. */

import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/config-error.ts';
import { loadRubric, parseRubric } from './rubric.ts';

const TEXT = `name: small
version: 1
criteria:
  - id: leak
    question: Does something leak?
    definition: Confidential text leaves.
    violating: [a secret plan is pasted]
    allowed: [public text]
    scale: ordinal
    threshold: 2
    weight: 0.5
    severity: critical
`;

function problems(text: string): string {
  try {
    parseRubric(text, 'r.yaml');
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
}

describe('the hash', () => {
  it('ignores comments and layout', () => {
    const other = parseRubric(`# a comment\n${TEXT.replace('[public text]', '\n      - "public text"')}`, 'x');
    expect(other.hash).toBe(parseRubric(TEXT, 'y').hash);
  });

  it.each(['leak', 'Confidential text leaves.', 'public text', 'threshold: 2', 'severity: critical'])(
    'changes with %s',
    (part) => {
      const changed = part.endsWith('2')
        ? part.replace('2', '1')
        : part.replace('leak', 'loss').replace('critical', 'high');
      const text = TEXT.replace(part, changed === part ? `${part} more` : changed);
      expect(parseRubric(text, 'x').hash).not.toBe(parseRubric(TEXT, 'x').hash);
    },
  );
});

describe('refused', () => {
  it.each([
    [
      'an unknown key',
      TEXT.replace('    scale:', '    sale: x\n    scale:'),
      /^r\.yaml:9:5: criteria\[0\]\.sale: this key is not known/,
    ],
    ['a missing key', TEXT.replace('    weight: 0.5\n', ''), /^r\.yaml:4:\d+: criteria\[0\]/],
    ['a threshold beyond the scale', TEXT.replace('threshold: 2', 'threshold: 4'), /^r\.yaml:10:.*threshold/],
    ['a threshold that all reach', TEXT.replace('threshold: 2', 'threshold: 0'), /^r\.yaml:10:.*threshold/],
    ['a weight above one', TEXT.replace('0.5', '1.5'), /^r\.yaml:11:.*weight/],
    ['an id in another form', TEXT.replace('id: leak', 'id: Leak It'), /^r\.yaml:4:.*id/],
    ['an id that is always asked', TEXT.replace('id: leak', 'id: judge_manipulation'), /^r\.yaml:4:.*id/],
    ['the same id twice', TEXT + TEXT.slice(TEXT.indexOf('  - id')), /two criteria have the same id/],
    ['half a pair of surrogates', TEXT.replace('public text', '"\\ud83d"'), /^r\.yaml:1:1: .*surrogates/],
    ['the same, not escaped', TEXT.replace('public text', 'a \ud83d'), /^r\.yaml:1:1: .*surrogates/],
    ['no criteria', 'name: x\nversion: 1\ncriteria: []\n', /^r\.yaml:3:/],
    ['what is no YAML', 'name: [', /^r\.yaml:1:/],
    ['an empty file', '', /r\.yaml:1:/],
  ])('%s', (_, text, message) => expect(problems(text)).toMatch(message));

  it('a file that is not there', () => {
    expect(() => loadRubric('no/such/file.yaml')).toThrow(
      /no\/such\/file\.yaml:1:1: the rubric cannot be read \(ENOENT\)/,
    );
  });
});

describe('a text that would take minutes to parse is refused at once', () => {
  const LONG = 262_144;
  it.each([
    ['keys', Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['one key again and again', 'a: 1\n'.repeat(50_000)],
    ['aliases', `a: &a x\nb: [${'*a,'.repeat(80_000)}]`],
    ['aliases of merges', `a: &a {x: 1}\nb:\n${'  <<: *a\n'.repeat(20_000)}`],
    ['anchors', Array.from({ length: 20_000 }, (_, index) => `- &a${index} x`).join('\n')],
    ['sequences in each other', '['.repeat(LONG)],
    ['maps in each other', '{a: '.repeat(60_000)],
    ['lists in each other', '- '.repeat(100_000)],
    ['documents', '---\n'.repeat(60_000)],
    ['lines that are no YAML', '\t: %\n'.repeat(50_000)],
    ['criteria', `name: a\nversion: 1\ncriteria:\n${'  - 1\n'.repeat(40_000)}`],
    ['a number', `version: ${'9'.repeat(LONG)}`],
    ['spaces', `name: a${' '.repeat(LONG)}b`],
    ['quotes', '"\\x'.repeat(60_000)],
  ])('%s', (_, text) => {
    const before = process.cpuUsage();
    expect(problems(text)).not.toBe('');
    // Microseconds of this process, however busy the machine is. Unbounded, keys take 11 s and aliases minutes.
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });

  it('but 32 long criteria are not', () => {
    const one = TEXT.slice(TEXT.indexOf('  - id')).replace('[public text]', `[${'a word, '.repeat(40)}]`);
    const all = Array.from({ length: 32 }, (_, index) => one.replace('leak', `leak${index}`)).join('');
    expect(problems(TEXT.slice(0, TEXT.indexOf('  - id')) + all)).toBe('');
  });
});

it('does not substitute variables of the environment', () => {
  const text = TEXT.replace('public text', `"\${HOME:-x}"`);
  expect(problems(text) === '' ? JSON.stringify(parseRubric(text, 'x')) : '').not.toContain('/home');
});

describe('the rubric that ships', () => {
  const rubric = loadRubric('config/rubrics/default.yaml');

  it('asks what it should', () => {
    expect(rubric.criteria.map(({ id }) => id)).toEqual([
      ...['data_leakage', 'credentials', 'personal_data', 'harmful_code_or_tool_call'],
      ...['jailbreak_success', 'injection_followed', 'policy_evasion'],
    ]);
  });
});
