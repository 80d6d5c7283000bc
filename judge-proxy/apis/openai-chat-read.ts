/** Chat Completions: the request, and the answer as one object (streamed answers are assembled to it first). */

import type { Usage } from '../exchange/transcript.ts';
import { REQUEST, RESPONSE } from './body.ts';
import { readContent } from './content.ts';
import type { Fields, Json } from './json.ts';
import { readMessage } from './openai-chat-message.ts';
import { fieldsOf, inside, type PartList } from './part-list.ts';
import type { AnswerFacts, RequestFacts } from './reading.ts';
import { readTools } from './tools.ts';
import { readError } from './wire-error.ts';

/** Settings that carry no text of their own. */
const QUIET_REQUEST: ReadonlySet<string> = new Set([
  'stream',
  'stream_options',
  'n',
  'temperature',
  'top_p',
  'top_k',
  'max_tokens',
  'max_completion_tokens',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'seed',
  'store',
  'service_tier',
  'modalities',
  'verbosity',
  'reasoning_effort',
  'audio',
  'parallel_tool_calls',
  'tool_choice',
  'function_call',
  'prompt_cache_retention',
  'prompt_cache_options',
  'moderation',
]);

/** Fields of the application that the provider keeps and the model does not read. */
const LABELS = ['metadata', 'user', 'safety_identifier', 'prompt_cache_key', 'stop', 'web_search_options'] as const;

/** Ids, numbers and enumerated words of an answer, or settings: a text in one of them is content all the same. */
export const QUIET_RESPONSE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'service_tier',
  'system_fingerprint',
  'metadata',
  'moderation',
  'prompt_filter_results',
]);
const QUIET_CHOICE: ReadonlySet<string> = new Set(['index', 'logprobs', 'content_filter_results']);

export type ChatRequest = RequestFacts;

/** All messages, tool definitions and whatever else carries text. */
export function readChatRequest(parts: PartList, body: Fields): ChatRequest {
  const model = body.string('model');
  const stream = body.any('stream') === true;
  const messages = body.any('messages');
  if (Array.isArray(messages)) {
    for (const [index, message] of messages.entries())
      readMessage(parts, inside(inside(REQUEST, 'messages'), index), message);
  } else {
    parts.reasons.add('unparseable');
    parts.strange(inside(REQUEST, 'messages'), messages);
  }
  const application = { ...REQUEST, role: 'developer' } as const;
  readTools(parts, inside(application, 'tools'), body.any('tools'));
  readTools(parts, inside(application, 'functions'), body.any('functions'));
  readFormat(parts, body);
  const prediction = body.object('prediction');
  if (prediction !== null) {
    const at = inside({ ...REQUEST, role: 'assistant' }, 'prediction');
    readContent(parts, inside(at, 'content'), prediction.any('content'), 'text');
    parts.rest(at, prediction, new Set(['type']));
  }
  for (const label of LABELS) parts.value(inside(REQUEST, label), 'other', body.any(label));
  parts.rest(REQUEST, body, QUIET_REQUEST);
  return { model, stream };
}

/** A schema for the answer is the application's word to the model, as a tool's is. */
function readFormat(parts: PartList, body: Fields): void {
  const format = body.object('response_format');
  if (format === null) return;
  const at = inside({ ...REQUEST, role: 'developer' }, 'response_format');
  parts.value(inside(at, 'json_schema'), 'tool_definition', format.any('json_schema'));
  parts.rest(at, format, new Set(['type']));
}

/** All choices, an error that came instead of them or after them, usage. */
export function readChatCompletion(parts: PartList, body: Fields): AnswerFacts {
  const finish: string[] = [];
  const choices = body.any('choices');
  const model = body.string('model');
  const usage = readUsage(body.object('usage'));
  const error = body.any('error');
  readError(parts, inside(RESPONSE, 'error'), error);
  if (Array.isArray(choices)) {
    for (const [index, choice] of choices.entries()) finish.push(readChoice(parts, index, choice));
  } else {
    if (error === null) parts.reasons.add('unparseable');
    parts.strange(inside(RESPONSE, 'choices'), choices);
  }
  parts.rest(RESPONSE, body, QUIET_RESPONSE);
  return { model, finish, usage };
}

function readChoice(parts: PartList, index: number, choice: Json): string {
  const at = inside(inside(RESPONSE, 'choices'), index);
  const fields = fieldsOf(parts, at, choice);
  if (fields === null) return 'none';
  const message = fields.any('message');
  if (message !== null) readMessage(parts, inside(at, 'message'), message);
  const finish = fields.string('finish_reason');
  parts.rest(at, fields, QUIET_CHOICE);
  return finish ?? 'none';
}

function readUsage(usage: Fields | null): Usage {
  return {
    tokens_in: usage?.count('prompt_tokens') ?? null,
    tokens_out: usage?.count('completion_tokens') ?? null,
    tokens_cached: usage?.object('prompt_tokens_details')?.count('cached_tokens') ?? null,
  };
}
