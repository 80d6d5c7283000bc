/** Contract: any record is LogsData of OTLP to the protocol's own generated classes (package opentelemetry-proto). */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pythonWithClients } from '../../test/support/python.ts';
import { lineOf } from './formats.ts';
import { unixNano } from './otlp-values.ts';
import { anyItem } from './testing/arbitrary-items.ts';

const PYTHON = pythonWithClients();

describe.skipIf(PYTHON === null)('OTLP, read by others', () => {
  it('is read whole, and is the same when it is written again', async () => {
    const items = fc.sample(anyItem, { numRuns: 300, seed: 1 });
    const text = items.map((item) => lineOf(item, { format: 'otlp', strict: false })).join('');
    const read = await python(text);
    const lines = (all: string) =>
      all
        .trim()
        .split('\n')
        .map((line) => withoutZeros(JSON.parse(line)));
    expect(lines(read)).toEqual(lines(text));
  }, 60_000);

  it('does refuse: a name that the protocol has not', async () => {
    await expect(python('{"resourceLogs":[{"logs":[]}]}\n')).rejects.toThrow(/no field named "logs"/);
  }, 60_000);
});

describe('times', () => {
  it.each([
    [0, '0'],
    [1.5, '2000000'],
    [1_763_700_000_123, '1763700000123000000'],
    [-1, '0'],
    [Date.parse('9999-12-31'), '0'],
  ])('%d ms is %s ns', (ms, nano) => {
    expect(unixNano(ms)).toBe(nano);
  });
});

/** A time of zero is left out when it is written: zero is what a missing one means. */
function withoutZeros(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item) => (key === 'timeUnixNano' && item === '0' ? undefined : item)));
}

async function python(input: string): Promise<string> {
  const script = join(import.meta.dirname, 'testing/otlp.py');
  const ran = promisify(execFile)(PYTHON ?? '', [script], { env: { PYTHONUTF8: '1' }, maxBuffer: 64 * 1024 * 1024 });
  ran.child.stdin?.end(input);
  return (await ran).stdout;
}
