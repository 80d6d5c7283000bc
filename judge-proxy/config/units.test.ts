import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

describe('durations', () => {
  test.each([
    ['1ms', 1],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    [''],
    ['30'],
    ['s'],
    ['30 s'],
    [' 30s'],
    ['-1s'],
    ['1S'],
    ['1sec'],
    ['1e3s'],
    ['1,5s'],
    ['1h30m'],
    ['1toString'],
    [`${'9'.repeat(20)}s`],
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [1, '1ms'],
    [1_500, '1500ms'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [172_800_000, '2d'],
  ])('%i is written %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e15 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['1B', 1],
    ['1KB', 1_000],
    ['1KiB', 1_024],
    ['1.5KiB', 1_536],
    ['4MiB', 4_194_304],
    ['1GB', 1e9],
    ['2GiB', 2_147_483_648],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([[''], ['1'], ['1kb'], ['1KIB'], ['1b'], ['1 KiB'], ['KiB']])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  test('what is written is read again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e15 }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});
