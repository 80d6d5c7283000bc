/** Content parts as Chat Completions and Responses write them, in messages and in tool results. */

import type { PartKind, Role } from '../exchange/transcript.ts';
import { type Fields, isArray, type Json } from './json.ts';
import { base64Media, urlMedia } from './media.ts';
import { type At, fieldsOf, inside, type PartList } from './part-list.ts';

const QUIET_PART: ReadonlySet<string> = new Set([
  'type',
  'detail',
  'logprobs',
  'id',
  'prompt_cache_breakpoint',
  'cache_control',
]);

const ROLES: ReadonlyMap<string, Role> = new Map([
  ['system', 'system'],
  ['developer', 'developer'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
] as const);

/** Role of a message; a word that is no role of the wire format is `unknown`. */
export function roleOf(word: string | null, otherwise: Role): Role {
  return word === null ? otherwise : (ROLES.get(word) ?? 'unknown');
}

/** Content of a message: a string, or a list of parts. `kind` is that of its texts. */
export function readContent(parts: PartList, at: At, content: Json, kind: PartKind): void {
  if (typeof content === 'string') parts.text(at, kind, content);
  else if (!isArray(content)) parts.strange(at, content);
  else for (const [index, part] of content.entries()) readPart(parts, inside(at, index), part, kind);
}

/** One part of a content list. */
export function readPart(parts: PartList, at: At, part: Json, kind: PartKind): void {
  if (typeof part === 'string') {
    parts.text(at, kind, part);
    return;
  }
  const fields = fieldsOf(parts, at, part);
  if (fields === null) return;
  const type = fields.string('type');
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      parts.text(inside(at, 'text'), kind, fields.string('text'));
      break;
    case 'summary_text':
    case 'reasoning_text':
    case 'thinking':
      parts.text(inside(at, 'text'), 'reasoning', fields.string('text'));
      break;
    case 'refusal':
      parts.text(inside(at, 'refusal'), 'refusal', fields.string('refusal'));
      break;
    case 'image_url':
    case 'input_image':
    case 'computer_screenshot':
      readImage(parts, at, fields);
      break;
    case 'input_audio':
    case 'output_audio':
      readAudioPart(parts, at, fields);
      break;
    case 'file':
    case 'input_file':
      readFile(parts, at, fields.object('file') ?? fields);
      break;
    default:
      parts.strange(at, part);
      return;
  }
  readAnnotations(parts, at, fields);
  parts.rest(at, fields, QUIET_PART);
}

/** Sources of a text, which programs show beside it: title and address are the model's words, too. */
export function readAnnotations(parts: PartList, at: At, fields: Fields): void {
  for (const [index, annotation] of (fields.array('annotations') ?? []).entries())
    parts.value(inside(inside(at, 'annotations'), index), 'other', annotation);
}

/** Chat: `image_url: { url }`; Responses and computer screenshots: `image_url` itself, or a file at the provider. */
function readImage(parts: PartList, at: At, fields: Fields): void {
  const nested = fields.object('image_url');
  const url = nested?.string('url') ?? fields.string('image_url');
  if (url !== null) parts.media(inside(at, 'image_url'), urlMedia('image', url));
  if (nested !== null) parts.rest(inside(at, 'image_url'), nested, QUIET_PART);
  readStoredFile(parts, at, fields);
}

function readAudioPart(parts: PartList, at: At, fields: Fields): void {
  const audio = fields.object('input_audio') ?? fields;
  const format = audio.string('format');
  const data = audio.string('data');
  if (data !== null) parts.media(inside(at, 'data'), base64Media('audio', format, data));
  parts.text(inside(at, 'transcript'), 'text', audio.string('transcript'));
  if (audio !== fields) parts.rest(inside(at, 'input_audio'), audio, QUIET_PART);
}

function readFile(parts: PartList, at: At, file: Fields): void {
  parts.text(inside(at, 'filename'), 'other', file.string('filename'));
  const data = file.string('file_data');
  if (data !== null) {
    const media = /^data:/i.test(data) ? urlMedia('file', data) : base64Media('file', null, data);
    parts.media(inside(at, 'file_data'), media);
  }
  const url = file.string('file_url');
  if (url !== null) parts.media(inside(at, 'file_url'), urlMedia('file', url));
  readStoredFile(parts, at, file);
  parts.rest(inside(at, 'file'), file, QUIET_PART);
}

function readStoredFile(parts: PartList, at: At, fields: Fields): void {
  const id = fields.string('file_id');
  if (id !== null) parts.missing(inside(at, 'file_id'), `[file ${id} at the provider]`);
}
