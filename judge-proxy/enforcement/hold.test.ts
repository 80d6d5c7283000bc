/**
 * Contract of mode `hold`, as forwarding sees it:
 *
 * - Nothing of the answer goes out before its verdict; then all of it, byte for byte, or a block in its place.
 * - Record and verdict are committed before the first byte.
 * - What is held is bounded, for one answer and for all, and given back in every end.
 */

import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { streamOf } from '../judge/testing/captures.ts';
import { chatRequest, EnforcedRig, pieces, type RigOptions } from './testing/enforced-rig.ts';
import { clean, FORBIDDEN } from './testing/scripted-consultant.ts';

const open: EnforcedRig[] = [];
async function rig(options: RigOptions = {}): Promise<EnforcedRig> {
  const made = await EnforcedRig.open(options);
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const made of open.splice(0)) {
    expect(made.held.held).toBe(0);
    await made[Symbol.asyncDispose]();
  }
});

const JSON_HEAD = { contentType: 'application/json' };
const answer = (content: string) =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5-mini',
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
  });

describe('an answer', () => {
  test.each([
    ['JSON', JSON_HEAD, answer('Paris.')],
    ['events', {}, streamOf('Paris.')],
  ])('that is clean goes out as it came: %s', async (_name, head, body) => {
    const { exchange, made } = await held({ head });
    for (const piece of pieces(body, 7)) exchange.push(piece);
    expect(exchange.released.byteLength).toBe(0);
    const got = await exchange.end();
    expect(got.before.byteLength).toBe(0);
    expect(got.text).toBe(body);
    expect(await made.verdict()).toMatchObject({
      mode: 'hold',
      subject: 'exchange',
      action: 'allowed',
      state: 'scored',
      overall: { label: 'clean' },
      release: null,
      windows: 0,
    });
  });

  test.each([
    ['JSON', JSON_HEAD, answer(`It is ${FORBIDDEN}.`)],
    ['events', {}, streamOf(`It is ${FORBIDDEN}.`)],
  ])('with a violation does not: %s', async (_name, head, body) => {
    const { exchange, made } = await held({ head });
    exchange.push(body);
    const got = await exchange.end();
    expect(got.ending).toMatchObject({ kind: 'block', whole: { status: 403 }, tail: null });
    expect(got.text).not.toContain(FORBIDDEN);
    const verdict = await made.verdict();
    expect(verdict).toMatchObject({ action: 'blocked', decided_by: 'model', overall: { label: 'violation' } });
    expect(got.ending.kind === 'block' && got.ending.whole.headers).toEqual(
      expect.arrayContaining(['x-judge-code', 'blocked_by_judge', 'x-judge-verdict-id', verdict.verdict_id]),
    );
    const view = await made.ledger.exchange(verdict.exchange_id);
    expect(view?.completed?.outcome).toBe('blocked');
  });

  test('with a secret is stopped by rule, and no model is asked', async () => {
    const { exchange, made } = await held({ head: JSON_HEAD });
    exchange.push(answer(`The key is ${secret()}.`));
    const got = await exchange.end();
    expect(got.ending.kind).toBe('block');
    expect(got.text).not.toContain(secret().slice(0, 20));
    expect(made.consultant.questions).toEqual([]);
    expect(await made.verdict()).toMatchObject({
      action: 'blocked',
      state: 'rules_only',
      decided_by: 'rule',
      coverage: { reasons: ['stopped'] },
    });
  });

  test('waits until record and verdict are committed', async () => {
    const { exchange, made } = await held();
    exchange.push(streamOf('Paris.'));
    await exchange.end();
    const verdict = await made.verdict();
    expect((await made.ledger.exchange(verdict.exchange_id))?.completed?.content_sha256).toBe(verdict.input_sha256);
    expect(made.counted.map(({ verdict_id }) => verdict_id)).toEqual([verdict.verdict_id]);
  });

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('in %s goes out in it', async (contentEncoding, encode) => {
    const { exchange } = await held({ head: { contentEncoding } });
    expect(exchange.gate.body).toBe('as_sent');
    const body = encode(Buffer.from(streamOf('Paris.')));
    exchange.push(body);
    expect((await exchange.end()).body).toBe(body.toString('latin1'));
  });
});

describe('more than may be held', () => {
  const long = streamOf('word '.repeat(300));

  test.each([
    ['of one answer', { heldCopy: 1_000 }],
    ['of all together', { held: 1_000 }],
  ])('%s: block stops it', async (_name, options) => {
    const { exchange, made } = await held({ options });
    for (const piece of pieces(long, 500)) exchange.push(piece);
    expect(exchange.stopped).toBe(true);
    const got = await exchange.end();
    expect(got.ending.kind).toBe('block');
    expect(got.before.byteLength).toBe(0);
    expect(await made.verdict()).toMatchObject({ action: 'blocked', overall: { label: 'undetermined' } });
    expect((await made.verdict()).coverage.reasons).toContain('stopped');
  });

  test.each(['allow', 'review'] as const)('%s delivers it, and has it judged afterwards', async (on_judge_failure) => {
    const { exchange, made } = await held({ options: { heldCopy: 1_000 }, on_judge_failure });
    for (const piece of pieces(long, 500)) exchange.push(piece);
    expect(exchange.released.toString()).toBe(long);
    const got = await exchange.end();
    expect(got.text).toBe(long);
    expect(made.consultant.questions).toEqual([]);
    const [job] = await made.ledger.takeJobs(10, 1_000);
    expect(job?.completed.coverage.reasons).toContain('not_held');
  });
});

describe('keep-alive comments', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  test('keep the client, and the answer follows them', async () => {
    const { exchange } = await held({ keep_alive: '5s' });
    exchange.push(streamOf('Paris.'));
    vi.advanceTimersByTime(11_000);
    expect(exchange.released.toString()).toBe(': keep-alive\n\n: keep-alive\n\n');
    expect((await exchange.end()).text).toBe(`: keep-alive\n\n: keep-alive\n\n${streamOf('Paris.')}`);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('turn a block into an error inside the stream', async () => {
    const { exchange, made } = await held({ keep_alive: '5s' });
    exchange.push(streamOf(FORBIDDEN));
    vi.advanceTimersByTime(5_000);
    const got = await exchange.end();
    expect(got.text).toMatch(/^: keep-alive\n\ndata: \{"error":/);
    expect(got.text).not.toContain(FORBIDDEN);
    // Nothing of the answer was told.
    expect((await made.verdict()).action).toBe('blocked');
  });

  test('or into an answer of its own, where the route says so', async () => {
    const { exchange } = await held({ keep_alive: '5s', block: { style: 'finish' } });
    exchange.push(streamOf(FORBIDDEN));
    vi.advanceTimersByTime(5_000);
    const { text } = await exchange.end();
    expect(text).toMatch(/^: keep-alive\n\ndata: \{"id":/);
    expect(text).toMatch(/"finish_reason":"content_filter".*\n\ndata: \[DONE\]\n\n$/s);
    expect(text).not.toContain(FORBIDDEN);
  });

  test('a coded stream is decoded for them', async () => {
    const { exchange } = await held({ keep_alive: '5s', head: { contentEncoding: 'gzip' } });
    expect(exchange.gate.body).toBe('decoded');
    exchange.push(gzipSync(streamOf('Paris.')));
    vi.advanceTimersByTime(5_000);
    expect((await exchange.end()).text).toBe(`: keep-alive\n\n${streamOf('Paris.')}`);
  });

  test('do not stand in the middle of an event that passes unjudged', async () => {
    const mode = { mode: 'window', keep_alive: '5s', on_judge_failure: 'allow' } as const;
    const { exchange } = await held({ options: { heldCopy: 1_000 }, ...mode });
    const body = streamOf('word '.repeat(2_000), 3_000);
    const half = body.length - 2_000;
    exchange.push(body.slice(0, half));
    vi.advanceTimersByTime(60_000);
    exchange.push(body.slice(half));
    vi.advanceTimersByTime(60_000);
    expect((await exchange.end()).text).toBe(body);
  });

  test('end when the client goes away', async () => {
    const { exchange } = await held({ keep_alive: '5s' });
    exchange.gate.close();
    vi.advanceTimersByTime(60_000);
    expect(exchange.released.byteLength).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await exchange.end('client_aborted');
  });

  test('are for event streams only', async () => {
    const { exchange } = await held({ keep_alive: '5s', head: JSON_HEAD });
    vi.advanceTimersByTime(60_000);
    expect(exchange.released.byteLength).toBe(0);
    exchange.push(answer('Paris.'));
    await exchange.end();
  });
});

test('a coded stream that is damaged is stopped: what is decoded cannot be taken back to what was sent', async () => {
  const { exchange, made } = await held({
    keep_alive: '5s',
    head: { contentEncoding: 'gzip' },
    on_judge_failure: 'allow',
  });
  exchange.push('this is not gzip');
  const got = await exchange.end();
  expect(got.ending.kind).toBe('block');
  expect((await made.verdict()).action).toBe('blocked');
});

test('the model sees what the ledger keeps', async () => {
  const { exchange, made } = await held({ head: JSON_HEAD, request: chatRequest('Hello', false) });
  made.consultant.answer = clean;
  exchange.push(answer('Paris.'));
  await exchange.end();
  const verdict = await made.verdict();
  const view = await made.ledger.exchange(verdict.exchange_id);
  expect(made.consultant.questions.map(({ document }) => document)).toEqual([view?.content]);
  expect(made.consultant.questions[0]).toMatchObject({
    urgency: 'inline',
    client: 'address:10.0.0.7',
    route: 'openai',
  });
});

interface Over {
  readonly options?: RigOptions;
  readonly head?: Parameters<Awaited<ReturnType<EnforcedRig['begin']>>['open']>[0];
  readonly mode?: 'hold' | 'window';
  readonly keep_alive?: string;
  readonly block?: { readonly style: 'finish' };
  readonly on_judge_failure?: 'allow' | 'block' | 'review';
  readonly request?: string;
}

async function held({ options, head, request, ...route }: Over = {}) {
  const made = await rig(options);
  const exchange = await made.begin(route, request === undefined ? {} : { body: request });
  exchange.open(head);
  return { made, exchange };
}

/** Put together here, so that no scanner takes this file for a leak. */
function secret(): string {
  return ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
}
