/**
 * Contract: an answer is judged whatever its origin calls it. A status of errors, a coding that nobody knows or that the
 * bytes do not have: nothing of it goes out without somebody having read it, where the route says `block`.
 */

import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { chatRequest, EnforcedRig, type RigOptions } from './testing/enforced-rig.ts';
import type { HeadOver } from './testing/rig-exchange.ts';
import { FORBIDDEN } from './testing/scripted-consultant.ts';
import { CHAT } from './testing/streams.ts';

const open: EnforcedRig[] = [];
afterEach(async () => {
  for (const rig of open.splice(0)) {
    expect(rig.held.held).toBe(0);
    await rig[Symbol.asyncDispose]();
  }
});

const JSON_HEAD = { contentType: 'application/json' };
const SAID = `Some words about rivers. ${FORBIDDEN} things are told. And more words.`;

function answer(content: string): string {
  const message = { role: 'assistant', content, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
  return JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices });
}

function errorBody(message: string): string {
  return JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } });
}

async function answered(body: string | Uint8Array, head: HeadOver, options: RigOptions = {}, mode = 'hold' as const) {
  const rig = await EnforcedRig.open(options);
  open.push(rig);
  const exchange = await rig.begin({ mode, on_judge_failure: 'block' });
  exchange.open(head);
  exchange.push(body);
  return { got: await exchange.end(), rig };
}

describe('under a status of errors', () => {
  test.each([
    ['an answer', answer(SAID), JSON_HEAD],
    ['a stream', CHAT.write(SAID), {}],
    ['an error that is longer than errors are', errorBody(`${'Words. '.repeat(3_000)}${SAID}`), JSON_HEAD],
  ])('%s is judged', async (_what, body, head) => {
    for (const status of [400, 401, 500]) {
      const { got, rig } = await answered(body, { ...head, status });
      expect(got.ending.kind, String(status)).toBe('block');
      expect(rig.counted).toHaveLength(1);
    }
  });

  test.each([
    ['an error', errorBody(`The model does not know ${FORBIDDEN}.`), JSON_HEAD],
    ['a page of a gateway', `<html>${'<p>Bad gateway</p>'.repeat(500)}</html>`, { contentType: 'text/html' }],
    ['an error, coded', gzipSync(errorBody('No.')), { ...JSON_HEAD, contentEncoding: 'gzip' }],
  ])('%s is delivered, and no model is waited for', async (_what, body, head) => {
    const { got, rig } = await answered(body, { ...head, status: 502 });
    expect(got.ending.kind).toBe('deliver');
    expect(rig.consultant.questions).toEqual([]);
  });
});

describe('where rules alone judge', () => {
  const RULES = { withoutModel: true };
  const CODINGS: [string, string | Uint8Array, HeadOver][] = [
    ['a coding that nobody knows', answer(SAID), { contentEncoding: 'unknown' }],
    ['the same under a status of errors', answer(SAID), { contentEncoding: 'unknown', status: 400 }],
    ['a coding that the bytes do not have', answer(SAID), { contentEncoding: 'br' }],
    ['bytes that are no text', gzipSync(answer(SAID)), {}],
    ['more than the copy holds', answer('words '.repeat(40_000)), {}],
  ];

  test.each(CODINGS)('%s is not delivered', async (_what, body, head) => {
    const { got, rig } = await answered(body, { ...JSON_HEAD, ...head }, { ...RULES, responseCopy: 65_536 });
    expect(got.ending).toMatchObject({ kind: 'block' });
    expect((await rig.verdict()).action).toBe('blocked');
    expect((await rig.verdict()).overall.label).toBe('undetermined');
  });

  test('what they have read is delivered', async () => {
    const { got } = await answered(answer(SAID), JSON_HEAD, RULES);
    expect(got.ending.kind).toBe('deliver');
  });

  test.each([
    ['cut', { cut: 'cap', total: 1_000_000 }, 'block'],
    ['coded as nobody knows', { contentEncoding: 'unknown' }, 'block'],
    ['read', {}, undefined],
  ] as const)('a held request that is %s', async (_what, over, kind) => {
    const rig = await EnforcedRig.open(RULES);
    open.push(rig);
    const exchange = await rig.begin({ mode: 'observe', hold_request: true, on_judge_failure: 'block' });
    const bytes = Buffer.from(chatRequest());
    const head = { contentType: 'application/json', contentEncoding: null };
    const request = { ...head, bytes, total: bytes.length, cut: null, ended: true, ...over };
    const ending = await exchange.recorded.clearRequest(request, new AbortController().signal);
    expect(ending?.kind).toBe(kind);
  });
});
