/** Results outlive a killed run: whole lines count, a torn last one is cut off, the last word on a key stands. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LineFile } from '../judging/line-file.ts';
import { sampleResult } from './eval-fixtures.ts';
import { isSettled, type Result, readResults, resultKey } from './results.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eval-results-'));
  file = join(folder, 'results.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('reads back what was appended; the last line of a key stands', () => {
  const failed = sampleResult('a', { state: 'timeout', criteria: [] });
  const judged = sampleResult('a');
  const other = sampleResult('a', { judge: 'other' });
  const elsewhere = sampleResult('a', { small_endpoint: 'http://elsewhere.invalid/v1' });
  {
    using results = new LineFile<Result>(file);
    for (const result of [failed, judged, other, elsewhere]) results.append(result);
  }
  expect([...readResults(file).values()]).toEqual([judged, other, elsewhere]);
});

it('cuts off a torn last line, so that the next one begins on its own', () => {
  writeFileSync(file, `${JSON.stringify(sampleResult('ä'))}\n{"id":"b","ju`);
  expect([...readResults(file).keys()]).toEqual([resultKey(sampleResult('ä'))]);
  {
    using results = new LineFile<Result>(file);
    results.append(sampleResult('c'));
  }
  expect(readResults(file).size).toBe(2);
});

it('refuses a file of something else, untouched', () => {
  writeFileSync(file, '{"some":"log"}\n');
  expect(() => readResults(file)).toThrow(`${file}:1: this is no result of an evaluation.`);
  expect(readFileSync(file, 'utf8')).toBe('{"some":"log"}\n');
});

it.each([
  ['id', { id: 'b' }],
  ['judge', { judge: 'b' }],
  ['endpoint', { endpoint: null }],
  ['input_sha256', { input_sha256: 'b' }],
])('another %s is another judging', (_, over) => {
  expect(resultKey({ ...sampleResult('a'), ...over })).not.toBe(resultKey(sampleResult('a')));
});

it.each([
  ['scored', true],
  ['invalid_output', true],
  ['refused', true],
  ['timeout', false],
  ['provider_error', false],
  ['queue_full', false],
])('%s is settled: %s', (state, settled) => expect(isSettled(sampleResult('a', { state }))).toBe(settled));
