/**
 * Contract: bounded in number and in age, least recently used first; a key depends on the secret, the client, the judge
 * and every character of the document, and nothing can move from one of them to the next.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheKey, VerdictCache } from './verdict-cache.ts';

const SECRET = Buffer.alloc(32, 1);

function cacheOf(entries: number, ttl = 1_000) {
  const clock = { time: 0, monotonic: () => clock.time };
  return { clock, cache: new VerdictCache<string>({ entries, ttl }, clock) };
}

describe('the cache', () => {
  it('keeps what was used last', () => {
    const { cache } = cacheOf(2);
    cache.set('a', '1');
    cache.set('b', '2');
    cache.get('a');
    cache.set('c', '3');
    expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual(['1', null, '3']);
  });

  it('forgets with age, and being read makes nothing younger', () => {
    const { cache, clock } = cacheOf(2);
    cache.set('a', '1');
    clock.time = 999;
    expect(cache.get('a')).toBe('1');
    clock.time = 1_000;
    expect(cache.get('a')).toBeNull();
    expect(cache.size).toBe(0);
  });

  it('keeps nothing with 0 entries', () => {
    const { cache } = cacheOf(0);
    cache.set('a', '1');
    expect(cache.size).toBe(0);
  });

  it('never holds more than it may', () => {
    const { cache } = cacheOf(10);
    for (let index = 0; index < 1_000; index++) cache.set(`${index}`, '');
    expect(cache.size).toBe(10);
  });
});

describe('the key', () => {
  const given = fc.tuple(fc.option(fc.string()), fc.string(), fc.string());

  it('is different for everything that is different', () => {
    fc.assert(
      fc.property(given, given, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(cacheKey(SECRET, ...a) === cacheKey(SECRET, ...b)).toBe(same);
      }),
    );
  });

  it.each<[string, Parameters<typeof cacheKey>]>([
    ['another secret', [Buffer.alloc(32, 2), 'team-a', 'hash', 'text']],
    ['another client', [SECRET, 'team-b', 'hash', 'text']],
    ['any client', [SECRET, null, 'hash', 'text']],
    ['another judge', [SECRET, 'team-a', 'hash2', 'text']],
    ['another text', [SECRET, 'team-a', 'hash', 'text2']],
    ['a text that starts with the end of the judge', [SECRET, 'team-a', 'has', 'htext']],
  ])('%s', (_, other) => {
    const key = cacheKey(SECRET, 'team-a', 'hash', 'text');
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(cacheKey(...other)).not.toBe(key);
  });
});
