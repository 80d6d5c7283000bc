/**
 * Errors as providers write them: OpenAI's four fields, Anthropic's `details`, a bare string, FastAPI's `detail`, Azure's
 * `innererror`.
 */

import { Fields, isObject, type Json, own } from './json.ts';
import { outline } from './outline.ts';
import { type At, inside, type PartList } from './part-list.ts';

const QUIET: ReadonlySet<string> = new Set(['type', 'param', 'status', 'sequence_number', 'request_id']);

/** Reads an `error` value: its code words for the record, its message as a part. */
export function readError(parts: PartList, at: At, error: Json): void {
  if (error === null) return;
  if (!isObject(error)) {
    parts.error ??= { type: null, code: null };
    parts.text(at, 'error', outline(error));
    return;
  }
  const fields = new Fields(error);
  const type = fields.string('type');
  const details = fields.any('details');
  const code = fields.string('code') ?? numberAsText(fields.count('code')) ?? codeIn(details);
  parts.error ??= { type, code };
  parts.value(inside(at, 'message'), 'error', fields.any('message'));
  parts.value(inside(at, 'details'), 'error', details);
  parts.rest(at, fields, QUIET);
}

function codeIn(details: Json): string | null {
  const code = isObject(details) ? own(details, 'error_code') : undefined;
  return typeof code === 'string' ? code : null;
}

function numberAsText(value: number | null): string | null {
  return value === null ? null : String(value);
}

/** Reads an error body of any of these shapes whole. @returns false, with nothing read, when it is none */
export function readErrorBody(parts: PartList, at: At, body: Fields): boolean {
  const error = body.any('error');
  if (error !== null) readError(parts, inside(at, 'error'), error);
  const detail = body.any('detail');
  if (detail !== null) readError(parts, inside(at, 'detail'), detail);
  if (error === null && detail === null) return false;
  parts.rest(at, body, QUIET);
  return true;
}
