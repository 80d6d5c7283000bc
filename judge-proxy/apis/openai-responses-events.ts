/** Events of a streamed response: which carry text, and where that text belongs. */

import type { PartKind } from '../exchange/transcript.ts';
import type { Json, JsonObject } from './json.ts';

/** Where the pieces of an event go within their output item. */
export interface Slot {
  /** List of the item, null when the text is a field of the item itself. */
  readonly list: 'content' | 'summary' | null;
  readonly field: string;
  /** Type of the list's part, or of the item, should none have been announced. */
  readonly type: string;
  readonly kind: PartKind;
}

const OUTPUT_TEXT: Slot = { list: 'content', field: 'text', type: 'output_text', kind: 'text' };
const REFUSAL: Slot = { list: 'content', field: 'refusal', type: 'refusal', kind: 'refusal' };
const REASONING: Slot = { list: 'content', field: 'text', type: 'reasoning_text', kind: 'reasoning' };
const SUMMARY: Slot = { list: 'summary', field: 'text', type: 'summary_text', kind: 'reasoning' };
const FUNCTION: Slot = { list: null, field: 'arguments', type: 'function_call', kind: 'tool_call' };
const MCP: Slot = { list: null, field: 'arguments', type: 'mcp_call', kind: 'tool_call' };
const CUSTOM: Slot = { list: null, field: 'input', type: 'custom_tool_call', kind: 'tool_call' };
const CODE: Slot = { list: null, field: 'code', type: 'code_interpreter_call', kind: 'tool_call' };

/** Events with a `delta`, and those that repeat the whole text under the slot's field when it is done. */
export const SLOTS: ReadonlyMap<string, Slot> = new Map([
  ['response.output_text', OUTPUT_TEXT],
  ['response.refusal', REFUSAL],
  ['response.reasoning_text', REASONING],
  ['response.reasoning_summary_text', SUMMARY],
  ['response.function_call_arguments', FUNCTION],
  ['response.mcp_call_arguments', MCP],
  ['response.custom_tool_call_input', CUSTOM],
  ['response.code_interpreter_call_code', CODE],
]);

/** Item type to assume when an item was never announced. */
export function itemTypeOf(slot: Slot): string {
  if (slot.list === null) return slot.type;
  return slot.list === 'summary' || slot.kind === 'reasoning' ? 'reasoning' : 'message';
}

/** Progress without content: the item or the terminal event says the same. */
export const QUIET_EVENTS: ReadonlySet<string> = new Set([
  'response.audio.done',
  'response.audio.transcript.done',
  'response.code_interpreter_call.completed',
  'response.code_interpreter_call.in_progress',
  'response.code_interpreter_call.interpreting',
  'response.file_search_call.completed',
  'response.file_search_call.in_progress',
  'response.file_search_call.searching',
  'response.image_generation_call.completed',
  'response.image_generation_call.generating',
  'response.image_generation_call.in_progress',
  'response.mcp_call.completed',
  'response.mcp_call.failed',
  'response.mcp_call.in_progress',
  'response.mcp_list_tools.completed',
  'response.mcp_list_tools.failed',
  'response.mcp_list_tools.in_progress',
  'response.web_search_call.completed',
  'response.web_search_call.in_progress',
  'response.web_search_call.searching',
]);

/** A source of a text: title and address are shown beside it, and the item need not repeat them. */
export const ANNOTATION = 'response.output_text.annotation.added';

/** What any event may have that says nothing: ids, places, counts, padding, probabilities of what the delta says. */
const QUIET_FIELDS: ReadonlySet<string> = new Set([
  ...['type', 'sequence_number', 'item_id', 'output_index', 'content_index', 'summary_index', 'command_index'],
  ...[
    'annotation_index',
    'partial_image_index',
    'obfuscation',
    'logprobs',
    'stream_id',
    'response_id',
    'event_id',
    'name',
  ],
  ...['background', 'output_format', 'quality', 'size'],
]);
const READ_FIELDS: ReadonlySet<string> = new Set([
  ...['delta', 'response', 'item', 'part', 'annotation', 'partial_image_b64', 'command', 'output'],
]);

/** Fields of an event of a known type that the format does not have: they reach the client like all others. */
export function strayFields(type: string, event: JsonObject): [key: string, value: Json][] {
  const dot = type.lastIndexOf('.');
  const slot = type.endsWith('.done') ? SLOTS.get(type.slice(0, dot)) : undefined;
  const isQuiet = QUIET_EVENTS.has(type);
  return Object.entries(event).filter(
    ([key]) => !QUIET_FIELDS.has(key) && (isQuiet || !READ_FIELDS.has(key)) && key !== slot?.field,
  );
}
