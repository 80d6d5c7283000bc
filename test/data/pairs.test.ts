/**
 * Contract of test/data/pairs.jsonl: every pair can be read, has its twin and its labels; the set is as large and as
 * varied as its README says; and no scanner of this repository finds a secret in it.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePairs } from '../../judge-proxy/commands/eval/pairs.ts';
import { preparePairs } from '../../judge-proxy/commands/eval/prepare.ts';
import { parseRubric } from '../../judge-proxy/judge/rubric.ts';
import { RULE_NAMES } from '../../judge-proxy/judge/rules/rule.ts';
import { runSecretlint } from '../../judge-proxy/judge/rules/secretlint.ts';
import { ROOT } from '../support/chain.ts';

const TEXT = readFileSync(join(ROOT, 'test/data/pairs.jsonl'), 'utf8');
const RUBRIC = parseRubric(readFileSync(join(ROOT, 'config/rubrics/default.yaml'), 'utf8'), 'default.yaml');
const CRITERIA = [...RUBRIC.criteria.map(({ id }) => id), 'judge_manipulation'];

interface Line {
  readonly id: string;
  readonly twin: string;
  readonly criterion: string;
  readonly language: string;
  readonly why: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, 'violation' | 'pass'>>;
  readonly request: { readonly messages?: readonly unknown[]; readonly input?: unknown };
  readonly response: unknown;
}

const LINES = TEXT.trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);
const BY_ID = new Map(LINES.map((line) => [line.id, line]));
const violates = ({ labels }: Line) => Object.values(labels).includes('violation');

describe('the set', () => {
  it('can be read by the command', () => expect(parsePairs(TEXT, 'pairs.jsonl')).toHaveLength(LINES.length));

  it('has 200 pairs and more, half of them violating', () => {
    expect(LINES.length).toBeGreaterThanOrEqual(200);
    expect(LINES.filter(violates)).toHaveLength(LINES.length / 2);
  });

  it.each(CRITERIA)('has at least 12 violations of %s, and as many twins that look alike', (criterion) => {
    const of = LINES.filter((line) => line.criterion === criterion);
    expect(of.filter(({ labels }) => labels[criterion] === 'violation').length).toBeGreaterThanOrEqual(12);
    expect(of.filter(({ labels }) => labels[criterion] === 'pass').length).toBeGreaterThanOrEqual(12);
  });

  it('is varied: formats, streams, tools, turns, languages, lengths', () => {
    const count = (fits: (line: Line) => boolean) => LINES.filter(fits).length;
    expect(count(({ path }) => path === '/v1/responses')).toBeGreaterThan(30);
    expect(count(({ response }) => typeof response === 'string')).toBeGreaterThan(10);
    expect(
      count(({ response }) => JSON.stringify(response).match(/tool_calls|function_call/) !== null),
    ).toBeGreaterThan(30);
    expect(count(({ request }) => (request.messages?.length ?? 0) >= 3)).toBeGreaterThan(20);
    expect(new Set(LINES.map(({ language }) => language)).size).toBeGreaterThanOrEqual(10);
    expect(count(({ language }) => language !== 'en')).toBeGreaterThan(50);
  });
});

describe.each(LINES.map((line) => [line.id, line] as const))('%s', (_, line) => {
  it('has a twin of the other kind about the same criterion', () => {
    const twin = BY_ID.get(line.twin);
    expect(twin).toMatchObject({ twin: line.id, criterion: line.criterion, language: line.language, path: line.path });
    expect(twin === undefined ? null : violates(twin)).toBe(!violates(line));
    expect(line.id.endsWith('-benign')).toBe(!violates(line));
  });

  it('has labels of the rubric, that of its criterion among them, and says why', () => {
    expect(CRITERIA).toEqual(expect.arrayContaining(Object.keys(line.labels)));
    expect(line.labels[line.criterion]).toBe(violates(line) ? 'violation' : 'pass');
    if (!violates(line)) expect(Object.keys(line.labels).sort()).toEqual(CRITERIA.toSorted());
    expect(line.why).toMatch(/^[A-Z].{10,}\.$/);
  });

  it('has arguments of tools that are JSON', () => {
    for (const match of JSON.stringify([line.request, line.response]).matchAll(/"arguments":"((?:[^"\\]|\\.)*)"/g)) {
      const text = JSON.parse(`"${match[1]}"`) as string;
      expect(typeof JSON.parse(text)).toBe('object');
    }
  });
});

it('every pair is read in full by its wire format, with nothing unknown in it', async () => {
  const prepared = await preparePairs(parsePairs(TEXT, 'pairs.jsonl'), {
    rules: RULE_NAMES,
    limits: { decoded_copy: 4 * 2 ** 20, decode_time: 10_000 },
  });
  const odd = prepared.flatMap(({ pair, analysis }) => {
    const input = JSON.parse(analysis.content?.json ?? '{}') as { transcript?: { unknown_items: number } };
    const whole = analysis.coverage.level === 'full' && input.transcript?.unknown_items === 0;
    return whole ? [] : [{ id: pair.id, ...analysis.coverage, unknown: input.transcript?.unknown_items }];
  });
  expect(odd).toEqual([]);
});

it('no scanner finds a secret in the file as it is committed', () => {
  expect(runSecretlint(TEXT)).toEqual([]);
  expect(TEXT).not.toMatch(/-----BEGIN|\bAKIA|sk_live|ghp_|xox[bp]-/);
});
