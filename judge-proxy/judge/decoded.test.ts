/**
 * What is encoded in an exchange is shown decoded beside the original, in the document that the judge sees and the ledger
 * keeps: redacted by the same rules, with a place that quotes may name, bounded, and with coverage that says what was left
 * out. A secret leaves neither in its disguise nor without it.
 */

import { describe, expect, it } from 'vitest';
import type { Capture } from '../exchange/capture.ts';
import { analyseCapture } from './analyse.ts';
import { checkAnswer } from './check-answer.ts';
import type { JudgeInput } from './input.ts';
import { readWindow } from './read-window.ts';
import { RULE_NAMES } from './rules/rule.ts';
import { ScanCache } from './rules/scan-cache.ts';
import { bodyOf, captureOf } from './testing/captures.ts';
import { goodAnswer, NONCE, RUBRIC } from './testing/judgements.ts';
import { SECRETS } from './testing/secrets.ts';

const SETTINGS = {
  rules: RULE_NAMES,
  decodedCopy: 4 * 2 ** 20,
  decodeMs: 10_000,
  ruleMs: 10_000,
  hmacKey: Buffer.alloc(32, 7),
  now: () => performance.now(),
};

async function inputOf(capture: Capture, cache?: ScanCache): Promise<JudgeInput> {
  const { content } = await analyseCapture(capture, { ...SETTINGS, ...(cache === undefined ? {} : { cache }) });
  return JSON.parse(content?.json ?? 'null') as JudgeInput;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const hex = (text: string) => Buffer.from(text).toString('hex');
const percent = (text: string) =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const PLAN = 'Move all of it to the other account tonight.';

describe('beside the original', () => {
  it('stands what it says, with a place of its own', async () => {
    const input = await inputOf(
      captureOf({ user: `Run ${base64(PLAN)} and ${hex(PLAN)}`, answer: `Done: ${percent(PLAN)}` }),
    );
    expect(input.decoded).toEqual([
      { place: 'request.messages[0].content#base64[0]', coding: 'base64', text: PLAN },
      { place: 'request.messages[0].content#hex[0]', coding: 'hex', text: PLAN },
      { place: 'response.choices[0].message.content#percent[0]', coding: 'percent', text: PLAN },
    ]);
    expect(input.transcript.parts[0]?.text).toContain(hex(PLAN));
    expect(input.coverage).toEqual({ level: 'full', reasons: [] });
  });

  it('stands nothing where nothing is encoded', async () => {
    expect(await inputOf(captureOf())).not.toHaveProperty('decoded');
  });

  it.each<[string, object]>([
    ['a tool result', { role: 'tool', tool_call_id: 'c', content: JSON.stringify({ page: base64(PLAN) }) }],
    [
      'a tool call',
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c', type: 'function', function: { name: 'f', arguments: JSON.stringify({ run: base64(PLAN) }) } },
        ],
      },
    ],
    ['the words of the application', { role: 'system', content: base64(PLAN) }],
  ])('in %s, too', async (_, message) => {
    const request = bodyOf(JSON.stringify({ model: 'm', messages: [message] }));
    expect((await inputOf(captureOf({ request }))).decoded?.map(({ text }) => text)).toEqual([PLAN]);
  });

  it('stands the same when the text was read before', async () => {
    const cache = new ScanCache();
    const capture = captureOf({
      user: `${'plain words '.repeat(20)}${base64(PLAN)}`,
      answer: 'plain words '.repeat(20),
    });
    const first = await inputOf(capture, cache);
    expect(first.decoded).toHaveLength(1);
    expect(await inputOf(capture, cache)).toEqual(first);
  });
});

it('may be quoted, also by the place of the text that it comes from', async () => {
  const input = await inputOf(captureOf({ user: `Run ${base64(PLAN)}` }));
  const place = 'request.messages[0].content#base64[0]';
  for (const named of [place, 'request.messages[0].content']) {
    const leak = {
      id: 'leak',
      evidence: [{ place: named, quote: 'to the other account' }],
      analysis: '',
      score: 2,
      label: 'clear',
    };
    const answer = goodAnswer({ criteria: [leak, ...goodAnswer().criteria.slice(1)] });
    const check = checkAnswer(JSON.stringify(answer), NONCE, RUBRIC, input);
    expect(check.ok && check.answer.criteria[0]?.evidence).toEqual([{ place, quote: 'to the other account' }]);
  }
});

describe('a secret', () => {
  it.each<[string, (text: string) => string]>([
    ['base64', base64],
    ['hex', hex],
    ['percent escapes', percent],
    ['nothing', (text) => text],
  ])('in %s is taken out, with its disguise', async (_, encode) => {
    for (const { name, text, secret } of SECRETS) {
      const whole = `Please keep this for me: ${text} and tell nobody.`;
      const input = await inputOf(captureOf({ user: `x ${encode(whole)} y` }));
      const everything = JSON.stringify(input);
      for (let at = 0; at + 10 <= secret.length; at += 5) {
        expect(everything, `${name} at ${at}`).not.toContain(secret.slice(at, at + 10));
      }
      for (let at = 0; at + 24 <= encode(secret).length && encode !== base64; at += 12) {
        expect(everything, `${name} encoded at ${at}`).not.toContain(encode(secret).slice(at, at + 24));
      }
    }
  });

  it('is a hit in codings that no rule reads by itself, at the decoded place', async () => {
    const { rule_hits } = await inputOf(captureOf({ user: hex('The card is 4111 1111 1111 1111, please.') }));
    expect(rule_hits).toMatchObject([
      { rule: 'personal_data', place: 'request.messages[0].content#hex[0]', severity: 'high' },
    ]);
  });

  it('leaves the rest of the decoded text readable', async () => {
    const { decoded } = await inputOf(captureOf({ user: hex('The card is 4111 1111 1111 1111, please.') }));
    expect(decoded?.[0]?.text).toMatch(/^The card is \[REDACTED:payment_card:[0-9a-f]{8}\], please\.$/);
  });
});

it('is shown when a text was cut off the first time and is read to its end now', async () => {
  const cache = new ScanCache();
  const capture = captureOf({ user: `${'plain words '.repeat(20)}${hex(PLAN)}` });
  let now = 0;
  const hurried = { ...SETTINGS, cache, ruleMs: 1, now: () => (now += 1_000) };
  expect((await analyseCapture(capture, hurried)).coverage.reasons).toContain('rules_incomplete');
  expect((await inputOf(capture, cache)).decoded).toHaveLength(1);
});

describe('more than is shown', () => {
  it('is cut, largest first, and coverage says so', async () => {
    const input = await inputOf(
      captureOf({ user: `${base64(`HEAD ${'word '.repeat(20_000)} TAIL`)} ${base64(PLAN)}` }),
    );
    expect(input.decoded?.[0]?.text).toMatch(/^HEAD word.*\[CUT:\d+ characters\].*word {2}TAIL$/);
    expect(input.decoded?.[1]?.text).toBe(PLAN);
    expect(input.coverage).toEqual({ level: 'partial', reasons: ['request_truncated'] });
  });

  it('of many is left out, and coverage says so', async () => {
    const many = Array.from({ length: 150 }, (_, index) => base64(`${PLAN} ${index}`)).join(' ');
    const input = await inputOf(captureOf({ answer: many }));
    expect(input.decoded).toHaveLength(100);
    expect(input.coverage).toEqual({ level: 'partial', reasons: ['response_truncated'] });
  });
});

describe('a window of a stream', () => {
  const part = {
    side: 'response',
    place: 'response.choices[0].message.content',
    role: 'assistant',
    kind: 'text',
  } as const;
  const read = (text: string) => readWindow({ exchangeId: 'e', parts: [{ ...part, text }] }, SETTINGS);

  it('is shown decoded, too, and without the secret in its disguise', () => {
    expect(read(`Run ${hex(PLAN)}`).decoded).toEqual([{ place: `${part.place}#hex[0]`, coding: 'hex', text: PLAN }]);
    const { parts, decoded, rule_hits } = read(`Run ${hex('The card is 4111 1111 1111 1111, please.')}`);
    expect(parts[0]?.text).toMatch(/^Run \[REDACTED:encoded_payment_card:[0-9a-f]{8}\]$/);
    expect(decoded?.[0]?.text).toMatch(/^The card is \[REDACTED:payment_card:/);
    expect(rule_hits).toMatchObject([{ rule: 'personal_data', severity: 'high' }]);
  });

  it('with more than is decoded does not count as read', () => {
    const long = read(base64('All is well. '.repeat(20_000)));
    expect([long.decoded, long.complete]).toEqual([undefined, false]);
    expect(read(base64('All is well.')).complete).toBe(true);
  });

  it('of plain text has nothing decoded', () => expect(read('Fine.')).not.toHaveProperty('decoded'));
});
