/**
 * Judges that ask the same model at the same address with the same key share breaker, form and connections; others share
 * nothing. While a breaker is open nobody is asked, and what a client can provoke by what it sends never opens one.
 */

import { describe, expect, it } from 'vitest';
import type { BreakerState, CallResult } from './breaker.ts';
import { createEndpoints, type EndpointConfig, type EndpointConnection, resultOf } from './endpoints.ts';
import type { JudgeReply } from './model.ts';

const LIMITS = { judge_breaker_failures: 5, judge_breaker_open: 60_000, judge_breaker_successes: 2 };
const CALL = { system: 'You judge.', user: 'this', schema: {} };
const NEVER = new AbortController().signal;

const CONFIG: EndpointConfig = {
  base_url: 'https://judge.test/v1',
  api_key: 'key-1',
  name: 'model-1',
  timeout: 30_000,
  ca_files: [],
  allow_addresses: [],
};

type Answer = () => Response | Promise<Response>;

const fine: Answer = () => Response.json({ model: 'm', choices: [{ message: { content: '{}' } }] });
const status =
  (code: number, headers: Record<string, string> = {}, error: object = {}): Answer =>
  () =>
    Response.json({ error: { message: 'x', ...error } }, { status: code, headers });
const unreachable: Answer = () => Promise.reject(new TypeError('fetch failed'));

/** Endpoints without a network: what each connection answers is what the test says at the moment. */
class World {
  now = 0;
  answer: Answer = fine;
  readonly asked: string[] = [];
  readonly changes: [string, BreakerState][] = [];
  connections = 0;
  closed = 0;
  readonly endpoints = createEndpoints({
    clock: { now: () => this.now, monotonic: () => this.now },
    limits: LIMITS,
    connect: () => this.#connect(),
    onBreaker: (model, state) => this.changes.push([model, state]),
  });

  #connect(): EndpointConnection {
    this.connections += 1;
    return {
      fetch: async (input, init) => {
        this.asked.push(String(input));
        const given = Promise.withResolvers<never>();
        init?.signal?.addEventListener('abort', () => given.reject(new DOMException('given up', 'AbortError')));
        return await Promise.race([this.answer(), given.promise]);
      },
      close: async () => {
        this.closed += 1;
      },
    };
  }

  model(over: Partial<EndpointConfig> = {}) {
    return this.endpoints.model({ ...CONFIG, ...over });
  }
}

async function askTimes(times: number, model: ReturnType<World['model']>): Promise<JudgeReply[]> {
  const replies: JudgeReply[] = [];
  for (let i = 0; i < times; i++) replies.push((await model.ask(CALL, NEVER)).reply);
  return replies;
}

describe('a breaker', () => {
  it('opens after five failures, probes after a minute, closes after two successes', async () => {
    const world = new World();
    const model = world.model();
    world.answer = status(503);
    await askTimes(5, model);
    expect(world.asked).toHaveLength(5);
    expect(await model.ask(CALL, NEVER)).toEqual({
      reply: { kind: 'failed', state: 'circuit_open', error: null, again: false, retryAfterMs: 60_000 },
      latencyMs: 0,
    });
    world.now += 60_000;
    world.answer = fine;
    expect((await askTimes(3, model)).map(({ kind }) => kind)).toEqual(['answer', 'answer', 'answer']);
    expect(world.asked).toHaveLength(8);
    expect(world.changes).toEqual([
      ['model-1', 'open'],
      ['model-1', 'half_open'],
      ['model-1', 'closed'],
    ]);
  });

  it('has one probe on its way, whoever asks', async () => {
    const world = new World();
    const models = [world.model(), world.model({ timeout: 5_000 })] as const;
    world.answer = unreachable;
    await askTimes(5, models[0]);
    world.now += 60_000;
    const held = Promise.withResolvers<Response>();
    world.answer = () => held.promise;
    const probe = models[0].ask(CALL, NEVER);
    const others = await askTimes(3, models[1]);
    expect(others.map((reply) => reply.kind === 'failed' && reply.state)).toEqual(Array(3).fill('circuit_open'));
    held.resolve(await fine());
    expect((await probe).reply.kind).toBe('answer');
    expect(world.asked).toHaveLength(6);
  });

  it('is shared by judges with the same address, model and key, and by no others', async () => {
    const world = new World();
    const [first, same, slash] = [
      world.model(),
      world.model({ timeout: 1_000 }),
      world.model({ base_url: 'https://judge.test/v1/' }),
    ];
    const others = [{ name: 'model-2' }, { api_key: 'key-2' }, { base_url: 'https://other.test/v1' }].map((over) =>
      world.model(over),
    );
    world.answer = status(500);
    await askTimes(5, first);
    world.answer = fine;
    for (const model of [same, slash]) expect((await askTimes(1, model))[0]).toMatchObject({ state: 'circuit_open' });
    for (const model of others) expect((await askTimes(1, model))[0]).toMatchObject({ kind: 'answer' });
  });

  it('takes no part in a question that was given up', async () => {
    const world = new World();
    const stop = new AbortController();
    stop.abort();
    const model = world.model();
    for (let i = 0; i < 10; i++) expect((await model.ask(CALL, stop.signal)).reply).toEqual({ kind: 'aborted' });
    expect(world.asked).toEqual([]);
    expect((await askTimes(1, model))[0]?.kind).toBe('answer');
  });
});

describe('what opens it', () => {
  it.each<[string, Answer]>([
    ['no connection', unreachable],
    ['500', status(500)],
    ['503', status(503)],
    ['a redirect', status(302)],
    ['a refused key', status(401)],
    ['a key that may not', status(403, {}, { type: 'permission_error' })],
    ['a spent quota', status(429, {}, { code: 'insufficient_quota' })],
    ['a model that is not there', status(404)],
  ])('%s', async (_, answer) => {
    const world = new World();
    world.answer = answer;
    await askTimes(20, world.model());
    expect(world.asked).toHaveLength(5);
  });

  it.each<[string, Answer]>([
    ['an answer', fine],
    ['an unusable answer', () => Response.json({})],
    ['a refusal', () => Response.json({ choices: [{ message: { refusal: 'no' } }] })],
    ['a content filter', status(400, {}, { code: 'content_filter' })],
    ['a request that is too long', status(400, {}, { code: 'context_length_exceeded' })],
    ['a request that is too large', status(413)],
    ['a request that is not understood', status(422)],
    ['a rate limit', status(429)],
    // Of a firewall before the endpoint that does not like what it reads: the text is the client's.
    ['a forbidden question', status(403)],
  ])('not %s', async (_, answer) => {
    const world = new World();
    world.answer = answer;
    await askTimes(20, world.model());
    expect(world.asked).toHaveLength(20);
  });

  it('a timeout counts only with a fair time: what waited in our own queue says nothing about the endpoint', async () => {
    const world = new World();
    world.answer = () => new Promise<Response>(() => undefined);
    const ask = async (timeout: number, withinMs: number) =>
      (await world.model({ timeout }).ask(CALL, NEVER, withinMs)).reply;
    for (let i = 0; i < 8; i++) expect(await ask(400, 5)).toMatchObject({ state: 'timeout' });
    expect(world.asked).toHaveLength(8);
    for (let i = 0; i < 8; i++) await ask(20, 10);
    expect(world.asked).toHaveLength(13);
  });

  it('not a form that the endpoint does not know', async () => {
    const world = new World();
    const refusing = status(400, {}, { message: "'response_format.type' json_schema is not supported" });
    let calls = 0;
    world.answer = () => (calls++ % 2 === 0 ? refusing() : unreachable());
    // The form is found anew each time, because no plainer one was answered.
    await askTimes(4, world.model());
    expect(world.changes).toEqual([]);
  });
});

describe('a rate limit', () => {
  it('is obeyed by all who share the endpoint', async () => {
    const world = new World();
    const model = world.model();
    world.answer = status(429, { 'retry-after': '7' });
    await askTimes(1, model);
    world.answer = fine;
    world.now += 6_000;
    expect((await askTimes(1, world.model()))[0]).toEqual({
      kind: 'failed',
      state: 'provider_error',
      error: { source: 'judge', class: 'rate_limit', status: null, code: null },
      again: true,
      retryAfterMs: 1_000,
    });
    world.now += 1_000;
    expect((await askTimes(1, model))[0]?.kind).toBe('answer');
    expect(world.asked).toHaveLength(2);
  });

  it('keeps nobody away for longer than a breaker would', async () => {
    const world = new World();
    world.answer = status(429, { 'retry-after': '86400' });
    await askTimes(1, world.model());
    world.answer = fine;
    world.now += 60_000;
    expect((await askTimes(1, world.model()))[0]?.kind).toBe('answer');
  });
});

describe('a form', () => {
  it('that one judge found out is known to the others', async () => {
    const world = new World();
    const refusing = status(400, {}, { message: "'response_format.type' json_schema is not supported" });
    let calls = 0;
    world.answer = () => (calls++ === 0 ? refusing() : fine());
    expect((await askTimes(1, world.model()))[0]).toMatchObject({ outputMode: 'json_object' });
    expect((await askTimes(1, world.model()))[0]).toMatchObject({ outputMode: 'json_object' });
    expect(calls).toBe(3);
  });
});

describe('connections', () => {
  it('are one pool an address and key, closed together', async () => {
    const world = new World();
    for (const over of [
      {},
      { name: 'model-2' },
      { timeout: 1 },
      { api_key: 'key-2' },
      { allow_addresses: ['10.0.0.0/8'] },
    ])
      world.model(over);
    expect(world.connections).toBe(3);
    await world.endpoints.close();
    expect(world.closed).toBe(3);
  });
});

it.each<[JudgeReply, CallResult]>([
  [{ kind: 'aborted' }, 'unknown'],
  [{ kind: 'failed', state: 'timeout', error: null, again: true, retryAfterMs: null }, 'failure'],
  [{ kind: 'failed', state: 'provider_error', error: null, again: true, retryAfterMs: null }, 'failure'],
  [{ kind: 'refused', text: '', model: 'm', usage: null }, 'success'],
])('%j is a %s', (reply, result) => expect(resultOf(reply)).toBe(result));
