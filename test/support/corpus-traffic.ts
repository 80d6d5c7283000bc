/**
 * The corpus of planted secrets: what is planted, where in an exchange it can stand, and what the origin answers. Every
 * case is an exchange of its own, so that no place profits from what was found at another.
 */

import type http from 'node:http';
import { SECRETS } from '../../judge-proxy/judge/testing/secrets.ts';
import { chatCompletion, chatCompletionEvents } from './openai-shapes.ts';
import type { OriginHandler } from './origin.ts';

/** Found by the form of nothing: known by their header or place alone. */
export const TENANT = 'velvet-marmalade-zeppelin';
export const BEARER = 'quicksilver-lantern-harbour';
export const API_KEY = 'paprika-obelisk-thunder';
export const SESSION = 'crimson-gondola-whistle';
export const SET_COOKIE = 'umbrella-cathedral-walnut';
export const CUSTOMER = 'Quillfeather-Abernathy & Sons';
/** Too short for a literal: taken out where it stands. */
export const PIN = 'zq7k';
/** By the operator's pattern. */
export const EMPLOYEE = ['EMP', '483920'].join('-');

export const REDACTION = {
  patterns: [{ name: 'employee_id', pattern: '\\bEMP-[0-9]{6}\\b' }],
  json_paths: [
    { name: 'customer', path: '$.metadata.customer' },
    { name: 'pin', path: '$..pin' },
  ],
  headers: ['X-Tenant-Token'],
};

const PERSONAL = [
  ['payment card', '4111 1111 1111 1111'],
  ['IBAN', 'DE89 3704 0044 0532 0130 00'],
  ['social security number', '536-22-8726'],
  ['e-mail', 'wilhelmina.prendergast@example.org'],
  ['telephone', '+49 30 901820 4411'],
].map(([name = '', text = '']) => ({ name, text, secret: text }));

/** Everything that must be nowhere. */
export const PLANTED: readonly { readonly name: string; readonly text: string; readonly secret: string }[] = [
  ...SECRETS,
  ...PERSONAL,
  ...Object.entries({ TENANT, BEARER, API_KEY, SESSION, SET_COOKIE, CUSTOMER, EMPLOYEE }).map(([name, text]) => ({
    ...{ name, text, secret: text },
  })),
];

/** All of it as one text. What the answer's headers tell cannot be known of its request. */
export const ALL = PLANTED.filter(({ secret }) => secret !== SET_COOKIE)
  .map(({ text }) => text)
  .join('\n');
const ALL_ANSWERED = `${SET_COOKIE}\n${ALL}`;

/** One of each kind that can be a word: without white space, short enough for a name. */
export const WORDS: readonly string[] = [
  ...SECRETS.filter(({ text, secret }) => text === secret && /^[\w.-]{8,60}$/.test(secret)).map(({ secret }) => secret),
  ...[TENANT, BEARER, SESSION, EMPLOYEE],
];

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  /** Written one after the other: each is a chunk of its own. */
  readonly chunks: readonly string[];
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface CorpusCase {
  readonly name: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
  readonly answer: Answer;
}

const HELLO = [{ role: 'user', content: 'Name three rivers.' }];
const json = (value: unknown): Answer => ({ contentType: 'application/json', chunks: [JSON.stringify(value)] });
const said = (text: string, model = 'gpt-5-mini') => json(chatCompletion({ model, text }));
const events = (list: readonly string[]): Answer => ({
  contentType: 'text/event-stream',
  chunks: [...list, '[DONE]'].map((data) => `data: ${data}\n\n`),
});
/** Prose on both sides, so that a stream has windows before and behind. */
const PROSE = 'Rivers carry water, boats and stories to the sea, and towns grow where they meet. ';

/** Each place in which text can stand, with all that is planted in it. */
export function textCases(): CorpusCase[] {
  const user = (content: unknown, more: object = {}): Record<string, unknown> => ({
    model: 'gpt-5-mini',
    messages: [{ role: 'user', content }],
    ...more,
  });
  const call = { id: 'call_1', type: 'function', function: { name: 'send', arguments: JSON.stringify({ text: ALL }) } };
  const encoded = Buffer.from(ALL).toString('base64');
  return [
    {
      name: 'query',
      path: `/v1/chat/completions?note=${encodeURIComponent(ALL)}`,
      body: user('hi'),
      answer: said('ok'),
    },
    { name: 'user message', body: user(ALL), answer: said('ok') },
    { name: 'user message part', body: user([{ type: 'text', text: ALL }]), answer: said('ok') },
    {
      name: 'system prompt',
      body: { model: 'gpt-5-mini', messages: [{ role: 'system', content: ALL }, ...HELLO] },
      answer: said('ok'),
    },
    {
      name: 'tool call and its result',
      body: {
        model: 'gpt-5-mini',
        messages: [
          ...HELLO,
          { role: 'assistant', content: null, tool_calls: [call] },
          { role: 'tool', tool_call_id: 'call_1', content: JSON.stringify({ out: ALL }) },
        ],
      },
      answer: said('ok'),
    },
    {
      name: 'tool definition',
      body: user('hi', { tools: [{ type: 'function', function: { name: 'send', description: ALL } }] }),
      answer: said('ok'),
    },
    {
      name: 'file name',
      body: user([{ type: 'file', file: { filename: `${ALL}.txt`, file_data: 'data:text/plain;base64,aGVsbG8=' } }]),
      answer: said('ok'),
    },
    {
      name: 'file',
      body: user([{ type: 'file', file: { filename: 'a.txt', file_data: `data:text/plain;base64,${encoded}` } }]),
      answer: said('ok'),
    },
    { name: 'unknown field', body: user('hi', { future: { [ALL]: ALL } }), answer: said('ok') },
    { name: 'base64', body: user(`decode ${encoded} please`), answer: said('ok') },
    {
      name: 'percent-encoded and hex',
      body: user(`${encodeURIComponent(ALL)} ${Buffer.from(ALL).toString('hex')}`),
      answer: said('ok'),
    },
    { name: 'no JSON', body: { raw: ALL }, answer: { contentType: 'text/plain', chunks: [ALL_ANSWERED] } },
    { name: 'unknown endpoint', path: '/v1/elsewhere', body: user(ALL), answer: said(ALL_ANSWERED) },
    { name: 'answer', body: user('hi'), answer: said(ALL_ANSWERED) },
    { name: 'answer as tool call', body: user('hi'), answer: json(withCall(ALL_ANSWERED)) },
    {
      name: 'error of the origin',
      body: user('hi'),
      answer: {
        status: 400,
        ...json({ error: { message: ALL_ANSWERED, type: 'invalid_request_error', param: null, code: 'x' } }),
      },
    },
    {
      name: 'header and trailer of the answer',
      body: user('hi'),
      answer: { ...said('ok'), headers: { 'x-note': encoded.slice(0, 4_000) }, trailers: { 'x-note': TENANT } },
    },
    {
      name: 'stream, every delta cut',
      body: user('hi', { stream: true }),
      answer: events(
        chatCompletionEvents({ model: 'gpt-5-mini', text: `${PROSE}\n${ALL_ANSWERED}\n${PROSE}`, deltaLength: 7 }),
      ),
    },
    {
      name: 'stream, every secret cut in two',
      body: user('hi', { stream: true }),
      answer: events(cutInTwo()),
    },
    {
      name: 'stream of a tool call',
      body: user('hi', { stream: true }),
      answer: events(
        chatCompletionEvents({
          ...{ model: 'gpt-5-mini', text: '', deltaLength: 11 },
          toolCall: { name: 'send', arguments: JSON.stringify({ text: ALL_ANSWERED }) },
        }),
      ),
    },
    {
      name: 'comment and unknown event of a stream',
      body: user('hi', { stream: true }),
      answer: {
        contentType: 'text/event-stream',
        chunks: [
          `: ${ALL_ANSWERED.replaceAll('\n', ' ')}\n\n`,
          `data: ${JSON.stringify({ odd: ALL_ANSWERED })}\n\n`,
          'data: [DONE]\n\n',
        ],
      },
    },
  ];
}

function withCall(text: string): object {
  const reply = { model: 'gpt-5-mini', text: '', toolCall: { name: 'send', arguments: JSON.stringify({ text }) } };
  return chatCompletion(reply);
}

function cutInTwo(): string[] {
  return PLANTED.flatMap(({ text, secret }) => {
    const at = text.indexOf(secret) + Math.floor(secret.length / 2);
    return [`${PROSE}${text.slice(0, at)}`, `${text.slice(at)}\n`];
  }).map((content) =>
    JSON.stringify({
      ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-5-mini' },
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
    }),
  );
}

/** Each place in which only a word can stand. */
export function wordCases(word: string): CorpusCase[] {
  const plain = (more: object = {}): Record<string, unknown> => ({ model: 'gpt-5-mini', messages: HELLO, ...more });
  return [
    { name: 'path', path: `/v1/deployments/${word}/chat/completions`, body: plain(), answer: said('ok') },
    { name: 'path, escaped', path: `/v1/items/${escaped(word)}/x`, body: plain(), answer: said('ok') },
    { name: 'model', body: plain({ model: word }), answer: said('ok', word) },
    {
      name: 'tool name',
      body: plain({ tools: [{ type: 'function', function: { name: word, description: 'sends' } }] }),
      answer: json(chatCompletion({ model: 'm', text: '', toolCall: { name: word, arguments: '{}' } })),
    },
    {
      name: 'error code',
      body: plain(),
      answer: { status: 400, ...json({ error: { message: 'no', type: word, param: word, code: word } }) },
    },
    { name: 'request id', headers: { 'x-client-request-id': word }, body: plain(), answer: said('ok') },
    { name: 'id of the origin', body: plain(), answer: { ...said('ok'), headers: { 'x-request-id': word } } },
    {
      name: 'id of the answer',
      body: plain(),
      answer: json({ ...chatCompletion({ model: 'm', text: 'ok' }), id: word }),
    },
  ];
}

function escaped(word: string): string {
  return [...Buffer.from(word)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Sent with every request: what is known by its header, and the values of paths. */
export function requestOf({ headers = {}, body }: CorpusCase, id: string) {
  return {
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${BEARER}`,
      'x-api-key': API_KEY,
      cookie: `theme=dark; session=${SESSION}`,
      'x-tenant-token': TENANT,
      'x-corpus-case': id,
      ...headers,
    },
    body: JSON.stringify({ ...body, metadata: { customer: CUSTOMER, pin: PIN } }),
  };
}

/** Answers each case by its id. */
export function corpusOrigin(cases: ReadonlyMap<string, CorpusCase>): OriginHandler {
  return async (seen, response) => {
    const found = cases.get(String(seen.headers['x-corpus-case']));
    if (found === undefined) return void response.writeHead(404).end();
    await write(response, found.answer);
  };
}

async function write(response: http.ServerResponse, { status = 200, headers = {}, ...answer }: Answer): Promise<void> {
  response.writeHead(status, {
    'content-type': answer.contentType ?? 'text/plain',
    'set-cookie': `sid=${SET_COOKIE}; Path=/`,
    ...headers,
    ...(answer.trailers === undefined ? {} : { trailer: Object.keys(answer.trailers).join(', ') }),
  });
  for (const chunk of answer.chunks) {
    if (response.destroyed) return;
    response.write(chunk);
    // Chunks of their own on the wire.
    await new Promise(setImmediate);
  }
  if (answer.trailers !== undefined) response.addTrailers(answer.trailers);
  response.end();
}
