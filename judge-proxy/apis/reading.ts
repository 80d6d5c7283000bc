/** The frame of every reading: open both bodies, let the format read them, put the transcript together. */

import type { Usage } from '../exchange/transcript.ts';
import type { DecodedExchange, Reading } from './api.ts';
import { openRequest, openResponse, RESPONSE } from './body.ts';
import type { Fields } from './json.ts';
import { PartList } from './part-list.ts';
import { deploymentOf } from './paths.ts';
import { type ProviderLinks, providerId } from './provider-links.ts';
import type { SseEvent } from './sse.ts';
import { readErrorBody } from './wire-error.ts';

/** What every format knows of a request. */
export interface RequestFacts {
  readonly model: string | null;
  readonly stream: boolean;
  /** The answer that it continues, and the conversation that it is part of, where the format has them. */
  readonly previousResponseId?: string | null;
  readonly conversationId?: string | null;
}

/** What every format knows of an answer. */
export interface AnswerFacts {
  readonly model: string | null;
  readonly finish: readonly string[];
  readonly usage: Usage;
  /** What the provider calls it, where it can be named later. */
  readonly responseId?: string | null;
}

/** Facts of an answer that never came, or is none. */
export const NO_ANSWER: AnswerFacts = {
  model: null,
  finish: [],
  usage: { tokens_in: null, tokens_out: null, tokens_cached: null },
};

/** An answer read from events, and whether they went to the end that the format knows. */
export interface StreamAnswer {
  readonly answer: AnswerFacts;
  readonly ended: boolean;
}

/** What a wire format knows beyond the frame. `request` is null where the request could not be read. */
export interface Format<R extends RequestFacts> {
  readonly name: string;
  readRequest(parts: PartList, body: Fields): R;
  readObject(parts: PartList, body: Fields, request: R | null): AnswerFacts;
  readEvents(parts: PartList, events: readonly SseEvent[], request: R | null): StreamAnswer;
}

/** Reads one exchange in a format. Never throws for what the bodies contain. */
export function readExchange<R extends RequestFacts>(format: Format<R>, exchange: DecodedExchange): Reading {
  const parts = new PartList();
  const body = openRequest(parts, exchange);
  const request = body === null ? null : format.readRequest(parts, body);
  const response = openResponse(parts, exchange);
  const answer = readAnswer(parts, format, exchange, request, response);
  const links = linksOf(parts, request, answer);
  return {
    ...(links === null ? {} : { links }),
    transcript: {
      api: format.name,
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
}

function linksOf(parts: PartList, request: RequestFacts | null, answer: AnswerFacts): ProviderLinks | null {
  const previous = request?.previousResponseId ?? null;
  const ids = {
    response_id: providerId(answer.responseId ?? null),
    previous_response_id: providerId(previous),
    conversation_id: providerId(request?.conversationId ?? null),
  };
  if (Object.values(ids).every((id) => id === null)) return null;
  return { ...ids, only_previous: previous !== null && parts.missingCount === 1 };
}

function readAnswer<R extends RequestFacts>(
  parts: PartList,
  format: Format<R>,
  exchange: DecodedExchange,
  request: R | null,
  response: ReturnType<typeof openResponse>,
): AnswerFacts {
  switch (response.kind) {
    case 'none':
      return NO_ANSWER;
    case 'object': {
      if (!exchange.responseEnded) parts.reasons.add('stream_broken');
      const failed =
        exchange.status !== null && exchange.status >= 400 && readErrorBody(parts, RESPONSE, response.fields);
      return failed ? NO_ANSWER : format.readObject(parts, response.fields, request);
    }
    case 'events': {
      const { answer, ended } = format.readEvents(parts, response.events, request);
      // Of a copy that was cut the end is missing here, not at the client.
      if (!ended && (!exchange.responseEnded || !exchange.responseCut)) parts.reasons.add('stream_broken');
      return answer;
    }
    default:
      return response satisfies never;
  }
}
