/** Responses and their event streams as OpenAI sends them: one item of each kind that streams in pieces, and others. */

type Fields = Record<string, unknown>;

const HEAD: Fields = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_790_000_000,
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  model: 'gpt-5-mini-2026-01-01',
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: 'low', summary: null },
  service_tier: 'default',
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
};

export const USAGE: Fields = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8, cache_write_tokens: 0 },
  output_tokens: 6,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 26,
};

/** A whole `response` object. */
export function response(output: readonly object[], over: object = {}): Fields {
  return { ...HEAD, status: 'completed', output, usage: USAGE, ...over };
}

export const MESSAGE: Fields = {
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [
    { type: 'output_text', text: 'Grüße aus 世界 👋', annotations: [], logprobs: [] },
    { type: 'refusal', refusal: 'But not that.' },
  ],
};

export const REASONING: Fields = {
  id: 'rs_1',
  type: 'reasoning',
  status: 'completed',
  summary: [
    { type: 'summary_text', text: 'First thought' },
    { type: 'summary_text', text: 'Second thought' },
  ],
  content: [{ type: 'reasoning_text', text: 'Deep thought' }],
};

export const FUNCTION_CALL: Fields = {
  id: 'fc_1',
  type: 'function_call',
  status: 'completed',
  call_id: 'call_1',
  name: 'send_mail',
  arguments: '{"to":"a@b.c"}',
};

export const CUSTOM_CALL: Fields = {
  id: 'ct_1',
  type: 'custom_tool_call',
  call_id: 'call_2',
  name: 'run',
  input: 'rm -rf /',
};

export const MCP_CALL: Fields = {
  id: 'mcp_1',
  type: 'mcp_call',
  status: 'completed',
  server_label: 'wiki',
  name: 'search',
  arguments: '{"q":"x"}',
  output: 'found it',
};

export const CODE_CALL: Fields = {
  id: 'ci_1',
  type: 'code_interpreter_call',
  status: 'completed',
  container_id: 'cntr_1',
  code: 'print(1)',
  outputs: [{ type: 'logs', logs: 'printed 1' }],
};

export const STREAMED_ITEMS: readonly Fields[] = [REASONING, MESSAGE, FUNCTION_CALL, CUSTOM_CALL, MCP_CALL, CODE_CALL];

/** `what` of the events for each streamed field. */
const PART_EVENTS: Record<string, [what: string, field: string]> = {
  output_text: ['response.output_text', 'text'],
  refusal: ['response.refusal', 'refusal'],
  reasoning_text: ['response.reasoning_text', 'text'],
  summary_text: ['response.reasoning_summary_text', 'text'],
};
const ITEM_EVENTS: Record<string, [what: string, field: string]> = {
  function_call: ['response.function_call_arguments', 'arguments'],
  custom_tool_call: ['response.custom_tool_call_input', 'input'],
  mcp_call: ['response.mcp_call_arguments', 'arguments'],
  code_interpreter_call: ['response.code_interpreter_call_code', 'code'],
};

interface Event extends Fields {
  readonly type: string;
}

/** The events that stream a response, in order, with sequence numbers. */
export function eventsOf(whole: Fields): Event[] {
  const events: Event[] = [];
  const send = (type: string, fields: Fields) => events.push({ type, sequence_number: events.length, ...fields });
  const empty = { ...whole, status: 'in_progress', output: [], usage: undefined };
  send('response.created', { response: empty });
  send('response.in_progress', { response: empty });
  for (const [index, item] of (whole.output as Fields[]).entries()) sendItem(send, index, item);
  const status = whole.status as string;
  send(`response.${status}`, { response: whole });
  return JSON.parse(JSON.stringify(events)) as Event[];
}

type Send = (type: string, fields: Fields) => void;

function sendItem(send: Send, index: number, item: Fields): void {
  const own = ITEM_EVENTS[item.type as string];
  const lists = { content: item.content, summary: item.summary };
  const open = { ...item, status: 'in_progress' };
  for (const [list, parts] of Object.entries(lists)) if (parts !== undefined) Object.assign(open, { [list]: [] });
  if (own !== undefined) Object.assign(open, { [own[1]]: '' });
  send('response.output_item.added', { output_index: index, item: open });
  const at = { item_id: item.id, output_index: index };
  for (const [list, parts] of Object.entries(lists)) {
    for (const [part, value] of ((parts ?? []) as Fields[]).entries()) sendPart(send, list, { ...at }, part, value);
  }
  if (own !== undefined) {
    const [what, field] = own;
    const text = item[field] as string;
    for (const delta of pieces(text)) send(`${what}.delta`, { ...at, delta });
    send(`${what}.done`, {
      ...at,
      [field]: text,
      ...(what.endsWith('function_call_arguments') ? { name: item.name } : {}),
    });
  }
  send('response.output_item.done', { output_index: index, item });
}

function sendPart(send: Send, list: string, item: Fields, index: number, part: Fields): void {
  const at = { ...item, [list === 'summary' ? 'summary_index' : 'content_index']: index };
  const group = list === 'summary' ? 'response.reasoning_summary_part' : 'response.content_part';
  const [what, field] = PART_EVENTS[part.type as string] ?? ['', 'text'];
  const text = part[field] as string;
  const logprobs = what === 'response.output_text' ? { logprobs: [] } : {};
  send(`${group}.added`, { ...at, part: { ...part, [field]: '' } });
  for (const delta of pieces(text)) send(`${what}.delta`, { ...at, delta, ...logprobs });
  send(`${what}.done`, { ...at, [field]: text, ...logprobs });
  send(`${group}.done`, { ...at, part });
}

function pieces(text: string): string[] {
  return text.match(/.{1,5}/gsu) ?? [];
}

/** Texts of the parts of STREAMED_ITEMS, in order. */
export const ALL_TEXTS = [
  'First thought',
  'Second thought',
  'Deep thought',
  'Grüße aus 世界 👋',
  'But not that.',
  '{"to":"a@b.c"}',
  'rm -rf /',
  '{"q":"x"}',
  'found it',
  'print(1)',
  'type: logs\nlogs: printed 1',
];

/** Texts whose deltas came, joined by their places. */
export function deltasIn(events: readonly object[]): string[] {
  const joined = new Map<string, string>();
  for (const event of events as {
    type: string;
    delta?: string;
    output_index: number;
    content_index?: number;
    summary_index?: number;
  }[]) {
    if (event.delta === undefined) continue;
    const key = [event.type, event.output_index, event.content_index, event.summary_index].join();
    joined.set(key, (joined.get(key) ?? '') + event.delta);
  }
  return [...joined.values()];
}
