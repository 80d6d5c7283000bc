/** Anthropic Messages: the request, and the message that answers it (streamed ones are assembled to it first). */

import { readBlocks } from './anthropic-blocks.ts';
import { REQUEST, RESPONSE } from './body.ts';
import { roleOf } from './content.ts';
import { type Fields, isArray, type Json } from './json.ts';
import { fieldsOf, inside, type PartList } from './part-list.ts';
import type { AnswerFacts, RequestFacts } from './reading.ts';
import { readServers, readTools } from './tools.ts';
import { readError } from './wire-error.ts';

/** Settings that carry no text of their own. `anthropic_*` stand in the body on clouds that leave no room for headers. */
const QUIET_REQUEST: ReadonlySet<string> = new Set([
  'stream',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'tool_choice',
  'thinking',
  'service_tier',
  'speed',
  'inference_geo',
  'cache_control',
  'diagnostics',
  'betas',
  'anthropic_beta',
  'anthropic_version',
  'billing_policy',
  'fallbacks',
  'fallback_credit_token',
  'user_profile_id',
  'workspace_id',
]);

/** Fields of the application that the model does not read, or not as a message. */
const LABELS = ['metadata', 'stop_sequences', 'context_management', 'compaction'] as const;

const QUIET_MESSAGE: ReadonlySet<string> = new Set(['type', 'id', 'cache_control']);

const QUIET_RESPONSE: ReadonlySet<string> = new Set([
  'type',
  'id',
  'container',
  'stop_sequence',
  'context_management',
  'diagnostics',
  'input_transformations',
  'request_id',
]);

export type MessagesRequest = RequestFacts;

/** System prompt, all messages, tool definitions, and what lives at the provider. */
export function readMessagesRequest(parts: PartList, body: Fields): MessagesRequest {
  const model = body.string('model');
  const stream = body.any('stream') === true;
  readBlocks(parts, inside({ ...REQUEST, role: 'system' }, 'system'), body.any('system'), 'text');
  const messages = body.any('messages');
  if (isArray(messages)) {
    for (const [index, message] of messages.entries()) readMessage(parts, index, message);
  } else {
    parts.reasons.add('unparseable');
    parts.strange(inside(REQUEST, 'messages'), messages);
  }
  const application = { ...REQUEST, role: 'developer' } as const;
  readTools(parts, inside(application, 'tools'), body.any('tools'));
  readServers(parts, inside(application, 'mcp_servers'), body.any('mcp_servers'));
  readOutputFormat(parts, body);
  readProviderContext(parts, body);
  for (const label of LABELS) parts.value(inside(REQUEST, label), 'other', body.any(label));
  parts.rest(REQUEST, body, QUIET_REQUEST);
  return { model, stream };
}

function readMessage(parts: PartList, index: number, message: Json): void {
  const at = inside(inside(REQUEST, 'messages'), index);
  const fields = fieldsOf(parts, at, message);
  if (fields === null) return;
  const word = fields.string('role');
  const here = { ...at, role: roleOf(word, at.role) };
  readBlocks(parts, inside(here, 'content'), fields.any('content'), 'text');
  // A role that the format does not have is content, not a role.
  if (here.role === 'unknown' && word !== null) parts.strange(inside(here, 'role'), word);
  parts.rest(here, fields, QUIET_MESSAGE);
}

/** A schema for the answer is the application's word to the model, as a tool's is. */
function readOutputFormat(parts: PartList, body: Fields): void {
  const at = { ...REQUEST, role: 'developer' } as const;
  const config = body.object('output_config');
  for (const [place, format] of [
    [inside(inside(at, 'output_config'), 'format'), config?.object('format') ?? null],
    [inside(at, 'output_format'), body.object('output_format')],
  ] as const) {
    if (format === null) continue;
    parts.value(inside(place, 'schema'), 'tool_definition', format.any('schema'));
    parts.rest(place, format, new Set(['type']));
  }
  if (config !== null) parts.rest(inside(at, 'output_config'), config, new Set(['effort']));
}

/** Containers with their files and skills, and earlier turns, that only the provider has. */
function readProviderContext(parts: PartList, body: Fields): void {
  const container = body.object('container');
  const id = body.string('container') ?? container?.string('id') ?? null;
  const at = inside(REQUEST, 'container');
  if (id !== null) parts.missing(at, `[container ${id} at the provider]`);
  for (const [index, skill] of (container?.array('skills') ?? []).entries()) {
    const here = inside(inside(at, 'skills'), index);
    const fields = fieldsOf(parts, here, skill);
    if (fields === null) continue;
    parts.missing(here, `[skill ${fields.string('skill_id') ?? '?'} at the provider]`);
    parts.rest(here, fields, new Set(['type', 'version']));
  }
  if (container !== null) parts.rest(at, container, new Set());
  const thread = body.object('thread');
  const previous = thread?.string('previous_message_id') ?? null;
  if (previous !== null) parts.missing(inside(REQUEST, 'thread'), `[earlier turns of ${previous} at the provider]`);
  if (thread !== null) parts.rest(inside(REQUEST, 'thread'), thread, new Set(['type']));
}

/** Content, why it stopped, usage; an error where one came in the place of a message. */
export function readMessagesResponse(parts: PartList, body: Fields): AnswerFacts {
  const content = body.any('content');
  const error = body.any('error');
  readError(parts, inside(RESPONSE, 'error'), error);
  if (!isArray(content) && typeof content !== 'string' && error === null) parts.reasons.add('unparseable');
  readBlocks(parts, inside(RESPONSE, 'content'), content, 'text');
  const role = body.string('role');
  if (role !== null && role !== 'assistant') parts.strange(inside(RESPONSE, 'role'), role);
  const stop = body.string('stop_reason');
  const details = body.object('stop_details');
  if (details !== null) {
    const at = inside(RESPONSE, 'stop_details');
    parts.text(inside(at, 'explanation'), 'refusal', details.string('explanation'));
    parts.rest(at, details, new Set(['type', 'category']));
  }
  const answer: AnswerFacts = {
    model: body.string('model'),
    finish: stop === null ? [] : [stop],
    usage: readUsage(body.object('usage')),
  };
  parts.rest(RESPONSE, body, QUIET_RESPONSE);
  return answer;
}

/** `input_tokens` leaves out what was read from the cache and what was written to it: the three together went in. */
function readUsage(usage: Fields | null): AnswerFacts['usage'] {
  const input = usage?.count('input_tokens') ?? null;
  const cached = usage?.count('cache_read_input_tokens') ?? null;
  const written = usage?.count('cache_creation_input_tokens') ?? null;
  return {
    tokens_in: input === null ? null : input + (cached ?? 0) + (written ?? 0),
    tokens_out: usage?.count('output_tokens') ?? null,
    tokens_cached: cached,
  };
}
