/** OpenAI Responses over HTTP: `POST …/responses`. Its other endpoints are not read yet. */

import type { Api, DecodedExchange, Reading } from './api.ts';
import { eventObjects, RESPONSE } from './body.ts';
import { Fields, type JsonObject } from './json.ts';
import { base64Media } from './media.ts';
import { blockResponse } from './openai-responses-block.ts';
import {
  type ResponsesRequest,
  readOutput,
  readResponseObject,
  readResponsesRequest,
} from './openai-responses-read.ts';
import { ResponseReader } from './openai-responses-reader.ts';
import { type AssembledStream, ResponseAssembler } from './openai-responses-stream.ts';
import { inside, PartList } from './part-list.ts';
import { pathEndsWith } from './paths.ts';
import { type AnswerFacts, type Format, NO_ANSWER, readExchange, type StreamAnswer } from './reading.ts';
import type { SseEvent } from './sse.ts';
import type { StreamReader } from './stream-reader.ts';
import { readError } from './wire-error.ts';

/** Shared with Responses over WebSocket, whose events are the same. */
export const RESPONSES_FORMAT: Format<ResponsesRequest> = {
  name: 'openai.responses',
  readRequest: readResponsesRequest,
  readObject,
  readEvents,
};

export const openaiResponses: Api = {
  name: RESPONSES_FORMAT.name,

  matches(method: string, path: string): boolean {
    return method === 'POST' && pathEndsWith(path, '/responses');
  },

  read(exchange: DecodedExchange): Reading {
    return readExchange(RESPONSES_FORMAT, exchange);
  },

  block: blockResponse,

  streamReader(model: string | null = null): StreamReader {
    return new ResponseReader(model);
  },
};

/**
 * The response object that the events amount to.
 * @returns null when no event carries or builds one
 */
export function assembleResponse(events: readonly SseEvent[]): JsonObject | null {
  return assemble(new PartList(), events).object;
}

/** A background response is fetched later by its id: the answer at hand is not yet it. */
function readObject(parts: PartList, body: Fields, request: ResponsesRequest | null): AnswerFacts {
  const answer = readResponseObject(parts, body, request);
  const [status] = answer.finish;
  if (status === 'queued' || status === 'in_progress') parts.reasons.add('stream_broken');
  return answer;
}

function readEvents(parts: PartList, events: readonly SseEvent[], request: ResponsesRequest | null): StreamAnswer {
  const stream = assemble(parts, events);
  if (stream.object === null && stream.error === null) parts.reasons.add('unparseable');
  const answer = stream.object === null ? NO_ANSWER : readResponseObject(parts, new Fields(stream.object), request);
  readError(parts, inside(RESPONSE, 'error'), stream.error);
  parts.value(inside(RESPONSE, 'event'), 'other', stream.strays);
  // What reached the client and is not in the object: a broken stream's rest, or an object that tells another story.
  const streamed = new PartList();
  readOutput(streamed, { ...RESPONSE, place: 'response.stream' }, stream.items);
  parts.addMissing(streamed);
  for (const { place, kind, text } of stream.delivered) {
    if (kind === 'media') parts.media({ ...RESPONSE, place }, base64Media('media', null, text));
    else if (!parts.says(text)) parts.text({ ...RESPONSE, place }, kind, text);
  }
  return { answer, ended: stream.ended };
}

function assemble(parts: PartList, events: readonly SseEvent[]): AssembledStream {
  const assembler = new ResponseAssembler();
  for (const { event, value } of eventObjects(parts, events)) {
    if (!assembler.add(value) && event.whole) parts.strange(inside(RESPONSE, 'events'), value);
  }
  return assembler.finish();
}
