/** Items of the Responses API: the same kinds stand in a request's `input` and in an answer's `output`. */

import { readContent, roleOf } from './content.ts';
import { Fields, isArray, isObject, type Json } from './json.ts';
import { base64Media, urlMedia } from './media.ts';
import { type At, inside, type PartList } from './part-list.ts';
import { readTools } from './tools.ts';

/** Ids, states and enumerated words; a text in one of them is kept all the same. */
const QUIET_ITEM: ReadonlySet<string> = new Set([
  'type',
  'id',
  'call_id',
  'status',
  'phase',
  'caller',
  'created_by',
  'namespace',
  'execution',
  'container_id',
  'server_label',
  'approval_request_id',
  'request_id',
  'approve',
  'environment',
  'max_output_length',
  'pending_safety_checks',
  'acknowledged_safety_checks',
  'fingerprint',
  'background',
  'output_format',
  'quality',
  'size',
]);

type ReadItem = (parts: PartList, at: At, item: Fields) => void;

/** A call of the model: its arguments are the part, `name` its tool. */
function call(key: string, builtIn?: string): ReadItem {
  return (parts, at, item) => {
    const name = builtIn ?? item.string('name');
    const value = item.any(key);
    const isEmpty = value === null || value === '';
    parts.value(inside({ ...at, role: 'assistant' }, key), 'tool_call', isEmpty ? '{}' : value, name);
  };
}

/** What a tool gave back: a string, content parts, or something of its own shape. */
function result(key: string): ReadItem {
  return (parts, at, item) => {
    const value = item.any(key);
    const here = inside({ ...at, role: 'tool' }, key);
    if (isArray(value) && value.every(isContentPart)) readContent(parts, here, value, 'tool_result');
    else if (isObject(value) && isContentPart(value)) readContent(parts, here, [value], 'tool_result');
    else parts.value(here, 'tool_result', value);
  };
}

const CONTENT_TYPES: ReadonlySet<Json> = new Set([
  'input_text',
  'output_text',
  'text',
  'input_image',
  'input_file',
  'computer_screenshot',
]);

function isContentPart(value: Json): boolean {
  return isObject(value) && CONTENT_TYPES.has(new Fields(value).any('type'));
}

function all(...readers: readonly ReadItem[]): ReadItem {
  return (parts, at, item) => {
    for (const read of readers) read(parts, at, item);
  };
}

const readMessageItem: ReadItem = (parts, at, item) => {
  const word = item.string('role');
  const here = { ...at, role: roleOf(word, at.role) };
  readContent(parts, inside(here, 'content'), item.any('content'), 'text');
  if (here.role === 'unknown' && word !== null) parts.strange(inside(here, 'role'), word);
};

const readReasoning: ReadItem = (parts, at, item) => {
  const here = { ...at, role: 'assistant' } as const;
  readContent(parts, inside(here, 'summary'), item.any('summary'), 'reasoning');
  readContent(parts, inside(here, 'content'), item.any('content'), 'reasoning');
  parts.opaque(inside(here, 'encrypted_content'), 'encrypted reasoning', item.string('encrypted_content'));
};

/** Earlier turns, folded into something that only the provider can open. */
const readCompaction: ReadItem = (parts, at, item) => {
  parts.missesContext();
  parts.opaque(inside(at, 'encrypted_content'), 'compacted conversation', item.string('encrypted_content'));
};

const readReference: ReadItem = (parts, at, item) =>
  parts.missing(inside(at, 'id'), `[item ${item.string('id') ?? '?'} at the provider]`);

const readImage: ReadItem = (parts, at, item) => {
  const here = { ...at, role: 'assistant' } as const;
  parts.text(inside(here, 'revised_prompt'), 'tool_call', item.string('revised_prompt'), 'image_generation');
  const data = item.string('result');
  if (data !== null) parts.media(inside(here, 'result'), base64Media('image', null, data));
};

const readCodeOutputs: ReadItem = (parts, at, item) => {
  for (const [index, output] of (item.array('outputs') ?? []).entries()) {
    const here = inside(inside({ ...at, role: 'tool' }, 'outputs'), index);
    const url = isObject(output) ? new Fields(output).string('url') : null;
    if (url !== null) parts.media(inside(here, 'url'), urlMedia('image', url));
    else parts.value(here, 'tool_result', output);
  }
};

const readToolList: ReadItem = (parts, at, item) => {
  const role = roleOf(item.string('role'), 'developer');
  readTools(parts, inside({ ...at, role }, 'tools'), item.any('tools'));
};

const readItemError: ReadItem = (parts, at, item) =>
  parts.value(inside({ ...at, role: 'tool' }, 'error'), 'error', item.any('error'));

const readOutcomeName: ReadItem = (parts, at, item) =>
  parts.text(inside({ ...at, role: 'tool' }, 'name'), 'other', item.string('name'));

const ITEMS: ReadonlyMap<string, ReadItem> = new Map<string, ReadItem>([
  ['message', readMessageItem],
  ['reasoning', readReasoning],
  ['function_call', call('arguments')],
  ['function_call_output', all(result('output'), readOutcomeName)],
  ['custom_tool_call', call('input')],
  ['custom_tool_call_output', all(result('output'), readOutcomeName)],
  ['mcp_call', all(call('arguments'), result('output'), readItemError)],
  ['mcp_approval_request', call('arguments')],
  [
    'mcp_approval_response',
    (parts, at, item) => parts.text(inside({ ...at, role: 'user' }, 'reason'), 'text', item.string('reason')),
  ],
  ['mcp_list_tools', all(readToolList, readItemError)],
  ['web_search_call', call('action', 'web_search')],
  ['file_search_call', all(call('queries', 'file_search'), result('results'))],
  [
    'computer_call',
    (parts, at, item) => call(item.array('actions') === null ? 'action' : 'actions', 'computer')(parts, at, item),
  ],
  ['computer_call_output', result('output')],
  ['code_interpreter_call', all(call('code', 'code_interpreter'), readCodeOutputs)],
  ['local_shell_call', call('action', 'local_shell')],
  ['local_shell_call_output', result('output')],
  ['shell_call', call('action', 'shell')],
  ['shell_call_output', result('output')],
  ['apply_patch_call', call('operation', 'apply_patch')],
  ['apply_patch_call_output', result('output')],
  ['program', call('code', 'program')],
  ['program_output', result('result')],
  ['image_generation_call', readImage],
  ['tool_search_call', call('arguments', 'tool_search')],
  ['tool_search_output', readToolList],
  ['additional_tools', readToolList],
  ['compaction', readCompaction],
  ['compaction_trigger', () => {}],
  ['item_reference', readReference],
]);

/** Reads one item of `input` or `output`; a kind that is not known is kept as `other`. */
export function readItem(parts: PartList, at: At, item: Json): void {
  if (typeof item === 'string') {
    parts.text(at, 'text', item);
    return;
  }
  const fields = isObject(item) ? new Fields(item) : null;
  const read = fields === null ? undefined : ITEMS.get(kindOf(fields));
  if (fields === null || read === undefined) {
    parts.strange(at, item);
    return;
  }
  read(parts, at, fields);
  parts.rest(at, fields, QUIET_ITEM);
}

/** Messages may leave `type` out, and so may references, which have nothing but an id. */
function kindOf(item: Fields): string {
  const type = item.string('type');
  if (type !== null) return type;
  if (item.any('role') !== null) return 'message';
  return item.unread().every(([key]) => key === 'id' || key === 'type') ? 'item_reference' : '';
}
