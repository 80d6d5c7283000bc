/**
 * Contract of mode `window`, as forwarding sees it:
 *
 * - What goes out is always a prefix of what the origin sent, and at the end all of it, or a prefix and a tail.
 * - `cleared`: nothing of a window goes out before rules and model have cleared it.
 * - `eager`: what the rules have cleared goes out; a violation that the model finds behind it cuts.
 * - A tool call goes out after the model has seen all of it, in both.
 * - An answer within the first window has one question: the one about the whole pair.
 */

import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chatRequest, EnforcedRig, pieces, type RouteOver } from './testing/enforced-rig.ts';
import { byWord, clean, FORBIDDEN, responseText, violation } from './testing/scripted-consultant.ts';
import { CHAT, readOf, STREAMS, type StreamShape } from './testing/streams.ts';

const PROSE = Array.from({ length: 30 }, (_, i) => `Sentence ${i} speaks of rivers. `).join('');
const SMALL = { tokens: 25, rules_tokens: 10, overlap_tokens: 5 };

let rig: EnforcedRig;
beforeAll(async () => {
  rig = await EnforcedRig.open({ responseCopy: 200_000 });
});
afterEach(() => {
  expect(rig.held.held).toBe(0);
  rig.consultant.questions.length = 0;
  rig.consultant.answer = byWord;
});
afterAll(() => rig[Symbol.asyncDispose]());

async function windowed(release: 'cleared' | 'eager', over: RouteOver = {}, shape: StreamShape = CHAT) {
  const exchange = await rig.begin({ mode: 'window', window: { ...SMALL, release }, ...over }, { path: shape.path });
  exchange.open();
  return exchange;
}

describe.each(['cleared', 'eager'] as const)('%s', (release) => {
  describe.each(STREAMS)('$api.name', (shape) => {
    test('a clean stream arrives byte for byte', async () => {
      const exchange = await windowed(release, {}, shape);
      const body = shape.write(PROSE, '{"to":"all of them"}');
      for (const piece of pieces(body, 333)) exchange.push(piece);
      expect((await exchange.end()).text).toBe(body);
      expect(await rig.verdict()).toMatchObject({
        mode: 'window',
        release,
        action: 'allowed',
        overall: { label: 'clean' },
        coverage: { level: 'full' },
      });
    });

    test('a violation ends it in the words of the format', async () => {
      const exchange = await windowed(release, {}, shape);
      const body = shape.write(`${PROSE}${FORBIDDEN} ${PROSE}`);
      await exchange.feed(pieces(body, 100));
      const got = await exchange.end();
      expect(got.ending.kind).toBe('block');
      expect(body.startsWith(got.before.toString())).toBe(true);
      expect(got.before.byteLength).toBeGreaterThan(0);
      expect(got.text.slice(got.before.toString().length)).not.toBe('');
      if (release === 'cleared') expect(got.text).not.toContain(FORBIDDEN);
      expect(await rig.verdict()).toMatchObject({ action: 'cut', overall: { label: 'violation' }, release });
    });

    test('a tool call waits for the model, whole', async () => {
      const exchange = await windowed(release, {}, shape);
      const call = JSON.stringify({ to: 'all', text: 'A word after another. '.repeat(30) });
      const asked: string[] = [];
      rig.consultant.answer = (question) => {
        asked.push(responseText(question));
        // Nothing of the call is out while the model reads.
        expect(readOf(shape, exchange.released.toString()).call).toBe('');
        return responseText(question).includes('A word') ? violation('response') : clean();
      };
      await exchange.feed(pieces(shape.write('Well. ', call), 50));
      const got = await exchange.end();
      expect(got.ending.kind).toBe('block');
      expect(got.text).not.toContain('A word');
      expect(asked.at(-1)).toContain('A word after another. '.repeat(30).trim());
    });

    test('a tool call that is complete does not wait for a window to be full', async () => {
      const exchange = await windowed(release, { window: { release } }, shape);
      const body = shape.write('Well. ', '{"to":"all"}');
      const last = body.lastIndexOf('\n\n', body.length - 3) + 2;
      exchange.push(body.slice(0, last));
      await rig.consultant.asked(1);
      exchange.push(body.slice(last));
      expect((await exchange.end()).text).toBe(body);
    });
  });

  test('a short answer has one question, about the whole pair', async () => {
    const exchange = await windowed(release, { window: { release } });
    exchange.push(CHAT.write('Paris.'));
    await exchange.end();
    const verdict = await rig.verdict();
    expect(verdict.windows).toBe(0);
    expect(rig.consultant.questions).toHaveLength(1);
    const view = await rig.ledger.exchange(verdict.exchange_id);
    expect(rig.consultant.questions[0]?.document).toBe(view?.content);
  });

  test('a violation in a first window is stopped with a whole answer', async () => {
    const exchange = await windowed(release, { window: { ...SMALL, rules_tokens: 1_000, release } });
    exchange.push(CHAT.write(`${FORBIDDEN} ${PROSE}`));
    const got = await exchange.end();
    if (release === 'eager') return expect(got.text).not.toBe('');
    expect(got.before.byteLength).toBe(0);
    expect(got.ending).toMatchObject({ kind: 'block', whole: { status: 403 } });
    expect(await rig.verdict()).toMatchObject({ action: 'blocked' });
  });

  test('a request that a rule refuses stops it before a byte', async () => {
    const key = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
    const route = { mode: 'window', window: { ...SMALL, release } } as const;
    const exchange = await rig.begin(route, { body: chatRequest(`My key is ${key}`) });
    exchange.open();
    await exchange.feed(pieces(CHAT.write(PROSE), 400));
    const got = await exchange.end();
    expect(got.before.byteLength).toBe(0);
    expect(await rig.verdict()).toMatchObject({ action: 'blocked', decided_by: 'rule' });
    expect(rig.consultant.questions).toEqual([]);
  });

  test.each([1, 5, 17, 1_000])('a secret in deltas of %i characters never goes out', async (size) => {
    const key = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
    const exchange = await windowed(release);
    for (const piece of pieces(CHAT.write(`${PROSE}Take the key ${key} for it. ${PROSE}`), size)) {
      exchange.push(piece);
      if (size > 1) await new Promise(setImmediate);
    }
    const got = await exchange.end();
    expect(got.ending.kind).toBe('block');
    expect(readOf(CHAT, got.before.toString()).text).not.toContain(key.slice(0, 8));
    const verdict = await rig.verdict();
    expect(verdict).toMatchObject({ decided_by: 'rule', overall: { label: 'violation' } });
    expect(verdict.rule_hits[0]).toMatchObject({ rule: 'secrets' });
    for (const { document } of rig.consultant.questions) expect(document).not.toContain(key.slice(8, 20));
  });

  test.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('a stream in %s is delivered decoded', async (contentEncoding, encode) => {
    const exchange = await rig.begin({ mode: 'window', window: { ...SMALL, release } });
    expect(exchange.open({ contentEncoding })?.body).toBe('decoded');
    const body = CHAT.write(PROSE);
    exchange.push(encode(Buffer.from(body)));
    expect((await exchange.end()).text).toBe(body);
  });

  test('a stream that is longer than its copy is judged to its end, and not cut for that', async () => {
    const long = `${'Words go on and on. '.repeat(20_000)}`;
    const exchange = await windowed(release, { window: { release, tokens: 2_000 } });
    const body = CHAT.write(long);
    await exchange.feed(pieces(body, 65_536));
    const got = await exchange.end();
    expect(got.ending.kind).toBe('deliver');
    expect(got.text).toBe(body);
    const verdict = await rig.verdict();
    expect(verdict.coverage.reasons).toContain('response_truncated');
    expect(verdict).toMatchObject({ state: 'scored', action: 'allowed', overall: { label: 'undetermined' } });
    const seen = rig.consultant.questions.slice(0, -1).reduce((sum, one) => sum + responseText(one).length, 0);
    expect(seen).toBeGreaterThanOrEqual(long.length);
  });

  test('its violation at the very end is found all the same', async () => {
    const exchange = await windowed(release, { window: { release, tokens: 2_000 } });
    const body = CHAT.write(`${'Words go on and on. '.repeat(20_000)}${FORBIDDEN}`);
    await exchange.feed(pieces(body, 65_536));
    expect((await exchange.end()).ending.kind).toBe('block');
    expect(await rig.verdict()).toMatchObject({ overall: { label: 'violation' } });
  });

  test('a client that goes away ends the questions, and the exchange is judged from the queue', async () => {
    const exchange = await windowed(release);
    rig.consultant.answer = () => new Promise(() => {});
    exchange.push(CHAT.write(PROSE));
    await rig.consultant.asked(1);
    const ended = exchange.end('client_aborted');
    exchange.gate.close();
    await ended;
    expect(rig.consultant.aborted).toBeGreaterThan(0);
    const jobs = await rig.ledger.takeJobs(10, 60_000);
    expect(jobs.at(-1)?.completed).toMatchObject({ outcome: 'client_aborted' });
  });
});

describe('cleared', () => {
  test('a window goes out with its answer, and not before', async () => {
    const exchange = await windowed('cleared');
    const answers: (() => void)[] = [];
    rig.consultant.answer = () => new Promise((resolve) => answers.push(() => resolve(clean())));
    const body = CHAT.write(PROSE);
    const half = body.length / 2;
    exchange.push(body.slice(0, half));
    await rig.consultant.asked(1);
    expect(exchange.released.byteLength).toBe(0);
    answers[0]?.();
    await exchange.receives(1);
    const first = readOf(CHAT, exchange.released.toString()).text;
    const [question] = rig.consultant.questions;
    expect(question && responseText(question)).toContain(first);
    expect(first.length).toBeGreaterThanOrEqual(SMALL.tokens * 4 - 40);
    exchange.push(body.slice(half));
    rig.consultant.answer = byWord;
    const ended = exchange.end();
    for (const answer of answers) answer();
    expect((await ended).text).toBe(body);
  });

  test('the model is shown the request, the window and the overlap before it', async () => {
    const exchange = await windowed('cleared');
    await exchange.feed(pieces(CHAT.write(PROSE), 400));
    await exchange.end();
    const [first, second] = rig.consultant.questions;
    expect(first?.input.transcript.parts[0]).toMatchObject({ side: 'request', role: 'user' });
    if (first === undefined || second === undefined) throw new Error('two windows');
    expect(PROSE).toContain(responseText(first));
    const overlap = responseText(second).slice(0, SMALL.overlap_tokens * 4);
    expect(responseText(first).endsWith(overlap.slice(0, 10)) || responseText(first).includes(overlap)).toBe(true);
    expect((await rig.verdict()).windows).toBe(rig.consultant.questions.length - 1);
  });

  test('a judge that is behind pauses the origin', async () => {
    const exchange = await windowed('cleared', { window: { ...SMALL, release: 'cleared' } });
    const answers: (() => void)[] = [];
    rig.consultant.answer = () => new Promise((resolve) => answers.push(() => resolve(clean())));
    const body = CHAT.write(PROSE.repeat(25));
    const cut = Math.floor(body.length * 0.9);
    exchange.push(body.slice(0, 8_000));
    await rig.consultant.asked(1);
    expect(exchange.paused).toBe(false);
    exchange.push(body.slice(8_000, cut));
    expect(exchange.paused).toBe(true);
    rig.consultant.answer = byWord;
    for (const answer of answers) answer();
    await rig.consultant.asked(2);
    await exchange.receives(2_000);
    await exchange.feed([body.slice(cut)]);
    expect((await exchange.end()).text).toBe(body);
  });
});

test('text that waits for an open question pauses the origin while it is far from what may be held', async () => {
  const exchange = await windowed('cleared');
  let answer = () => {};
  rig.consultant.answer = () => new Promise((resolve) => (answer = () => resolve(clean())));
  const event = (words: number) => `data: {"choices":[{"index":0,"delta":{"content":"${'word '.repeat(words)}"}}]}\n\n`;
  exchange.push(event(100));
  await rig.consultant.asked(1);
  exchange.push(event(6_000));
  expect(exchange.paused).toBe(false);
  exchange.push(event(1_000));
  expect(exchange.paused).toBe(true);
  rig.consultant.answer = byWord;
  answer();
  const rest = [CHAT.write('So it goes.')];
  await exchange.feed(rest);
  expect((await exchange.end()).text).toBe(`${event(100)}${event(6_000)}${event(1_000)}${rest}`);
});

describe('eager', () => {
  test('what rules cleared goes out while the model reads, and is cut behind it', async () => {
    const exchange = await windowed('eager');
    const answers: (() => void)[] = [];
    rig.consultant.answer = () => new Promise((resolve) => answers.push(() => resolve(violation('response'))));
    exchange.push(CHAT.write(PROSE).slice(0, -500));
    await rig.consultant.asked(1);
    await exchange.receives(2_000);
    expect(readOf(CHAT, exchange.released.toString()).text.length).toBeGreaterThan(SMALL.tokens * 4);
    answers[0]?.();
    const got = await exchange.end();
    expect(got.ending.kind).toBe('block');
    expect(got.text).toContain('"error"');
    expect(await rig.verdict()).toMatchObject({ action: 'cut', release: 'eager' });
  });

  test('at the end the text does not wait for the last question, the end of the stream does', async () => {
    const exchange = await windowed('eager', { window: { release: 'eager' } });
    const answers: (() => void)[] = [];
    rig.consultant.answer = () => new Promise((resolve) => answers.push(() => resolve(clean())));
    const body = CHAT.write('Paris is a city.');
    exchange.push(body);
    const ended = exchange.end();
    await rig.consultant.asked(1);
    const { text } = readOf(CHAT, exchange.released.toString());
    expect(text).toBe('Paris is a city.');
    expect(exchange.released.toString()).not.toContain('[DONE]');
    answers[0]?.();
    expect((await ended).text).toBe(body);
  });
});
