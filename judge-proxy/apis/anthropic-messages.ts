/** Anthropic Messages: `POST …/v1/messages`. Counting tokens and batches are other endpoints, and are not read. */

import { named } from './anthropic-event.ts';
import { blockMessage } from './anthropic-messages-block.ts';
import { type MessagesRequest, readMessagesRequest, readMessagesResponse } from './anthropic-messages-read.ts';
import { MessageReader } from './anthropic-messages-reader.ts';
import { type AssembledMessage, MessageAssembler } from './anthropic-messages-stream.ts';
import type { Api, DecodedExchange, Reading } from './api.ts';
import { eventObjects, RESPONSE } from './body.ts';
import { Fields, type JsonObject } from './json.ts';
import { inside, PartList } from './part-list.ts';
import { pathEndsWith } from './paths.ts';
import { type Format, NO_ANSWER, readExchange, type StreamAnswer } from './reading.ts';
import type { SseEvent } from './sse.ts';
import type { StreamReader } from './stream-reader.ts';
import { readError } from './wire-error.ts';

const FORMAT: Format<MessagesRequest> = {
  name: 'anthropic.messages',
  readRequest: readMessagesRequest,
  readObject: readMessagesResponse,
  readEvents,
};

export const anthropicMessages: Api = {
  name: FORMAT.name,

  /** With the version: `/messages` alone ends paths of other APIs too, such as threads of OpenAI's Assistants. */
  matches(method: string, path: string): boolean {
    return method === 'POST' && pathEndsWith(path, '/v1/messages');
  },

  read(exchange: DecodedExchange): Reading {
    return readExchange(FORMAT, exchange);
  },

  block: blockMessage,

  streamReader(model: string | null = null): StreamReader {
    return new MessageReader(model);
  },
};

/**
 * The message that the events amount to: the object that the same request without `stream` would have brought.
 * @returns null when no event carries or builds one
 */
export function assembleMessage(events: readonly SseEvent[]): JsonObject | null {
  return assemble(new PartList(), events).object;
}

function readEvents(parts: PartList, events: readonly SseEvent[]): StreamAnswer {
  const stream = assemble(parts, events);
  if (stream.object === null && stream.errors.length === 0) parts.reasons.add('unparseable');
  const answer = stream.object === null ? NO_ANSWER : readMessagesResponse(parts, new Fields(stream.object));
  for (const error of stream.errors) readError(parts, inside(RESPONSE, 'error'), error);
  return { answer, ended: stream.ended };
}

function assemble(parts: PartList, events: readonly SseEvent[]): AssembledMessage {
  const assembler = new MessageAssembler();
  for (const { event, value } of eventObjects(parts, events)) {
    if (!assembler.add(named(event, value)) && event.whole) parts.strange(inside(RESPONSE, 'events'), value);
  }
  return assembler.finish();
}
