/**
 * Contract of levels and detectors in one analysis: what is kept at each level, what JSON paths, patterns and headers take
 * out of text, names and ids, and that what could not be looked through is not kept.
 */

import { hash } from 'node:crypto';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../exchange/capture.ts';
import { createDetectors } from './detectors.ts';
import { createSeal } from './seal.ts';
import { analyse, chat, inputOf } from './testing/analysing.ts';
import { bodyOf, captureOf, streamOf } from './testing/captures.ts';

const detectors = createDetectors({
  patterns: [{ name: 'employee', pattern: '\\bEMP-[0-9]{6}\\b' }],
  json_paths: [
    { name: 'customer', path: '$.metadata.customer' },
    { name: 'pin', path: '$..pin' },
    { name: 'said', path: '$.choices[*].delta.content' },
  ],
});
const secretHeaders = [['x-tenant', 'velvet-marmalade']] as const;
const hello = [{ role: 'user', content: 'hello' }];

const kept = async (over: Partial<Capture> & { user?: string; answer?: string }) => {
  const analysis = await analyse(captureOf({ secretHeaders, ...over }), { detectors });
  return { analysis, json: analysis.content?.json ?? '' };
};

describe('JSON paths', () => {
  it('take out a value where it stands, however short, and elsewhere when it is long', async () => {
    const metadata = { customer: 'Quillfeather & Sons', pin: 'zq', n: { pin: 4711 } };
    const request = chat([{ role: 'user', content: 'Quillfeather & Sons say zq and 4711' }], { metadata });
    const { json } = await kept({ request });
    expect(json).not.toContain('Quillfeather');
    expect(json.match(/\[REDACTED:pin:/g)).toHaveLength(2);
    expect(json).toContain('say zq and 4711');
    const [first, second] = [...json.matchAll(/\[REDACTED:customer:([0-9a-f]{8})\]/g)].map(([, token]) => token);
    expect(first).toBe(second);
  });

  it('of an object or a list take out all that it holds', async () => {
    const request = chat(hello, {
      metadata: { customer: { name: 'Abernathy', tags: ['premium-plus', 'overdue-2024'] } },
    });
    const { json } = await kept({ request });
    for (const word of ['Abernathy', 'premium-plus', 'overdue-2024']) expect(json).not.toContain(word);
  });

  it.each([1, 3, 50])('in a stream put together what events of %i characters bring', async (size) => {
    const response = bodyOf(streamOf('the word is marzipan', size), { contentType: 'text/event-stream' });
    const { json } = await kept({ response });
    expect(json).not.toContain('marzipan');
    expect(json).toContain('[REDACTED:said:');
  });

  it('that find more than can be taken out leave nothing', async () => {
    const metadata = { customer: Array.from({ length: 2_100 }, (_, index) => `name-number-${index}`) };
    const { analysis, json } = await kept({ request: chat([{ role: 'user', content: 'words' }], { metadata }) });
    expect(json).not.toContain('name-number');
    expect(json).not.toContain('words');
    expect(analysis.coverage.reasons).toContain('rules_incomplete');
  });

  it('have their time, and what it does not reach is not kept', async () => {
    let now = 0;
    const slow = { detectors, ruleMs: 10, now: () => now++ };
    const request = chat([{ role: 'user', content: 'words' }], {
      metadata: { customer: Array(60).fill('a-long-name') },
    });
    const analysis = await analyse(captureOf({ request }), slow);
    expect(analysis.content?.json).not.toContain('a-long-name');
    expect(analysis.coverage.reasons).toContain('rules_incomplete');
  });
});

describe('a header', () => {
  it.each(['plain', 'JSON', 'base64', 'hex', 'percent'] as const)('its value is found again, %s', async (how) => {
    const value = 'velvet-marmalade';
    const written = {
      plain: `it is ${value}.`,
      JSON: JSON.stringify({ said: JSON.stringify({ value }) }),
      base64: `it is ${Buffer.from(`key=${value};`).toString('base64')}.`,
      hex: `it is ${Buffer.from(value).toString('hex')}.`,
      percent: `it is ${[...Buffer.from(value)].map((byte) => `%${byte.toString(16)}`).join('')}.`,
    }[how];
    const { json } = await kept({ user: written, answer: written });
    expect(json).toContain('header_x_tenant:');
    expect(json).not.toContain(value);
    expect(json).not.toContain(Buffer.from(value).toString('hex'));
    expect(json).not.toContain(Buffer.from(`key=${value};`).toString('base64').slice(8, 20));
  });
});

describe('columns', () => {
  const ids = { client: 'EMP-123456', origin: 'velvet-marmalade' };
  it.each(['redacted', 'full', 'metadata'] as const)('hold no secret at level %s', async (recording) => {
    const answer = { id: 'resp_EMP-123456', error: { type: 'EMP-123456', code: 'velvet-marmalade', message: 'no' } };
    const { analysis } = await kept({
      ...{ recording, ids, path: '/v1/responses', status: 400 },
      request: bodyOf(JSON.stringify({ model: 'EMP-123456', input: 'x', previous_response_id: 'resp_EMP-123456' })),
      response: bodyOf(JSON.stringify(answer)),
    });
    const { content: _content, summary: _summary, ...columns } = analysis;
    expect(JSON.stringify(columns)).not.toMatch(/EMP-\d|velvet/);
    expect(analysis.ids).toEqual({
      client: expect.stringMatching(/^\[REDACTED:employee:[0-9a-f]{8}\]$/),
      origin: expect.stringMatching(/^\[REDACTED:header_x_tenant:[0-9a-f]{8}\]$/),
    });
    expect(analysis.model_requested).toMatch(/^\[REDACTED:employee:/);
  });

  it('that hold none are as they came', async () => {
    const { analysis } = await kept({ ids: { client: 'c-1', origin: null } });
    expect(analysis.ids).toEqual({ client: 'c-1', origin: null });
  });
});

describe('levels', () => {
  const text = 'EMP-123456 with card 4111 1111 1111 1111 and [REDACTED:employee:00000000]';

  it('full keeps the text as it came, but for placeholders of traffic; rules hit all the same', async () => {
    const { analysis } = await kept({ recording: 'full', user: text });
    const input = inputOf(analysis);
    expect(input.transcript.parts[0]?.text).toBe(text.replace('[REDACTED:', '[NOT_REDACTED:'));
    expect(input.rule_hits).toMatchObject([{ rule: 'personal_data', preview: 'payment_card, 19 characters' }]);
    expect(analysis.summary?.latest_user_message).toContain('EMP-123456');
    expect(analysis.content?.sha256).toBe(hash('sha256', analysis.content?.json ?? ''));
  });

  it('metadata keeps no word, and says who read it', async () => {
    const { analysis } = await kept({ recording: 'metadata', user: text, answer: 'Paris.' });
    expect(analysis).toMatchObject({
      ...{ content: null, tokens_in: 12, api: 'openai.chat_completions' },
      coverage: { level: 'partial', reasons: ['metadata_only'] },
      summary: {
        rule_hits: [{ rule: 'personal_data' }],
        ...{ latest_user_message: null, latest_user_message_length: null, context_tail_preview: null },
      },
    });
    expect(analysis.unseen?.transcript.parts.map(({ text: words }) => words)).toEqual(['', '']);
    expect(JSON.stringify(analysis)).not.toMatch(/Paris|EMP|card /);
  });

  it('metadata of what nobody reads is read by nobody', async () => {
    const { analysis } = await kept({ recording: 'metadata', path: '/v1/elsewhere' });
    expect(analysis.coverage).toEqual({ level: 'none', reasons: ['metadata_only', 'unknown_api'] });
  });
});

describe('a sealed original', () => {
  async function sealed(over: Partial<Capture>) {
    const identity = await generateX25519Identity();
    const seal = createSeal([await identityToRecipient(identity)]) ?? undefined;
    const analysis = await analyse(captureOf({ seal: true, ...over }), seal === undefined ? {} : { seal });
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(analysis.sealed?.sha256).toBe(hash('sha256', analysis.sealed?.bytes ?? ''));
    return JSON.parse(await decrypter.decrypt(analysis.sealed?.bytes ?? new Uint8Array(), 'text'));
  }

  it('is what came, with its query', async () => {
    const request = bodyOf('{"model":"m","messages":[]}');
    expect(await sealed({ request, path: '/v1/chat/completions?key=1' })).toMatchObject({
      ...{ exchange_id: 'exchange-1', path: '/v1/chat/completions?key=1' },
      request: { text: '{"model":"m","messages":[]}', complete: true, bytes: 27, content_type: 'application/json' },
    });
  });

  it('says what is cut, and keeps as bytes what is no text', async () => {
    const cut = bodyOf('{"model', { total: 5_000, cut: 'cap' });
    const binary = bodyOf(Uint8Array.of(0xff, 0xfe, 0x00, 0x81), { contentEncoding: 'made-up' });
    expect(await sealed({ request: cut, response: binary })).toMatchObject({
      request: { text: '{"model', complete: false, bytes: 5_000 },
      response: { base64: '//4AgQ==', content_encoding: 'made-up', complete: true },
    });
  });

  it('is made only where it is asked for, and somebody can open it', async () => {
    expect((await analyse(captureOf({ seal: true }))).sealed).toBeUndefined();
    const recipient = await identityToRecipient(await generateX25519Identity());
    const seal = createSeal([recipient]) ?? undefined;
    expect((await analyse(captureOf(), seal === undefined ? {} : { seal })).sealed).toBeUndefined();
    expect(createSeal([])).toBeNull();
  });
});
