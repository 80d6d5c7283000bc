/** Bodies and events in the shapes of OpenAI's published API description; a test validates them against it. */

export interface ReplyShape {
  readonly model: string;
  readonly text: string;
  readonly toolCall?: { readonly name: string; readonly arguments: string };
  /** For events: how many characters a delta carries. */
  readonly deltaLength?: number;
}

const CREATED = 1_790_000_000;

/** A non-streamed `chat.completion`. */
export function chatCompletion(reply: ReplyShape): object {
  const calls = reply.toolCall;
  return {
    id: 'chatcmpl-demo0001',
    object: 'chat.completion',
    created: CREATED,
    model: reply.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: calls === undefined ? reply.text : null,
          refusal: null,
          annotations: [],
          ...(calls === undefined
            ? {}
            : {
                tool_calls: [
                  { id: 'call_demo0001', type: 'function', function: { name: calls.name, arguments: calls.arguments } },
                ],
              }),
        },
        logprobs: null,
        finish_reason: calls === undefined ? 'stop' : 'tool_calls',
      },
    ],
    usage: usage(reply),
    service_tier: 'default',
    system_fingerprint: 'fp_demo',
  };
}

/** The same answer as the `data:` payloads of a stream, `[DONE]` included. */
export function chatCompletionEvents(reply: ReplyShape, includeUsage = false): string[] {
  const chunk = (choices: object[], extra: object = {}) =>
    JSON.stringify({
      id: 'chatcmpl-demo0001',
      object: 'chat.completion.chunk',
      created: CREATED,
      model: reply.model,
      service_tier: 'default',
      system_fingerprint: 'fp_demo',
      choices,
      ...(includeUsage ? { usage: null } : {}),
      ...extra,
    });
  const delta = (value: object, finish: string | null = null) =>
    chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }]);
  const events = [delta({ role: 'assistant', content: '', refusal: null })];
  if (reply.toolCall === undefined) {
    for (const piece of pieces(reply.text, reply.deltaLength)) events.push(delta({ content: piece }));
    events.push(delta({}, 'stop'));
  } else {
    const call = reply.toolCall;
    events.push(
      delta({
        tool_calls: [{ index: 0, id: 'call_demo0001', type: 'function', function: { name: call.name, arguments: '' } }],
      }),
    );
    for (const piece of pieces(call.arguments, reply.deltaLength)) {
      events.push(delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
    }
    events.push(delta({}, 'tool_calls'));
  }
  if (includeUsage) events.push(chunk([], { usage: usage(reply) }));
  events.push('[DONE]');
  return events;
}

/** A non-streamed `response` of the Responses API. */
export function response(reply: ReplyShape, status = 'completed'): object {
  return {
    id: 'resp_demo0001',
    object: 'response',
    created_at: CREATED,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    metadata: {},
    model: reply.model,
    output: status === 'in_progress' ? [] : [outputItem(reply)],
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: true,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    ...(status === 'in_progress' ? {} : { usage: responseUsage(reply) }),
  };
}

/** The events of a streamed response, as objects with their `type`. */
export function responseEvents(reply: ReplyShape): { type: string }[] {
  let sequence = 0;
  const event = (type: string, fields: object) => ({ type, sequence_number: sequence++, ...fields });
  const events = [
    event('response.created', { response: response(reply, 'in_progress') }),
    event('response.in_progress', { response: response(reply, 'in_progress') }),
  ];
  const item = outputItem(reply);
  if (reply.toolCall === undefined) {
    const at = { item_id: 'msg_demo0001', output_index: 0, content_index: 0 };
    events.push(
      event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } }),
    );
    events.push(event('response.content_part.added', { ...at, part: textPart('') }));
    for (const piece of pieces(reply.text, reply.deltaLength)) {
      events.push(event('response.output_text.delta', { ...at, delta: piece, logprobs: [] }));
    }
    events.push(event('response.output_text.done', { ...at, text: reply.text, logprobs: [] }));
    events.push(event('response.content_part.done', { ...at, part: textPart(reply.text) }));
  } else {
    const at = { item_id: 'fc_demo0001', output_index: 0 };
    events.push(
      event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } }),
    );
    for (const piece of pieces(reply.toolCall.arguments, reply.deltaLength)) {
      events.push(event('response.function_call_arguments.delta', { ...at, delta: piece }));
    }
    events.push(
      event('response.function_call_arguments.done', {
        ...at,
        name: reply.toolCall.name,
        arguments: reply.toolCall.arguments,
      }),
    );
  }
  events.push(event('response.output_item.done', { output_index: 0, item }));
  events.push(event('response.completed', { response: response(reply) }));
  return events;
}

/** An error body with all four fields that SDKs read. */
export function errorBody(message: string, type: string, code: string | null): object {
  return { error: { message, type, param: null, code } };
}

function outputItem(reply: ReplyShape): object {
  if (reply.toolCall !== undefined) {
    return {
      id: 'fc_demo0001',
      type: 'function_call',
      status: 'completed',
      call_id: 'call_demo0001',
      name: reply.toolCall.name,
      arguments: reply.toolCall.arguments,
    };
  }
  return {
    id: 'msg_demo0001',
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [textPart(reply.text)],
  };
}

function textPart(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function usage(reply: ReplyShape): object {
  const out = tokens(reply);
  return {
    prompt_tokens: 42,
    completion_tokens: out,
    total_tokens: 42 + out,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function responseUsage(reply: ReplyShape): object {
  const out = tokens(reply);
  return {
    input_tokens: 42,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: out,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 42 + out,
  };
}

function tokens(reply: ReplyShape): number {
  return Math.max(1, Math.ceil((reply.toolCall?.arguments ?? reply.text).length / 4));
}

function pieces(text: string, length = 12): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length; at += length) found.push(text.slice(at, at + length));
  return found;
}
