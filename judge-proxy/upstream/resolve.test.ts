/** The cache in front of DNS, on a clock of the test: what is kept, for how long, and how many. */

import { describe, expect, it } from 'vitest';
import { ProxyError } from '../errors.ts';
import { type Answer, CachingResolver, type Lookup } from './resolve.ts';

class TestClock {
  time = 0;
  now(): number {
    return this.time;
  }
  monotonic(): number {
    return this.time;
  }
}

function setUp(answers: (Answer | Error)[], options: { maxNames?: number; timeoutMs?: number } = {}) {
  const clock = new TestClock();
  const asked: string[] = [];
  const lookup: Lookup = async (name) => {
    asked.push(name);
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer');
    return answer;
  };
  return { clock, asked, resolver: new CachingResolver({ lookup, clock, timeoutMs: 1_000, ...options }) };
}

const at = (ip: string, ttlMs = 10_000): Answer => ({ addresses: [ip], ttlMs });

describe('an answer', () => {
  it('is kept for its TTL and asked anew after it', async () => {
    const { clock, asked, resolver } = setUp([at('10.0.0.1'), at('10.0.0.2')]);
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.1']);
    clock.time = 9_999;
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.1']);
    clock.time = 10_000;
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.2']);
    expect(asked).toHaveLength(2);
  });

  it('is kept for 30 s at most, and with TTL 0 not at all', async () => {
    const { clock, asked, resolver } = setUp([at('10.0.0.1', 86_400_000), at('10.0.0.2', 0), at('10.0.0.3')]);
    await resolver.resolve('a.test');
    clock.time = 30_000;
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.2']);
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.3']);
    expect(asked).toHaveLength(3);
  });

  it('is asked for once, however many wait for it', async () => {
    const { asked, resolver } = setUp([at('10.0.0.1')]);
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('a.test')));
    expect(asked).toEqual(['a.test']);
  });
});

describe('a failure', () => {
  it('is kept for a second', async () => {
    const { clock, asked, resolver } = setUp([new ProxyError('dns_failed', { reason: 'ENOTFOUND' }), at('10.0.0.1')]);
    const failure = { code: 'dns_failed', reason: 'ENOTFOUND' };
    await expect(resolver.resolve('a.test')).rejects.toMatchObject(failure);
    clock.time = 999;
    await expect(resolver.resolve('a.test')).rejects.toMatchObject(failure);
    clock.time = 1_000;
    expect(await resolver.resolve('a.test')).toEqual(['10.0.0.1']);
    expect(asked).toHaveLength(2);
  });

  it('is coded whatever went wrong, and an empty answer is one', async () => {
    const { resolver } = setUp([new Error('queryA ESECRET internal.host'), { addresses: [], ttlMs: 1 }]);
    await expect(resolver.resolve('a.test')).rejects.toMatchObject({ code: 'dns_failed', reason: 'unknown' });
    await expect(resolver.resolve('b.test')).rejects.toMatchObject({ code: 'dns_failed', reason: 'ENODATA' });
  });

  it('comes after the time limit, and ends the query', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const lookup: Lookup = (_name, signal) => {
      signal.addEventListener('abort', () => resolve());
      return new Promise(() => undefined);
    };
    const resolver = new CachingResolver({ lookup, clock: new TestClock(), timeoutMs: 20 });
    await expect(resolver.resolve('a.test')).rejects.toMatchObject({ code: 'dns_failed', reason: 'timeout' });
    await ended;
  });
});

it('10,000 names leave the cache bounded, and the youngest are in it', async () => {
  const { asked, resolver } = setUp([at('10.0.0.1')], { maxNames: 100 });
  for (let i = 0; i < 10_000; i += 1) await resolver.resolve(`host-${i}.test`);
  expect(resolver.size).toBe(100);
  await resolver.resolve('host-9999.test');
  expect(asked).toHaveLength(10_000);
});
