/**
 * The way to a model, against a real endpoint on loopback. Contract: each step that ends it says so by name; what is not
 * asked costs nothing; a client that waits has its answer within the judge's timeout, whatever it waited for; and what
 * was spent is charged before the next one asks.
 */

import { describe, expect, it, vi } from 'vitest';
import type { JudgeInput } from './input.ts';
import type { JudgeModel } from './model.ts';
import { CONFIDENTIAL, NO_LIMIT, useModels, world } from './testing/consulting.ts';
import { answering, hanging } from './testing/judge-server.ts';
import { INPUT } from './testing/judgements.ts';

const model = useModels();

describe('a question', () => {
  it('is answered by the model, and counted by route and role', async () => {
    const large = await model('large-1');
    const { ask, metrics } = world({ model: large.model });
    const consultation = await ask();
    expect(consultation).toMatchObject({
      outcome: { state: 'scored' },
      samplingProbability: 1,
      model: 'large-1',
      outputMode: 'json_schema',
      nonceOk: true,
      cacheHit: false,
      escalatedFrom: null,
      error: null,
      again: null,
    });
    const { tokens, costUsd: usd } = consultation;
    expect(usd).toBeGreaterThan(0);
    expect(metrics.calls).toEqual([
      { route: 'openai', role: 'large', state: 'scored', ms: consultation.latencyMs, tokens, usd },
    ]);
  });

  it('about something that was cut says so, and is not kept', async () => {
    const large = await model('large-1');
    const { ask } = world({ model: large.model, cache: { entries: 10, ttl: 60_000, scope: 'client' } });
    const input: JudgeInput = { ...INPUT, coverage: { level: 'partial', reasons: ['request_truncated'] } };
    expect((await ask({ input })).outcome.state).toBe('truncated_input');
    expect((await ask({ input })).cacheHit).toBe(false);
  });

  it('that was given up is null, and its turn is free', async () => {
    const large = await model('large-1', hanging);
    const { consultant, judge } = world({ model: large.model });
    const leaving = new AbortController();
    const arrived = large.next();
    const gone = consultant.consult({
      ...{ exchangeId: 'e1', judge, input: INPUT, document: '{}', client: 'a', route: 'r', sampling: 1 },
      urgency: 'inline',
      signal: leaving.signal,
    });
    await arrived;
    expect(consultant.running).toBe(1);
    leaving.abort();
    expect(await gone).toBeNull();
    expect(consultant.running).toBe(0);
  });
});

describe('the sample', () => {
  it('not drawn: nobody is asked, and the probability is kept', async () => {
    const large = await model('large-1');
    const { ask, metrics } = world({ model: large.model }, { draw: () => 0.5 });
    expect(await ask({ sampling: 0.5 })).toMatchObject({ outcome: { state: 'sampled_out' }, samplingProbability: 0.5 });
    expect(await ask({ sampling: 0.51 })).toMatchObject({ outcome: { state: 'scored' }, samplingProbability: 0.51 });
    expect(metrics.calls).toHaveLength(1);
  });

  it('a rule hit is always asked about', async () => {
    const large = await model('large-1');
    const { ask } = world({ model: large.model }, { draw: () => 0.999 });
    const hit = { rule: 'secrets', version: '1', place: 'p', preview: 'x', severity: 'low' } as const;
    expect(await ask({ sampling: 0, input: { ...INPUT, rule_hits: [hit] } })).toMatchObject({
      outcome: { state: 'scored' },
      samplingProbability: 1,
    });
  });
});

describe('the budget', () => {
  it('once spent, nobody is asked, and which one is counted', async () => {
    const large = await model('large-1');
    const budget = { ...NO_LIMIT, client_day: { tokens: 1 } };
    const { ask, metrics } = world({ model: large.model, budget });
    expect((await ask()).outcome.state).toBe('scored');
    expect(await ask()).toMatchObject({ outcome: { state: 'budget_exhausted' }, tokens: null, latencyMs: null });
    expect((await ask({ client: 'team-b' })).outcome.state).toBe('scored');
    expect(metrics.budgets).toEqual(['client_day']);
  });

  it('is asked again when the turn comes: what waited in line does not overshoot it', async () => {
    const large = await model('large-1');
    const { ask, metrics } = world(
      { model: large.model, budget: { ...NO_LIMIT, day: { tokens: 1 } } },
      { limits: { judge_queue: 10, judge_concurrency: 1 } },
    );
    const states = (await Promise.all([ask(), ask(), ask()])).map(({ outcome }) => outcome.state);
    expect(states).toEqual(['scored', 'budget_exhausted', 'budget_exhausted']);
    expect([large.asked(), metrics.budgets]).toEqual([1, ['day', 'day']]);
  });

  it('also with an endpoint that tells no tokens', async () => {
    const large = await model('large-1');
    const silent: JudgeModel = {
      name: 'large-1',
      ask: async (...call) => {
        const { reply, latencyMs } = await large.model.ask(...call);
        return { reply: reply.kind === 'answer' ? { ...reply, usage: null } : reply, latencyMs };
      },
    };
    const { ask } = world({ model: silent, budget: { ...NO_LIMIT, day: { tokens: 1 } } });
    expect(await ask()).toMatchObject({ outcome: { state: 'scored' }, tokens: null, costUsd: null });
    expect((await ask()).outcome.state).toBe('budget_exhausted');
  });

  it('also by a client that always leaves before the answer', async () => {
    const large = await model('large-1', hanging);
    const budget = { ...NO_LIMIT, client_day: { tokens: 1 } };
    const { ask } = world({ model: large.model, budget });
    const leaving = new AbortController();
    const arrived = large.next();
    const gone = ask({ signal: leaving.signal }).catch(() => 'gone');
    await arrived;
    leaving.abort();
    expect(await gone).toBe('gone');
    expect((await ask()).outcome.state).toBe('budget_exhausted');
  });

  it('a repeat costs nothing and is answered when it is spent', async () => {
    const large = await model('large-1');
    const cache = { entries: 10, ttl: 60_000, scope: 'client' } as const;
    const { ask } = world({ model: large.model, cache, budget: { ...NO_LIMIT, day: { tokens: 1 } } });
    await ask();
    expect(await ask()).toMatchObject({ outcome: { state: 'scored' }, cacheHit: true });
  });
});

describe('two models', () => {
  it('the small one alone, when it is sure', async () => {
    const [small, large] = [await model('small-1'), await model('large-1')];
    const { ask, metrics } = world({ model: large.model, smallModel: small.model });
    expect(await ask()).toMatchObject({ outcome: { state: 'scored' }, model: 'small-1', escalatedFrom: null });
    expect(metrics.calls.map(({ role }) => role)).toEqual(['small']);
    expect(large.asked()).toBe(0);
  });

  it('both, when it found something grave; each by its own price', async () => {
    const [small, large] = [await model('small-1'), await model('large-1')];
    const { ask, metrics } = world({ model: large.model, smallModel: small.model });
    const consultation = await ask({ input: CONFIDENTIAL });
    expect(consultation).toMatchObject({ model: 'large-1', escalatedFrom: 'small-1' });
    const [first, second] = metrics.calls;
    expect([first?.role, second?.role]).toEqual(['small', 'large']);
    expect(second?.usd).toBeCloseTo((first?.usd ?? 0) * 10);
    expect(consultation.costUsd).toBeCloseTo((first?.usd ?? 0) * 11);
  });

  it('the small one fails: the larger one is asked', async () => {
    const [small, large] = [await model('small-1', answering(500, '')), await model('large-1')];
    const { ask } = world({ model: large.model, smallModel: small.model });
    expect(await ask()).toMatchObject({ outcome: { state: 'scored' }, model: 'large-1', error: null });
  });

  it('the larger one fails after a violation: it stands, under the name of the failure', async () => {
    const [small, large] = [await model('small-1'), await model('large-1', answering(500, ''))];
    const { ask } = world({ model: large.model, smallModel: small.model });
    const { outcome, again } = await ask({ input: CONFIDENTIAL });
    expect(outcome.state).toBe('provider_error');
    expect(outcome.answer?.criteria[0]?.score).toBe(3);
    expect(again).toEqual({ state: 'provider_error', afterMs: null });
  });

  it('the budget ends between them: the violation stands', async () => {
    const [small, large] = [await model('small-1'), await model('large-1')];
    const budget = { ...NO_LIMIT, day: { tokens: 1 } };
    const { ask } = world({ model: large.model, smallModel: small.model, budget });
    const { outcome } = await ask({ input: CONFIDENTIAL });
    expect([outcome.state, outcome.answer?.criteria[0]?.score, large.asked()]).toEqual(['budget_exhausted', 3, 0]);
  });

  it('a small one that hangs leaves time for the larger, and the client waits no longer than the judge’s timeout', async () => {
    const [small, large] = [await model('small-1', hanging), await model('large-1')];
    const { ask } = world({ model: large.model, smallModel: small.model, timeoutMs: 600 });
    expect(await ask()).toMatchObject({ outcome: { state: 'scored' }, model: 'large-1', escalatedFrom: 'small-1' });
  });
});

describe('turns', () => {
  it('a client’s wait counts towards the timeout: every turn taken, and it has its answer on time', async () => {
    const large = await model('large-1', hanging);
    const { ask, consultant } = world(
      { model: large.model, timeoutMs: 50 },
      { limits: { judge_queue: 5, judge_concurrency: 1 } },
    );
    const first = large.next();
    const stuck = new AbortController();
    const background = ask({ urgency: 'background', signal: stuck.signal }).catch(() => null);
    await first;
    expect(await ask()).toMatchObject({ outcome: { state: 'timeout' }, latencyMs: null, tokens: null });
    // On time: the one that has the turn is still with the model.
    expect([large.asked(), consultant.running]).toEqual([1, 1]);
    stuck.abort();
    await background;
    expect(consultant.running).toBe(0);
  });

  it('what is left of it binds the call', async () => {
    const large = await model('large-1', hanging);
    const { ask } = world({ model: large.model, timeoutMs: 50 });
    expect(await ask()).toMatchObject({ outcome: { state: 'timeout' }, again: { state: 'timeout' } });
  });

  it('a full line is said at once', async () => {
    const large = await model('large-1', hanging);
    const { ask, consultant } = world({ model: large.model }, { limits: { judge_queue: 1, judge_concurrency: 1 } });
    const ended = new AbortController();
    const first = large.next();
    const waiting = [0, 1].map(() => ask({ signal: ended.signal }).catch(() => null));
    await first;
    await vi.waitFor(() => expect(consultant.waiting('inline')).toBe(1));
    expect((await ask()).outcome.state).toBe('queue_full');
    ended.abort();
    await Promise.all(waiting);
  });
});
