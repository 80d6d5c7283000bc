/** Every block that a client can meet: API × style × streamed or not × before anything was sent or at each point behind. */

import { anthropicMessages } from '../../judge-proxy/apis/anthropic-messages.ts';
import type { Api } from '../../judge-proxy/apis/api.ts';
import type { Block } from '../../judge-proxy/apis/block.ts';
import { openaiChat } from '../../judge-proxy/apis/openai-chat.ts';
import { openaiResponses } from '../../judge-proxy/apis/openai-responses.ts';
import { parseSse } from '../../judge-proxy/apis/sse.ts';
import * as anthropic from '../../judge-proxy/apis/testing/anthropic-fixtures.ts';
import * as chat from '../../judge-proxy/apis/testing/chat-fixtures.ts';
import { sse } from '../../judge-proxy/apis/testing/exchange.ts';
import * as responses from '../../judge-proxy/apis/testing/responses-fixtures.ts';
import { KEEP_ALIVE_COMMENT } from '../../judge-proxy/enforcement/keep-alive.ts';

export type ApiName = 'chat' | 'responses' | 'messages';

export const BLOCK: Block = {
  code: 'blocked_by_judge',
  status: 403,
  message: 'Stopped by policy. Grüße 👋',
  style: 'error',
  headers: true,
  requestId: '019aa8f0-0000-7000-8000-0123456789ab',
  verdictId: '019aa8f0-0000-7000-8000-0123456789ac',
  reveal: null,
};

export interface Case {
  readonly name: string;
  readonly api: ApiName;
  /** What its client meets. A choice that has told its reason cannot end again: the stop behind it is always an error. */
  readonly style: Block['style'];
  readonly streamed: boolean;
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** Text that the client has got before the stop; null where nothing was sent. */
  readonly released: string | null;
}

export interface Stream {
  readonly name: string;
  readonly api: ApiName;
  readonly events: readonly object[];
  /** Events behind which all choices have told their reason. */
  readonly told?: number;
}

/** A stream whose second choice begins first: openai-python's helper reads none such, ended by us or not. */
export const SECOND_FIRST = 'second choice first';

function inOrder([first, second, ...rest]: readonly object[]): object[] {
  return [second, first, ...rest].filter((event) => event !== undefined);
}

const APIS: Readonly<Record<ApiName, Api>> = {
  chat: openaiChat,
  responses: openaiResponses,
  messages: anthropicMessages,
};
const STYLES = ['error', 'finish'] as const;

const STREAMS: readonly Stream[] = [
  { name: 'text', api: 'chat', events: chat.TEXT, told: 4 },
  { name: 'two choices', api: 'chat', events: inOrder(chat.TWO_CHOICES) },
  { name: SECOND_FIRST, api: 'chat', events: chat.TWO_CHOICES },
  { name: 'tool calls', api: 'chat', events: chat.TOOL_CALLS },
  { name: 'all items', api: 'responses', events: responses.eventsOf(responses.response(responses.STREAMED_ITEMS)) },
  { name: 'all blocks', api: 'messages', events: anthropic.eventsOf(anthropic.message(anthropic.BLOCKS)) },
];

/** Blocks before anything was sent; each status that SDKs would retry is among them. */
export function wholeCases(): Case[] {
  return (Object.keys(APIS) as ApiName[]).flatMap((api) =>
    STYLES.flatMap((style) =>
      [false, true].flatMap((streamed) =>
        (style === 'error' ? [403, 400, 429, 500, 503] : [403]).map((status): Case => {
          const { body, ...head } = APIS[api].block({ ...BLOCK, style, status }, { streamed, model: 'm-1' });
          const name = `${api} ${style} ${streamed ? 'streamed' : 'whole'} ${status}`;
          return { name, api, style, streamed, ...head, body, released: null };
        }),
      ),
    ),
  );
}

/** Blocks at each point of each stream before its end, and behind comments that kept the client waiting. */
export function tailCases(): Case[] {
  return STREAMS.flatMap((stream) =>
    STYLES.flatMap((style) => {
      const cases = stream.events.map((_event, released) => tailCase(stream, style, released));
      return [...cases, ...cases.slice(0, 1).map(afterComments)];
    }),
  );
}

function afterComments(one: Case): Case {
  const released = Buffer.from(KEEP_ALIVE_COMMENT).toString().repeat(3);
  return { ...one, name: `${one.name}, after comments`, released, body: `${released}${one.body}` };
}

/** @param released how many events the client has got; one more was read, and a stream is always read ahead */
export function tailCase({ name, api, events, told }: Stream, style: Block['style'], released: number): Case {
  const reader = APIS[api].streamReader('m-1');
  const text = sse(events.slice(0, released), api !== 'chat');
  const all = parseSse(sse(events, api !== 'chat'));
  for (const event of all) reader.read(event);
  for (const event of all.slice(0, released)) reader.released(event);
  return {
    name: `${api} ${name}, ${style} behind ${released}`,
    api,
    style: released === told ? 'error' : style,
    streamed: true,
    status: 200,
    headers: ['content-type', 'text/event-stream'],
    body: `${text}${reader.block({ ...BLOCK, style })}`,
    released: text,
  };
}
