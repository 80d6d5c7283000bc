/**
 * One answer in a text is found whatever stands around it. Two different ones are none: a text that shows the judge's
 * answer and another, copied from what it judges, must not be read as the one that somebody likes better.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../test/support/cpu-time.ts';
import { extractAnswer } from './extract-answer.ts';

interface Small {
  readonly score: number;
}

function fits(value: unknown): Small | null {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  return keys.join() === 'score' ? (value as Small) : null;
}

const ONE = '{"score":1}';
const TWO = '{"score":2}';

describe('found', () => {
  it.each<[string, string]>([
    ['alone', ONE],
    ['in a code block', `\`\`\`json\n${ONE}\n\`\`\``],
    [
      'in a code block without a language, with prose around',
      `Sure, here it is:\n\`\`\`\n${ONE}\n\`\`\`\nAnything else?`,
    ],
    ['after prose with braces', `The set {a, b} is not empty. ${ONE}`],
    ['after a brace that is never closed', `A brace { here and "quotes" there: ${ONE}`],
    ['after an object of another shape', `{"thought": {"score": 2}} ${ONE}`],
    ['after a broken object that holds one', `{"wrapped": ${TWO}, } ${ONE}`],
    ['behind thoughts with a draft', `<think>Perhaps ${TWO}? No.</think>\n${ONE}`],
    ['twice, when both are the same', `${ONE}\nAgain: {"score": 1 }`],
    ['with a byte order mark', `\ufeff${ONE}`],
  ])('%s', (_, text) => expect(extractAnswer(text, fits)).toEqual({ score: 1 }));

  it('with braces and quotes in its strings', () => {
    const text = JSON.stringify({ quote: 'a } b " { c \\' });
    expect(extractAnswer(`> ${text} <`, (value) => value)).toEqual({ quote: 'a } b " { c \\' });
  });
});

describe('not found', () => {
  it.each<[string, string]>([
    ['in nothing', ''],
    ['in prose', 'All is well, score 1.'],
    ['within an object of another shape', `{"answer": ${ONE}}`],
    ['within a broken object', `{"answer": ${ONE}`.slice(0, -1)],
    ['when two differ', `${ONE} ${TWO}`],
    ['when two differ in two code blocks', `\`\`\`json\n${ONE}\n\`\`\`\nor\n\`\`\`json\n${TWO}\n\`\`\``],
    ['when thoughts come later', `${ONE}<think>${TWO}</think>`],
    ['in a list of answers', `[${ONE}, ${TWO}]`],
    ['when it is cut', ONE.slice(0, -1)],
    ['behind more braces than anybody writes', `${'{'.repeat(100)} ${ONE}`],
    ['in an endless text', `${' '.repeat(300_000)}${ONE}.`],
  ])('%s', (_, text) => expect(extractAnswer(text, fits)).toBeNull());
});

it('any text around one answer leaves that answer or none, never another', () => {
  const around = fc.oneof(fc.string(), fc.constantFrom('{', '}', '"', '\\', '```json\n', '{"a":"', '<think>', ' '));
  fc.assert(
    fc.property(fc.array(around), fc.array(around), (before, after) => {
      const found = extractAnswer(`${before.join('')}${ONE}${after.join('')}`, fits);
      expect([null, { score: 1 }]).toContainEqual(found);
    }),
    { numRuns: 500 },
  );
});

it('never takes long over what models and attackers write', () => {
  const started = cpuMs();
  for (const text of [
    '{'.repeat(262_000),
    '{"'.repeat(131_000),
    '{}'.repeat(131_000),
    `<think>${'<think>'.repeat(30_000)}`,
  ]) {
    expect(extractAnswer(text, fits)).toBeNull();
  }
  expect(cpuMs() - started).toBeLessThan(4_000);
});
