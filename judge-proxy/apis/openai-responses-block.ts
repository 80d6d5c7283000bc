/** A block of the Responses API: an error, or a response that is `incomplete` by `content_filter`. */

import type { Block, BlockedRequest, WholeAnswer } from './block.ts';
import { jsonAnswer, sse, streamAnswer } from './block-answer.ts';
import { secondsOf, wireId } from './id-time.ts';
import type { Json, JsonObject } from './json.ts';
import { openaiError } from './openai-error.ts';

/** Before anything of the answer was sent. */
export function blockResponse(block: Block, request: BlockedRequest): WholeAnswer {
  if (block.style === 'error') return jsonAnswer(block, block.status, { error: openaiError(block) });
  if (request.streamed) return streamAnswer(block, refusedResponse(block, request.model));
  return jsonAnswer(block, 200, incomplete(responseHead(block, request.model), [refusalItem(block)]));
}

/** A whole stream: one message that refuses. */
export function refusedResponse(block: Block, model: string | null): string {
  const events = new ResponseEvents(0);
  const response = { ...responseHead(block, model), status: 'in_progress', output: [] };
  events.send('response.created', { response });
  events.send('response.in_progress', { response });
  return refusedEnd(events, block, response, [], 0);
}

/**
 * Ends a stream behind `output`: the message as a refusal of its own, then the terminal event.
 * @param index of the refusal: no item may have been announced under it
 */
export function refusedEnd(
  events: ResponseEvents,
  block: Block,
  response: JsonObject,
  output: readonly JsonObject[],
  index: number,
): string {
  const item = refusalItem(block);
  const part = { type: 'refusal', refusal: block.message };
  const inItem = { item_id: item.id ?? null, output_index: index, content_index: 0 };
  events.send('response.output_item.added', {
    output_index: index,
    item: { ...item, status: 'in_progress', content: [] },
  });
  events.send('response.content_part.added', { ...inItem, part: { ...part, refusal: '' } });
  events.send('response.refusal.delta', { ...inItem, delta: block.message });
  events.send('response.refusal.done', { ...inItem, refusal: block.message });
  events.send('response.content_part.done', { ...inItem, part });
  events.send('response.output_item.done', { output_index: index, item });
  events.send('response.incomplete', { response: incomplete(response, [...output, item]) });
  return events.text;
}

/** Events with their running number, as text. */
export class ResponseEvents {
  text = '';
  #sequence: number;

  /** @param sequence number of the first event */
  constructor(sequence: number) {
    this.#sequence = sequence;
  }

  send(type: string, fields: JsonObject): void {
    this.text += sse(type, { type, sequence_number: this.#sequence++, ...fields });
  }
}

/**
 * The `error` event. Its own fields are what the description says; `error` beside them is what makes openai-python raise,
 * which hands on the event otherwise (`_streaming.py`), and what openai-node raises with.
 */
export function responseErrorEvent(block: Block, sequence: number): string {
  const { code, message } = block;
  const data = { type: 'error', code, message, param: null, sequence_number: sequence, error: openaiError(block) };
  return sse('error', data);
}

/** A response of ours has what the description requires, and nothing was spent on it. */
function responseHead(block: Block, model: string | null): JsonObject {
  return {
    id: wireId('resp_', block.requestId),
    object: 'response',
    created_at: secondsOf(block.requestId),
    status: 'incomplete',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: model ?? 'unknown',
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
  };
}

const NO_USAGE = {
  input_tokens: 0,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: 0,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 0,
};

function incomplete(response: JsonObject, output: readonly Json[]): JsonObject {
  const details = { reason: 'content_filter' };
  const usage = response.usage ?? NO_USAGE;
  return { ...response, status: 'incomplete', error: null, incomplete_details: details, output, usage };
}

function refusalItem(block: Block): JsonObject {
  return {
    type: 'message',
    id: wireId('msg_', block.requestId),
    status: 'incomplete',
    role: 'assistant',
    content: [{ type: 'refusal', refusal: block.message }],
  };
}
