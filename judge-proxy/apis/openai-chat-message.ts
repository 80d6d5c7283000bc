/** One message of Chat Completions: of the request's list, or of a choice of the answer. Both have the same fields. */

import { readAnnotations, readContent, roleOf } from './content.ts';
import type { Fields, Json } from './json.ts';
import { base64Media } from './media.ts';
import { type At, fieldsOf, inside, type PartList } from './part-list.ts';

const QUIET_MESSAGE: ReadonlySet<string> = new Set(['id', 'tool_call_id', 'prefix', 'cache_control']);
const QUIET_CALL: ReadonlySet<string> = new Set(['id', 'type', 'index']);
const QUIET_AUDIO: ReadonlySet<string> = new Set(['expires_at', 'format']);

/** @param at place of the message; its role holds where the message names none */
export function readMessage(parts: PartList, at: At, message: Json): void {
  const fields = fieldsOf(parts, at, message);
  if (fields === null) return;
  const word = fields.string('role');
  const here: At = { ...at, role: roleOf(word, at.role) };
  const isResult = here.role === 'tool';
  const name = fields.string('name');
  parts.text(inside(here, 'name'), 'other', name);
  readContent(parts, inside(here, 'content'), fields.any('content'), isResult ? 'tool_result' : 'text');
  parts.text(inside(here, 'refusal'), 'refusal', fields.string('refusal'));
  // Not in the published description; DeepSeek, vLLM and OpenRouter send the model's reasoning under these names.
  parts.text(inside(here, 'reasoning_content'), 'reasoning', fields.string('reasoning_content'));
  parts.text(inside(here, 'reasoning'), 'reasoning', fields.string('reasoning'));
  for (const [index, call] of (fields.array('tool_calls') ?? []).entries()) {
    readToolCall(parts, inside(inside(here, 'tool_calls'), index), call);
  }
  const legacy = fields.object('function_call');
  if (legacy !== null) readCall(parts, inside(here, 'function_call'), legacy, 'arguments');
  const audio = fields.object('audio');
  if (audio !== null) readAudio(parts, inside(here, 'audio'), audio);
  readAnnotations(parts, here, fields);
  // A role that the format does not have is content, not a role.
  if (here.role === 'unknown' && word !== null) parts.strange(inside(here, 'role'), word);
  parts.rest(here, fields, QUIET_MESSAGE);
}

function readToolCall(parts: PartList, at: At, call: Json): void {
  const fields = fieldsOf(parts, at, call);
  if (fields === null) return;
  const called = fields.object('function');
  if (called !== null) readCall(parts, inside(at, 'function'), called, 'arguments');
  const custom = fields.object('custom');
  if (custom !== null) readCall(parts, inside(at, 'custom'), custom, 'input');
  parts.rest(at, fields, QUIET_CALL);
}

/** The call stands at its arguments; a call without any is still a call. */
function readCall(parts: PartList, at: At, fields: Fields, key: 'arguments' | 'input'): void {
  const name = fields.string('name');
  const value = fields.any(key);
  const isEmpty = value === null || value === '';
  parts.value(inside(at, key), 'tool_call', isEmpty ? '{}' : value, name);
  parts.rest(at, fields, QUIET_CALL);
}

/** A request refers to earlier audio by its id alone; an answer brings data and transcript. */
function readAudio(parts: PartList, at: At, audio: Fields): void {
  const id = audio.string('id');
  const data = audio.string('data');
  const transcript = audio.string('transcript');
  parts.text(inside(at, 'transcript'), 'text', transcript);
  if (data !== null && data !== '') parts.media(inside(at, 'data'), base64Media('audio', audio.string('format'), data));
  if (data === null && transcript === null && id !== null)
    parts.missing(inside(at, 'id'), `[audio ${id} at the provider]`);
  parts.rest(at, audio, QUIET_AUDIO);
}
