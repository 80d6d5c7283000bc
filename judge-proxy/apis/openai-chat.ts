/** OpenAI Chat Completions, and the many servers that speak it. */

import type { Usage } from '../exchange/transcript.ts';
import type { Api, DecodedExchange, Reading } from './api.ts';
import { eventObjects, isEndMark, openRequest, openResponse, RESPONSE, readFailure } from './body.ts';
import { Fields, isObject, type JsonObject, own } from './json.ts';
import { type ChatAnswer, readChatCompletion, readChatRequest } from './openai-chat-read.ts';
import { ChatAssembler } from './openai-chat-stream.ts';
import { inside, PartList } from './part-list.ts';
import { deploymentOf, pathEndsWith } from './paths.ts';
import type { SseEvent } from './sse.ts';

const NAME = 'openai.chat_completions';
const NO_USAGE: Usage = { tokens_in: null, tokens_out: null, tokens_cached: null };
const NO_ANSWER: ChatAnswer = { model: null, finish: [], usage: NO_USAGE };

export const openaiChat: Api = {
  name: NAME,

  matches(method: string, path: string): boolean {
    return method === 'POST' && pathEndsWith(path, '/chat/completions');
  },

  read(exchange: DecodedExchange): Reading {
    const parts = new PartList();
    const body = openRequest(parts, exchange);
    const request = body === null ? null : readChatRequest(parts, body);
    const response = openResponse(parts, exchange);
    const answer = readAnswer(parts, exchange, response);
    return {
      transcript: {
        api: NAME,
        model_requested: request?.model ?? deploymentOf(exchange.path),
        model_returned: answer.model,
        streamed: response.kind === 'events' || (response.kind === 'none' && request?.stream === true),
        finish: answer.finish,
        usage: answer.usage,
        parts: parts.finish(),
        error: parts.error,
        unknown_items: parts.unknown,
      },
      reasons: [...parts.reasons].sort(),
    };
  },
};

/**
 * The object that the events amount to.
 * @returns null when no event is a chunk
 */
export function assembleChatCompletion(events: readonly SseEvent[]): JsonObject | null {
  return assemble(new PartList(), events);
}

function readAnswer(parts: PartList, exchange: DecodedExchange, response: ReturnType<typeof openResponse>): ChatAnswer {
  switch (response.kind) {
    case 'none':
      return NO_ANSWER;
    case 'object':
      if (!exchange.responseEnded) parts.reasons.add('stream_broken');
      if (readFailure(parts, exchange.status, response.fields)) {
        parts.rest(RESPONSE, response.fields, new Set());
        return NO_ANSWER;
      }
      return readChatCompletion(parts, response.fields);
    case 'events': {
      if (!exchange.responseCut && !response.events.some(isEndMark)) parts.reasons.add('stream_broken');
      const whole = assemble(parts, response.events);
      if (whole !== null) return readChatCompletion(parts, new Fields(whole));
      if (!exchange.responseCut) parts.reasons.add('unparseable');
      return NO_ANSWER;
    }
    default:
      return response satisfies never;
  }
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
