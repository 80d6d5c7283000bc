/** OpenAI Chat Completions, and the many servers that speak it. */

import type { Api, DecodedExchange, Reading } from './api.ts';
import { eventObjects, isEndMark, RESPONSE } from './body.ts';
import { Fields, isObject, type JsonObject, own } from './json.ts';
import { blockChat } from './openai-chat-block.ts';
import { type ChatRequest, readChatCompletion, readChatRequest } from './openai-chat-read.ts';
import { ChatReader } from './openai-chat-reader.ts';
import { ChatAssembler } from './openai-chat-stream.ts';
import { inside, PartList } from './part-list.ts';
import { pathEndsWith } from './paths.ts';
import { type Format, NO_ANSWER, readExchange, type StreamAnswer } from './reading.ts';
import type { SseEvent } from './sse.ts';
import type { StreamReader } from './stream-reader.ts';

const FORMAT: Format<ChatRequest> = {
  name: 'openai.chat_completions',
  readRequest: readChatRequest,
  readObject: readChatCompletion,
  readEvents,
};

export const openaiChat: Api = {
  name: FORMAT.name,

  matches(method: string, path: string): boolean {
    return method === 'POST' && pathEndsWith(path, '/chat/completions');
  },

  read(exchange: DecodedExchange): Reading {
    return readExchange(FORMAT, exchange);
  },

  block: blockChat,

  streamReader(model: string | null = null): StreamReader {
    return new ChatReader(model);
  },
};

/**
 * The object that the events amount to.
 * @returns null when no event is a chunk
 */
export function assembleChatCompletion(events: readonly SseEvent[]): JsonObject | null {
  return assemble(new PartList(), events);
}

function readEvents(parts: PartList, events: readonly SseEvent[]): StreamAnswer {
  const whole = assemble(parts, events);
  if (whole === null) parts.reasons.add('unparseable');
  const answer = whole === null ? NO_ANSWER : readChatCompletion(parts, new Fields(whole));
  return { answer, ended: events.some(isEndMark) };
}

function assemble(parts: PartList, events: readonly SseEvent[]): JsonObject | null {
  const assembler = new ChatAssembler();
  for (const { event, value } of eventObjects(parts, events)) {
    // Under `event: error` the official clients take the data itself for the error when it has no `error` field.
    const bare = event.event === 'error' && isObject(value) && own(value, 'error') === undefined;
    if (!assembler.add(bare ? { error: value } : value)) parts.strange(inside(RESPONSE, 'events'), value);
  }
  return assembler.finish();
}
