/** Contract: what was appended is read back, line by line, at any length; a torn end is mended; other files stay whole. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LineFile, readLines } from './line-file.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lines-'));
  path = join(folder, 'lines.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const values = () => [...readLines(path)].map(({ value }) => value);

function append(...items: readonly unknown[]): void {
  using file = new LineFile<unknown>(path);
  for (const item of items) file.append(item);
}

it('has no lines when it is not there', () => expect(values()).toEqual([]));

it('gives back what was appended, and any line by its place', () => {
  const item = fc.record({ id: fc.string({ unit: 'binary' }), more: fc.string({ size: 'large', maxLength: 200_000 }) });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 8 }), (items) => {
      writeFileSync(path, '');
      append(...items);
      const whole = JSON.parse(JSON.stringify(items)) as unknown[];
      expect(values()).toEqual(whole);
      using file = new LineFile(path);
      expect([...readLines(path)].map(({ place }) => file.read(place))).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

it('is mended wherever a write was torn: whole lines stay, and the next one begins on its own', () => {
  const line = JSON.stringify({ id: 'ä', n: 2 });
  const bytes = Buffer.from(`${line}\n`);
  for (let kept = 1; kept < bytes.length; kept++) {
    writeFileSync(path, Buffer.concat([Buffer.from('{"id":1}\n'), bytes.subarray(0, kept)]));
    const known = values();
    append({ id: 3 });
    // All but its line break: then it is whole.
    expect(known).toEqual(kept === bytes.length - 1 ? [{ id: 1 }, JSON.parse(line)] : [{ id: 1 }]);
    expect(values()).toEqual([...known, { id: 3 }]);
  }
});

it.each(['plain text', 'listen:\n  port: 1', '[1, 2'])('tells what is no line, and leaves it: %j', (text) => {
  writeFileSync(path, text);
  for (const { value } of readLines(path)) {
    expect(value).toBeUndefined();
    break;
  }
  expect(readFileSync(path, 'utf8')).toBe(text);
});

it('numbers lines as an editor does, and leaves out empty ones', () => {
  writeFileSync(path, '{"a":1}\n\n{"a":2}\n');
  expect([...readLines(path)].map(({ number }) => number)).toEqual([1, 3]);
});

it('is made for its owner alone', () => {
  append({});
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it('says what cannot be read', () => {
  expect(() => [...readLines(join(folder, '..', 'x\0'))]).toThrow();
  expect(() => [...readLines(folder)]).toThrow();
});
