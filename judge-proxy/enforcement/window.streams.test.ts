/**
 * Contract: whatever a stream is made of and however it is cut into chunks, what goes out is a prefix of it; at the end
 * all of it, or a prefix and a tail. What is no stream of a known format is held.
 */

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EnforcedRig, pieces, type RouteOver } from './testing/enforced-rig.ts';
import { byWord, FORBIDDEN } from './testing/scripted-consultant.ts';
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

describe('what is not a stream of a known format is held', () => {
  test.each([
    ['JSON', '/v1/chat/completions', { contentType: 'application/json' }],
    ['an unknown endpoint', '/v1/other', {}],
    ['an unknown coding', '/v1/chat/completions', { contentEncoding: 'compress' }],
  ])('%s', async (_name, path, head) => {
    const route = { mode: 'window', on_judge_failure: 'allow' } as const;
    const exchange = await rig.begin(route, { path });
    expect(exchange.open(head)?.body).toBe('as_sent');
    exchange.push(CHAT.write(PROSE));
    expect(exchange.released.byteLength).toBe(0);
    const got = await exchange.end();
    expect(got.before.byteLength).toBe(0);
    expect(got.text).toBe(CHAT.write(PROSE));
    expect(await rig.verdict()).toMatchObject({ mode: 'window', release: 'cleared', windows: 0 });
  });
});

describe('good streams pass unchanged', () => {
  test.each([
    ['comments', ': OPENROUTER PROCESSING\n\n', ''],
    ['a comment in the middle', '', ': ping\n\n'],
    ['empty choices', 'data: {"id":"x","object":"chat.completion.chunk","choices":[]}\n\n', ''],
    ['an unknown event', 'event: surprise\ndata: {"new":true}\n\n', ''],
    ['no JSON at all', 'data: hello there\n\n', ''],
    ['a byte order mark', '\ufeff', ''],
    ['blank lines', '\n\n\r\n\r\n', '\r\r'],
  ])('%s', async (_name, before, between) => {
    for (const release of ['cleared', 'eager'] as const) {
      const exchange = await windowed(release, { on_judge_failure: 'allow' });
      const body = `${before}${CHAT.write(PROSE).replace('\n\ndata', `\n\n${between}data`)}`;
      for (const piece of pieces(body, 99)) exchange.push(piece);
      expect((await exchange.end()).text).toBe(body);
    }
  });

  test('an event that is not whole at the end is delivered as it came', async () => {
    const exchange = await windowed('cleared', { on_judge_failure: 'allow' });
    const body = CHAT.write(PROSE).slice(0, -20);
    exchange.push(body);
    expect((await exchange.end()).text).toBe(body);
  });
});

describe('for every stream in every chunking', () => {
  const words = fc.array(fc.constantFrom('a', 'river', 'and', 'ü😀', 'Brücke,', 'x'.repeat(30), FORBIDDEN), {
    maxLength: 120,
  });
  const shape = fc.constantFrom(...STREAMS);
  const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 });
  const call = fc.option(fc.constant('{"to":"x","body":"some words that are long enough for it"}'), { nil: undefined });
  const release = fc.constantFrom('cleared' as const, 'eager' as const);
  const yields = fc.boolean();

  test('what goes out is a prefix, and what is stopped ends in a tail', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(shape, words, call, cuts, release, yields, fc.boolean(), async (...drawn) => {
        const [format, list, args, lengths, how, slow, comments] = drawn;
        const text = list.join(' ');
        const body = Buffer.from(format.write(text, args).replaceAll('\n\n', comments ? '\n\n: ping\n\n' : '\n\n'));
        const { call: whole } = readOf(format, body.toString());
        const exchange = await windowed(how, {}, format);
        let at = 0;
        for (const length of [...lengths, body.length]) {
          if (at >= body.length) break;
          exchange.push(body.subarray(at, at + length));
          at += length;
          // Nothing of a call is out unless it is out whole.
          const { call: seen } = readOf(format, exchange.released.toString());
          expect([whole, '']).toContain(seen);
          if (slow) await new Promise(setImmediate);
        }
        const got = await exchange.end();
        expect(body.subarray(0, got.before.length).equals(got.before)).toBe(true);
        if (text.includes(FORBIDDEN)) {
          expect(got.ending.kind).toBe('block');
          if (how === 'cleared') expect(readOf(format, got.before.toString()).text).not.toContain(FORBIDDEN);
        } else {
          expect(got.ending.kind).toBe('deliver');
          expect(got.text).toBe(body.toString());
        }
        expect(rig.held.held).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
