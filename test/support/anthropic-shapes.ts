/** Messages and events in the shapes of Anthropic's API; the types of its SDK say whether they are. */

import type Anthropic from '@anthropic-ai/sdk';

export interface MessageReply {
  readonly model: string;
  readonly text: string;
  readonly toolCall?: { readonly name: string; readonly input: Readonly<Record<string, unknown>> };
}

/** How many characters a delta carries. */
const DELTA_LENGTH = 12;

/** A message that was not streamed. */
export function message(reply: MessageReply): Anthropic.Message {
  return {
    ...openMessage(reply),
    content: [blockOf(reply)],
    stop_reason: reply.toolCall === undefined ? 'end_turn' : 'tool_use',
    usage: usage(tokens(reply)),
  };
}

/** The same message as the events of a stream. */
export function messageEvents(reply: MessageReply): { readonly type: string }[] {
  const start: Anthropic.RawMessageStartEvent = { type: 'message_start', message: openMessage(reply) };
  const end: Anthropic.RawMessageDeltaEvent = {
    type: 'message_delta',
    delta: {
      stop_reason: reply.toolCall === undefined ? 'end_turn' : 'tool_use',
      stop_sequence: null,
      stop_details: null,
      container: null,
    },
    usage: {
      input_tokens: 30,
      cache_creation_input_tokens: 2,
      cache_read_input_tokens: 10,
      output_tokens: tokens(reply),
      output_tokens_details: null,
      server_tool_use: null,
    },
  };
  return [start, { type: 'ping' }, ...blockEvents(reply), end, { type: 'message_stop' }];
}

/** An error body; inside a stream it is the data of an `error` event. */
export function errorBody(type: Anthropic.ErrorObject['type'], text: string): object {
  return { type: 'error', error: { type, message: text }, request_id: 'req_demo0001' };
}

function blockEvents(reply: MessageReply): Anthropic.RawMessageStreamEvent[] {
  const block = blockOf(reply);
  const isCall = block.type === 'tool_use';
  const text = isCall ? JSON.stringify(block.input) : reply.text;
  const deltas = pieces(text).map((piece): Anthropic.RawContentBlockDelta => {
    return isCall ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece };
  });
  return [
    { type: 'content_block_start', index: 0, content_block: isCall ? { ...block, input: {} } : textBlock('') },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta }) as const),
    { type: 'content_block_stop', index: 0 },
  ];
}

function openMessage(reply: MessageReply): Anthropic.Message {
  return {
    id: 'msg_demo0001',
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    usage: usage(1),
  };
}

function blockOf(reply: MessageReply): Anthropic.TextBlock | Anthropic.ToolUseBlock {
  if (reply.toolCall === undefined) return textBlock(reply.text);
  return { type: 'tool_use', id: 'toolu_demo0001', caller: { type: 'direct' }, ...reply.toolCall };
}

function textBlock(text: string): Anthropic.TextBlock {
  return { type: 'text', text, citations: null };
}

/** 42 tokens went in: 30 new, 10 from the cache, 2 written to it. */
function usage(out: number): Anthropic.Usage {
  return {
    input_tokens: 30,
    cache_creation_input_tokens: 2,
    cache_read_input_tokens: 10,
    cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 0 },
    output_tokens: out,
    output_tokens_details: null,
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: null,
  };
}

function tokens(reply: MessageReply): number {
  return Math.max(
    1,
    Math.ceil((reply.toolCall === undefined ? reply.text : JSON.stringify(reply.toolCall)).length / 4),
  );
}

function pieces(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; at += DELTA_LENGTH) found.push(text.slice(at, at + DELTA_LENGTH));
  return found;
}
