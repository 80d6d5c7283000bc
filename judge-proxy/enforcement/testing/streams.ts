/** Streams of all formats for tests, with tool calls, and what a client would have read of a prefix of one. */

import type { Api } from '../../apis/api.ts';
import { parseSse } from '../../apis/sse.ts';
import { apiNamed } from './enforced-rig.ts';

export interface StreamShape {
  readonly api: Api;
  readonly path: string;
  /** A text, a few characters in each delta, and after it a tool call when there are arguments. */
  write(text: string, call?: string): string;
}

const SIZE = 6;
const CALL = { name: 'send_mail', id: 'call_1' };

function sse(events: readonly object[], named: boolean): string {
  const lines = events.map((event) => {
    const name = named && 'type' in event ? `event: ${String(event.type)}\n` : '';
    return `${name}data: ${JSON.stringify(event)}\n\n`;
  });
  return lines.join('');
}

function deltas(text: string): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${SIZE}}`, 'gu')) ?? [];
}

export const CHAT: StreamShape = {
  api: apiNamed('openai.chat_completions'),
  path: '/v1/chat/completions',
  write(text, call) {
    const chunk = (delta: object, finish: string | null = null) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'gpt-5-mini',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
    const calls = (more: object) => chunk({ tool_calls: [{ index: 0, ...more }] });
    const events = [
      chunk({ role: 'assistant', content: '' }),
      ...deltas(text).map((content) => chunk({ content })),
      ...(call === undefined
        ? []
        : [
            calls({ id: CALL.id, type: 'function', function: { name: CALL.name, arguments: '' } }),
            ...deltas(call).map((piece) => calls({ function: { arguments: piece } })),
          ]),
      chunk({}, call === undefined ? 'stop' : 'tool_calls'),
    ];
    return `${sse(events, false)}data: [DONE]\n\n`;
  },
};

export const MESSAGES: StreamShape = {
  api: apiNamed('anthropic.messages'),
  path: '/v1/messages',
  write(text, call) {
    const block = (index: number, content_block: object, pieces: readonly object[]) => [
      { type: 'content_block_start', index, content_block },
      ...pieces.map((delta) => ({ type: 'content_block_delta', index, delta })),
      { type: 'content_block_stop', index },
    ];
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [], usage: {} };
    return sse(
      [
        { type: 'message_start', message },
        ...block(
          0,
          { type: 'text', text: '' },
          deltas(text).map((piece) => ({ type: 'text_delta', text: piece })),
        ),
        ...(call === undefined
          ? []
          : block(
              1,
              { type: 'tool_use', id: CALL.id, name: CALL.name, input: {} },
              deltas(call).map((partial_json) => ({ type: 'input_json_delta', partial_json })),
            )),
        { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 1 } },
        { type: 'message_stop' },
      ],
      true,
    );
  },
};

export const RESPONSES: StreamShape = {
  api: apiNamed('openai.responses'),
  path: '/v1/responses',
  write(text, call) {
    const response = (status: string, output: readonly object[]) => ({
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      status,
      model: 'gpt-5-mini',
      output,
      usage: null,
    });
    const part = { type: 'output_text', text, annotations: [] };
    const item = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [part] };
    const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
    const made = { id: 'fc_1', type: 'function_call', call_id: CALL.id, name: CALL.name, arguments: call };
    const calling = { item_id: 'fc_1', output_index: 1 };
    const events = [
      { type: 'response.created', response: response('in_progress', []) },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...deltas(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta })),
      { type: 'response.output_text.done', ...at, text },
      { type: 'response.content_part.done', ...at, part },
      { type: 'response.output_item.done', output_index: 0, item },
      ...(call === undefined
        ? []
        : [
            { type: 'response.output_item.added', output_index: 1, item: { ...made, arguments: '' } },
            ...deltas(call).map((delta) => ({ type: 'response.function_call_arguments.delta', ...calling, delta })),
            { type: 'response.function_call_arguments.done', ...calling, arguments: call },
            { type: 'response.output_item.done', output_index: 1, item: made },
          ]),
      { type: 'response.completed', response: response('completed', call === undefined ? [item] : [item, made]) },
    ];
    return sse(
      events.map((event, sequence_number) => ({ ...event, sequence_number })),
      true,
    );
  },
};

export const STREAMS: readonly StreamShape[] = [CHAT, MESSAGES, RESPONSES];

/** What a client has read of a prefix of a stream: text and arguments of tools, joined. */
export function readOf({ api }: StreamShape, prefix: string): { text: string; call: string } {
  const reader = api.streamReader();
  const all = parseSse(prefix)
    .filter(({ whole }) => whole)
    .flatMap((event) => [...reader.read(event).deltas]);
  const join = (kind: string) =>
    all
      .filter((delta) => delta.kind === kind)
      .map(({ text }) => text)
      .join('');
  return { text: join('text'), call: join('tool_call') };
}
