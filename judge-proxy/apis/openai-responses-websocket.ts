/**
 * OpenAI Responses over WebSocket (`wss://…/responses`): one exchange for each response. Its request is what the client
 * sent for it, one JSON message a line: `response.create`, then what steered it; its response the events of its lane, as
 * server-sent events. The upgrade is a GET; no GET over HTTP has this path.
 */

import type { CoverageReason } from '../ledger/records.ts';
import type { Api, DecodedExchange, Reading } from './api.ts';
import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, sse } from './block-answer.ts';
import { Fields, isObject, type Json, type JsonObject, own, parseJson } from './json.ts';
import { openaiError } from './openai-error.ts';
import { RESPONSES_FORMAT } from './openai-responses.ts';
import { blockResponse } from './openai-responses-block.ts';
import { type ResponsesRequest, readResponsesRequest } from './openai-responses-read.ts';
import { ResponseReader } from './openai-responses-reader.ts';
import type { PartList } from './part-list.ts';
import { pathEndsWith } from './paths.ts';
import { type Format, readExchange } from './reading.ts';
import type { SseEvent } from './sse.ts';
import type { StreamReader, StreamStep } from './stream-reader.ts';

const NAME = 'openai.responses_websocket';
/** Members of the envelope: no text, and nothing of `POST /responses`. */
const ENVELOPE = ['type', 'stream_id', 'response_id', 'generate'] as const;

export const openaiResponsesWebSocket: Api = {
  name: NAME,

  matches(method: string, path: string): boolean {
    return method === 'GET' && pathEndsWith(path, '/responses');
  },

  read(exchange: DecodedExchange): Reading {
    const [first = '', ...more] = (exchange.request ?? '').split('\n').filter((line) => line !== '');
    const format: Format<ResponsesRequest> = {
      ...RESPONSES_FORMAT,
      name: NAME,
      readRequest: (parts, body) => readMessages(parts, body, more, exchange.requestCut),
    };
    const reading = readExchange(format, { ...exchange, request: first === '' ? null : first });
    return { ...reading, reasons: withReason(reading.reasons, missing(exchange, first)) };
  },

  /** One event as JSON, or several as an event stream. */
  block(block: Block, request: BlockedRequest): WholeAnswer {
    if (block.style === 'error') return jsonAnswer(block, block.status, errorEvent(block));
    return blockResponse(block, { ...request, streamed: true });
  },

  streamReader(): StreamReader {
    return new WebSocketResponseReader();
  },
};

/** The error of a lane. Whoever sends it adds the lane's `stream_id`. */
function errorEvent(block: Block): JsonObject {
  return { type: 'error', status: block.status, error: openaiError(block) };
}

function readMessages(parts: PartList, body: Fields, more: readonly string[], cut: boolean): ResponsesRequest {
  const request = readMessage(parts, body);
  for (const line of more) {
    const parsed = parseJson(line);
    if (parsed.ok && isObject(parsed.value)) readMessage(parts, new Fields(parsed.value));
    if (!parsed.ok || !isObject(parsed.value) || (!parsed.whole && !cut)) parts.reasons.add('unparseable');
  }
  return { ...request, stream: true };
}

function readMessage(parts: PartList, body: Fields): ResponsesRequest {
  for (const key of ENVELOPE) body.any(key);
  return readResponsesRequest(parts, body);
}

/** What the exchange lacks beyond what its bodies show. */
function missing(exchange: DecodedExchange, first: string): CoverageReason | null {
  // The origin went on by itself, or with input that we did not see.
  if (first === '') return (exchange.response ?? '') === '' ? 'unknown_api' : 'context_missing';
  return /^response\.(create|steer)$/.test(typeOf(first)) ? null : 'unknown_api';
}

function typeOf(line: string): string {
  const parsed = parseJson(line);
  const type: Json | undefined = parsed.ok && isObject(parsed.value) ? own(parsed.value, 'type') : undefined;
  return typeof type === 'string' ? type : '';
}

function withReason(reasons: readonly CoverageReason[], reason: CoverageReason | null): readonly CoverageReason[] {
  return reason === null || reasons.includes(reason) ? reasons : [...reasons, reason].sort();
}

/** The events are those of the HTTP stream; an error has a shape of its own (`ResponseWsError`). */
class WebSocketResponseReader implements StreamReader {
  readonly #reader = new ResponseReader();

  read(event: SseEvent): StreamStep {
    return this.#reader.read(event);
  }

  released(event: SseEvent): void {
    this.#reader.released(event);
  }

  block(block: Block): string {
    return block.style === 'finish' ? this.#reader.block(block) : sse(null, errorEvent(block));
  }
}
