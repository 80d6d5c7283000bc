/**
 * Contract: equal questions of one client are one call, at one time and one after the other; nobody is answered by what
 * another client, judge or model was asked, nor by a failure; and joining costs nobody more time than asking.
 */

import { describe, expect, it, vi } from 'vitest';
import { judgeModelHandler } from '../../test/support/judge-model.ts';
import type { OriginHandler } from '../../test/support/origin.ts';
import { createJudge } from './judges.ts';
import { CONFIDENTIAL, useModels, world } from './testing/consulting.ts';
import { answering, hanging, inTurn } from './testing/judge-server.ts';

const model = useModels();

describe('the cache', () => {
  const cache = { entries: 10, ttl: 60_000, scope: 'client' } as const;

  it('answers a repeat, marked and for nothing', async () => {
    const large = await model('large-1');
    const { ask, metrics } = world({ model: large.model, cache });
    const first = await ask({ input: CONFIDENTIAL });
    const second = await ask({ input: CONFIDENTIAL, exchangeId: 'e2' });
    expect(second).toEqual({
      ...first,
      cacheHit: true,
      tokens: null,
      costUsd: null,
      latencyMs: null,
    });
    expect(metrics.cache).toEqual(['miss', 'hit']);
    expect(large.asked()).toBe(1);
  });

  it('same text, two clients, two policies, two models: four calls', async () => {
    const one = await model('large-1');
    const two = await model('large-2');
    const { ask, judge } = world({ model: one.model, cache });
    await ask();
    await ask({ client: 'team-b' });
    await ask({ judge: createJudge({ ...judge, rules: ['secrets'] }) });
    await ask({ judge: createJudge({ ...judge, model: two.model }) });
    expect(one.asked() + two.asked()).toBe(4);
  });

  it('keeps no failure', async () => {
    const large = await model('large-1', inTurn(answering(500, ''), judgeModelHandler()));
    const { ask } = world({ model: large.model, cache });
    expect((await ask()).outcome.state).toBe('provider_error');
    expect((await ask()).outcome.state).toBe('scored');
  });

  it('equal questions at one time are one call; those of another client or judge wait for nobody', async () => {
    const gate = Promise.withResolvers<void>();
    const answer = judgeModelHandler();
    const large = await model('large-1', async (...args) => {
      await gate.promise;
      return answer(...args);
    });
    const { ask, metrics } = world({ model: large.model, cache });
    const own = [1, 2, 3].map((id) => ask({ input: CONFIDENTIAL, exchangeId: `e${id}` }));
    const other = ask({ input: CONFIDENTIAL, client: 'team-b' });
    await vi.waitFor(() => expect(large.asked()).toBe(2));
    gate.resolve();
    expect((await Promise.all(own)).map(({ cacheHit }) => cacheHit)).toEqual([false, true, true]);
    expect((await other).cacheHit).toBe(false);
    expect([large.asked(), metrics.cache.toSorted()]).toEqual([2, ['hit', 'hit', 'miss', 'miss']]);
  });

  it('who joined a question that failed, or was given up, asks for itself', async () => {
    const arrived = Promise.withResolvers<void>();
    const hangs: OriginHandler = () => arrived.resolve();
    const large = await model('large-1', inTurn(hangs, judgeModelHandler()));
    const { ask } = world({ model: large.model, cache });
    const leaving = new AbortController();
    const first = ask({ signal: leaving.signal }).catch(() => 'gone');
    await arrived.promise;
    const second = ask({ exchangeId: 'e2' });
    leaving.abort();
    expect(await first).toBe('gone');
    expect(await second).toMatchObject({ outcome: { state: 'scored' }, cacheHit: false });
  });

  it('joining ends with the client and with its time, and a client that waits joins no job', async () => {
    const large = await model('large-1', hanging);
    const { ask } = world({ model: large.model, cache, timeoutMs: 80 });
    const stuck = new AbortController();
    const job = ask({ urgency: 'background', signal: stuck.signal }).catch(() => null);
    await vi.waitFor(() => expect(large.asked()).toBe(1));
    const client = ask({ exchangeId: 'e2' });
    await vi.waitFor(() => expect(large.asked()).toBe(2));
    const leaving = new AbortController();
    const left = ask({ exchangeId: 'e3', signal: leaving.signal }).catch(() => 'gone');
    leaving.abort();
    expect(await left).toBe('gone');
    const joined = ask({ exchangeId: 'e4' });
    expect((await client).outcome.state).toBe('timeout');
    expect((await joined).outcome.state).toBe('timeout');
    stuck.abort();
    await job;
  });

  it('is not asked where there is none', async () => {
    const large = await model('large-1');
    const { ask, metrics } = world({ model: large.model });
    await ask();
    await ask();
    expect([large.asked(), metrics.cache]).toEqual([2, []]);
  });
});
