/** Responses API: the request, and the response object that answers it, streamed or not. */

import { REQUEST, RESPONSE } from './body.ts';
import { readContent } from './content.ts';
import { type Fields, isArray, type Json } from './json.ts';
import { readItem } from './openai-responses-items.ts';
import { type At, inside, MAX_QUIET, type PartList } from './part-list.ts';
import type { AnswerFacts, RequestFacts } from './reading.ts';
import { readTools } from './tools.ts';
import { readError } from './wire-error.ts';

/** Settings that carry no text of their own. Most of them come back in the response object. */
const QUIET: ReadonlySet<string> = new Set([
  'background',
  'context_management',
  'include',
  'max_output_tokens',
  'max_tool_calls',
  'moderation',
  'parallel_tool_calls',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'top_logprobs',
  'top_p',
  'truncation',
]);

/** Fields of the application that the provider keeps and the model does not read. */
const LABELS = ['metadata', 'user', 'safety_identifier', 'prompt_cache_key'] as const;

/** What a response object has beside its output. */
export const QUIET_RESPONSE: ReadonlySet<string> = new Set([
  ...QUIET,
  ...LABELS,
  'id',
  'object',
  'created_at',
  'completed_at',
  'conversation',
  'previous_response_id',
  'prompt',
  'text',
  'billing',
]);

/** What a response object repeats of its request. */
const ECHOED = ['tools', 'text', 'prompt', ...LABELS] as const;

export interface ResponsesRequest extends RequestFacts {
  readonly instructions: string | null;
  /** Those of ECHOED that the request had. */
  readonly sent: ReadonlySet<string>;
}

/** Input, instructions, tools, and what lives at the provider. */
export function readResponsesRequest(parts: PartList, body: Fields): ResponsesRequest {
  const sent = new Set(body.unread().map(([key]) => key));
  const model = body.string('model');
  const stream = body.any('stream') === true;
  const instructions = body.string('instructions');
  parts.text(inside({ ...REQUEST, role: 'system' }, 'instructions'), 'text', instructions);
  readInput(parts, inside({ ...REQUEST, role: 'user' }, 'input'), body.any('input'));
  readTools(parts, inside({ ...REQUEST, role: 'developer' }, 'tools'), body.any('tools'));
  const { previousResponseId, conversationId } = readProviderContext(parts, body);
  readTextFormat(parts, body);
  for (const label of LABELS) parts.value(inside(REQUEST, label), 'other', body.any(label));
  parts.rest(REQUEST, body, QUIET);
  const sentEchoes = new Set(ECHOED.filter((key) => sent.has(key)));
  return { model, stream, previousResponseId, conversationId, instructions, sent: sentEchoes };
}

function readInput(parts: PartList, at: At, input: Json): void {
  if (isArray(input)) for (const [index, item] of input.entries()) readItem(parts, inside(at, index), item);
  else if (typeof input === 'string') parts.text(at, 'text', input);
  else parts.strange(at, input);
}

type ContinuedFrom = Required<Pick<RequestFacts, 'previousResponseId' | 'conversationId'>>;

/** Earlier turns and prompt templates that only the provider has; a template's variables are in the request. */
function readProviderContext(parts: PartList, body: Fields): ContinuedFrom {
  const previous = body.string('previous_response_id');
  if (previous !== null)
    parts.missing(inside(REQUEST, 'previous_response_id'), `[earlier turns of ${previous} at the provider]`);
  const conversation = body.string('conversation') ?? body.object('conversation')?.string('id') ?? null;
  if (conversation !== null)
    parts.missing(inside(REQUEST, 'conversation'), `[conversation ${conversation} at the provider]`);
  readTemplate(parts, body.object('prompt'));
  return { previousResponseId: previous, conversationId: conversation };
}

function readTemplate(parts: PartList, prompt: Fields | null): void {
  if (prompt === null) return;
  const at = inside({ ...REQUEST, role: 'user' }, 'prompt');
  parts.missing(at, `[prompt template ${prompt.string('id') ?? '?'} at the provider]`);
  const variables = prompt.object('variables');
  for (const [index, [name, value]] of (variables?.unread() ?? []).entries()) {
    const here = inside(inside(at, 'variables'), index);
    parts.text(inside(here, 'name'), 'other', name);
    if (typeof value === 'string') parts.text(here, 'text', value);
    else readContent(parts, here, [value], 'text');
  }
  parts.rest(at, prompt, new Set(['version']));
}

/** A schema for the answer is the application's word to the model, as a tool's is. */
function readTextFormat(parts: PartList, body: Fields): void {
  const text = body.object('text');
  if (text === null) return;
  const at = inside({ ...REQUEST, role: 'developer' }, 'text');
  const format = text.object('format');
  if (format !== null) {
    parts.value(inside(at, 'schema'), 'tool_definition', format.any('schema'), format.string('name'));
    parts.value(inside(at, 'description'), 'tool_definition', format.any('description'));
    parts.rest(inside(at, 'format'), format, new Set(['type', 'strict']));
  }
  parts.rest(at, text, new Set(['verbosity']));
}

/** Output items, an error, usage. What the object merely repeats of the request is not read twice. */
export function readResponseObject(parts: PartList, body: Fields, request: ResponsesRequest | null): AnswerFacts {
  const output = body.any('output');
  const error = body.any('error');
  readError(parts, inside(RESPONSE, 'error'), error);
  if (isArray(output)) readOutput(parts, RESPONSE, output);
  else {
    if (error === null) parts.reasons.add('unparseable');
    parts.strange(inside(RESPONSE, 'output'), output);
  }
  readEchoes(parts, body, request);
  const status = body.string('status');
  const detail = body.object('incomplete_details')?.string('reason') ?? null;
  const usage = body.object('usage');
  const answer: AnswerFacts = {
    model: body.string('model'),
    responseId: readId(parts, body),
    finish: [status, detail].filter((word) => word !== null),
    usage: {
      tokens_in: usage?.count('input_tokens') ?? null,
      tokens_out: usage?.count('output_tokens') ?? null,
      tokens_cached: usage?.object('input_tokens_details')?.count('cached_tokens') ?? null,
    },
  };
  parts.rest(RESPONSE, body, QUIET_RESPONSE);
  return answer;
}

/** An id is shorter than what is kept as a text; one that is not is both. */
function readId(parts: PartList, body: Fields): string | null {
  const id = body.string('id');
  if (id !== null && id.length > MAX_QUIET) parts.text(inside(RESPONSE, 'id'), 'other', id);
  return id;
}

/** Items of an `output` list that stands in `at`. */
export function readOutput(parts: PartList, at: At, output: readonly Json[]): void {
  for (const [index, item] of output.entries()) readItem(parts, inside(inside(at, 'output'), index), item);
}

function readEchoes(parts: PartList, body: Fields, request: ResponsesRequest | null): void {
  // Equal to what was sent, or the text of a prompt template that nobody else has seen.
  const instructions = body.any('instructions');
  const at = inside({ ...RESPONSE, role: 'system' }, 'instructions');
  if (isArray(instructions)) readInput(parts, at, instructions);
  else if (instructions !== request?.instructions) parts.value(at, 'text', instructions);
  for (const key of request?.sent ?? []) body.any(key);
  readTools(
    parts,
    inside({ ...RESPONSE, role: 'developer' }, 'tools'),
    request?.sent.has('tools') ? null : body.any('tools'),
  );
  // The SDKs join this text from the output; a server that sends it says nothing new in the common case.
  const joined = body.string('output_text');
  if (joined !== null && !parts.says(joined)) parts.text(inside(RESPONSE, 'output_text'), 'text', joined);
}
