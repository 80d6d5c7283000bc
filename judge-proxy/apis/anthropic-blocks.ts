/** Content blocks of Anthropic Messages: the same kinds stand in requests, in answers, and inside each other. */

import type { PartKind } from '../exchange/transcript.ts';
import { readDocument, readImage, readStoredFile } from './anthropic-sources.ts';
import { type Fields, isArray, isObject, type Json } from './json.ts';
import { opaqueMedia } from './media.ts';
import { type At, fieldsOf, inside, type PartList } from './part-list.ts';
import { readTools } from './tools.ts';

/** Ids, settings and enumerated words; a text in one of them is kept all the same. */
const QUIET_BLOCK: ReadonlySet<string> = new Set([
  'type',
  'id',
  'tool_use_id',
  'cache_control',
  'citations',
  'caller',
  'toolset_name',
  'server_name',
  'mcp_server_name',
  'is_error',
  'transformations',
  'page_age',
  'retrieved_at',
  'return_code',
  'file_type',
  'num_lines',
  'start_line',
  'total_lines',
  'old_start',
  'old_lines',
  'new_start',
  'new_lines',
  'is_file_update',
  'stop_reason',
  'from',
  'to',
  'trigger',
]);
const QUIET_CITATION: ReadonlySet<string> = new Set([
  'type',
  'file_id',
  'document_index',
  'search_result_index',
  'start_char_index',
  'end_char_index',
  'start_page_number',
  'end_page_number',
  'start_block_index',
  'end_block_index',
]);

/** @param kind what the texts of the block are, should the block not say more */
type ReadBlock = (parts: PartList, at: At, block: Fields, kind: PartKind) => void;

/** Content: a string, or a list of blocks. */
export function readBlocks(parts: PartList, at: At, content: Json, kind: PartKind): void {
  if (typeof content === 'string') parts.text(at, kind, content);
  else if (isArray(content))
    for (const [index, block] of content.entries()) readBlock(parts, inside(at, index), block, kind);
  else parts.strange(at, content);
}

/** One block; a kind that is not known is kept as `other`. */
export function readBlock(parts: PartList, at: At, block: Json, kind: PartKind): void {
  if (typeof block === 'string') {
    parts.text(at, kind, block);
    return;
  }
  const fields = fieldsOf(parts, at, block);
  if (fields === null) return;
  const type = fields.string('type') ?? '';
  const read = BLOCKS.get(type) ?? (type.endsWith('_tool_result_error') ? readToolError : undefined);
  if (read === undefined) {
    parts.strange(at, block);
    return;
  }
  read(parts, at, fields, kind);
  parts.rest(at, fields, QUIET_BLOCK);
}

/** Fields of the block that are texts of its kind. */
function texts(...keys: readonly string[]): ReadBlock {
  return (parts, at, block, kind) => {
    for (const key of keys) parts.text(inside(at, key), kind, block.string(key));
  };
}

/** A field that is content itself: a string, blocks, or one block. */
function content(key: string): ReadBlock {
  return (parts, at, block, kind) => {
    const value = block.any(key);
    if (isObject(value)) readBlock(parts, inside(at, key), value, kind);
    else readBlocks(parts, inside(at, key), value, kind);
  };
}

/** A field of a shape that says nothing to us, whole. */
function outlined(...keys: readonly string[]): ReadBlock {
  return (parts, at, block, kind) => {
    for (const key of keys) parts.value(inside(at, key), kind, block.any(key));
  };
}

/** A field that only the provider can open. */
function closed(key: string, what: string): ReadBlock {
  return (parts, at, block) => parts.opaque(inside(at, key), what, block.string(key));
}

function tools(key: string): ReadBlock {
  return (parts, at, block) => {
    const value = block.any(key);
    readTools(parts, inside({ ...at, role: 'developer' }, key), isObject(value) ? [value] : value);
  };
}

function all(...readers: readonly ReadBlock[]): ReadBlock {
  return (parts, at, block, kind) => {
    for (const read of readers) read(parts, at, block, kind);
  };
}

const readText: ReadBlock = (parts, at, block, kind) => {
  parts.text(inside(at, 'text'), kind, block.string('text'));
  for (const [index, citation] of (block.array('citations') ?? []).entries())
    readCitation(parts, inside(inside(at, 'citations'), index), citation, kind);
};

/** What an answer refers to, beside the text that refers to it. */
export function readCitation(parts: PartList, at: At, citation: Json, kind: PartKind): void {
  const fields = fieldsOf(parts, at, citation);
  if (fields === null) return;
  texts('cited_text')(parts, at, fields, kind);
  texts('title', 'document_title', 'url', 'source')(parts, at, fields, 'other');
  sealed(parts, inside(at, 'encrypted_index'), 'search reference', fields.string('encrypted_index'));
  parts.rest(at, fields, QUIET_CITATION);
}

/**
 * A signature holds the whole reasoning, encrypted. Beside thinking that is shown it is a seal that nobody reads; where
 * thinking is empty (it can be left out of answers), the reasoning was there and we have not seen it.
 */
const readThinking: ReadBlock = (parts, at, block) => {
  const here = { ...at, role: 'assistant' } as const;
  const thinking = block.string('thinking') ?? '';
  const signature = block.string('signature');
  parts.text(inside(here, 'thinking'), 'reasoning', thinking);
  if (thinking === '') parts.opaque(inside(here, 'signature'), 'encrypted thinking', signature);
  else sealed(parts, inside(here, 'signature'), 'signature', signature);
};

const readRedactedThinking: ReadBlock = (parts, at, block) =>
  parts.opaque(inside({ ...at, role: 'assistant' }, 'data'), 'redacted thinking', block.string('data'));

/** Described by size and hash; nothing that anybody could have read stays closed with it. */
function sealed(parts: PartList, at: At, what: string, data: string | null): void {
  if (data !== null && data !== '') parts.text(at, 'media', opaqueMedia(what, data).text);
}

/** The call stands at its input; a call without any is still a call. */
const readCall: ReadBlock = (parts, at, block) => {
  const name = block.string('name');
  const input = block.any('input');
  const isEmpty = input === null || input === '';
  parts.value(inside({ ...at, role: 'assistant' }, 'input'), 'tool_call', isEmpty ? '{}' : input, name);
};

/** What a tool gave back, whether the application ran it or the provider. */
const readResult: ReadBlock = (parts, at, block) =>
  content('content')(parts, { ...at, role: 'tool' }, block, 'tool_result');

const readToolError: ReadBlock = (parts, at, block) => texts('error_code', 'error_message')(parts, at, block, 'error');

/** Earlier turns, folded into a summary that can be read, or into something that only the provider can open. */
const readCompaction: ReadBlock = (parts, at, block) => {
  const summary = block.string('content');
  parts.text(inside(at, 'content'), 'text', summary);
  if (summary === null) parts.reasons.add('context_missing');
  closed('encrypted_content', 'compacted conversation')(parts, at, block, 'text');
  sealed(parts, inside(at, 'signature'), 'signature', block.string('signature'));
  outlined('tool_changes')(parts, { ...at, role: 'developer' }, block, 'tool_definition');
};

const CODE_OUTPUT = all(texts('stdout', 'stderr'), content('content'));

const BLOCKS: ReadonlyMap<string, ReadBlock> = new Map<string, ReadBlock>([
  ['text', readText],
  ['image', readImage],
  ['document', (parts, at, block, kind) => readDocument(parts, at, block, kind, readBlocks)],
  ['search_result', all(texts('title', 'source'), content('content'))],
  ['container_upload', readStoredFile],
  ['thinking', readThinking],
  ['redacted_thinking', readRedactedThinking],
  ['compaction', readCompaction],
  ['fallback', () => {}],
  // Calls, and what came back.
  ['tool_use', readCall],
  ['server_tool_use', readCall],
  ['mcp_tool_use', readCall],
  ['tool_result', readResult],
  ['mcp_tool_result', readResult],
  ['web_search_tool_result', readResult],
  ['web_fetch_tool_result', readResult],
  ['code_execution_tool_result', readResult],
  ['bash_code_execution_tool_result', readResult],
  ['text_editor_code_execution_tool_result', readResult],
  ['tool_search_tool_result', readResult],
  ['advisor_tool_result', readResult],
  // Inside of results.
  ['web_search_result', all(texts('title', 'url'), closed('encrypted_content', 'search result'))],
  ['web_fetch_result', all(texts('url'), content('content'))],
  ['code_execution_result', CODE_OUTPUT],
  ['bash_code_execution_result', CODE_OUTPUT],
  ['encrypted_code_execution_result', all(CODE_OUTPUT, closed('encrypted_stdout', 'output'))],
  ['code_execution_output', readStoredFile],
  ['bash_code_execution_output', readStoredFile],
  ['text_editor_code_execution_view_result', texts('content')],
  ['text_editor_code_execution_create_result', () => {}],
  ['text_editor_code_execution_str_replace_result', outlined('lines')],
  ['tool_search_tool_search_result', content('tool_references')],
  ['tool_reference', texts('tool_name')],
  ['advisor_result', texts('text')],
  ['advisor_redacted_result', closed('encrypted_content', 'advice')],
  ['browser_state', outlined('tabs', 'state_changes')],
  // Tools that come and go in the middle of a conversation.
  ['tool_addition', tools('tool')],
  ['tool_removal', tools('tool')],
  ['mcp_tool_listing', tools('tools')],
]);
