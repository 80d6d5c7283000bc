/** Messages as Anthropic sends them, and the events that stream the same message. */

type Fields = Record<string, unknown>;

interface Event extends Fields {
  readonly type: string;
}

export const USAGE: Fields = {
  input_tokens: 20,
  cache_creation_input_tokens: 5,
  cache_read_input_tokens: 100,
  cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 0 },
  output_tokens: 42,
  server_tool_use: null,
  service_tier: 'standard',
};

/** A whole message. */
export function message(content: readonly object[], over: object = {}): Fields {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5-20260401',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: USAGE,
    ...over,
  };
}

export const TEXT: Fields = { type: 'text', text: 'Grüße aus 世界 👋', citations: null };

export const CITED: Fields = {
  type: 'text',
  text: 'The grass is green.',
  citations: [
    {
      type: 'char_location',
      cited_text: 'grass: green',
      document_index: 0,
      document_title: 'Colours',
      file_id: null,
      start_char_index: 0,
      end_char_index: 12,
    },
    {
      type: 'web_search_result_location',
      cited_text: 'it really is',
      url: 'https://example.com/grass',
      title: 'Grass',
      encrypted_index: 'RW5jcnlwdGVk',
    },
  ],
};

export const THINKING: Fields = { type: 'thinking', thinking: 'Let me think\nabout it.', signature: 'c2lnbmVk' };
export const REDACTED: Fields = { type: 'redacted_thinking', data: 'aGlkZGVu' };

export const TOOL_USE: Fields = {
  type: 'tool_use',
  id: 'toolu_1',
  name: 'send_mail',
  input: { to: 'a@b.c', body: 'line\nbreak' },
  caller: { type: 'direct' },
};
export const EMPTY_TOOL_USE: Fields = { type: 'tool_use', id: 'toolu_2', name: 'now', input: {} };

export const SERVER_TOOL_USE: Fields = {
  type: 'server_tool_use',
  id: 'srvtoolu_1',
  name: 'web_search',
  input: { query: 'colour of grass' },
};
export const SEARCH_RESULT: Fields = {
  type: 'web_search_tool_result',
  tool_use_id: 'srvtoolu_1',
  content: [
    {
      type: 'web_search_result',
      title: 'All about grass',
      url: 'https://example.com/grass',
      encrypted_content: 'c2VhbGVk',
      page_age: 'April 30, 2026',
    },
  ],
};
export const MCP_TOOL_USE: Fields = {
  type: 'mcp_tool_use',
  id: 'mcptoolu_1',
  name: 'echo',
  server_name: 'wiki',
  input: { say: 'hello' },
};
export const MCP_RESULT: Fields = {
  type: 'mcp_tool_result',
  tool_use_id: 'mcptoolu_1',
  is_error: false,
  content: [{ type: 'text', text: 'echoed' }],
};

export const BLOCKS: readonly Fields[] = [
  THINKING,
  REDACTED,
  TEXT,
  SERVER_TOOL_USE,
  SEARCH_RESULT,
  CITED,
  MCP_TOOL_USE,
  MCP_RESULT,
  TOOL_USE,
  EMPTY_TOOL_USE,
];

/** Texts of the parts of BLOCKS, in order; hashes as `#`. */
export const ALL_TEXTS = [
  'Let me think\nabout it.',
  '[signature, 8 bytes, #]',
  '[redacted thinking, 8 bytes, #]',
  'Grüße aus 世界 👋',
  'query: colour of grass',
  'All about grass',
  'https://example.com/grass',
  '[search result, 8 bytes, #]',
  'The grass is green.',
  'grass: green',
  'Colours',
  'it really is',
  'Grass',
  'https://example.com/grass',
  '[search reference, 12 bytes, #]',
  'say: hello',
  'echoed',
  'to: a@b.c\nbody: line\nbreak',
  '{}',
];

/** The events that stream a message, in order, each with its own copies. */
export function eventsOf(whole: Fields): Event[] {
  const { content, stop_reason, stop_sequence, stop_details, container, usage, ...rest } = whole;
  const blocks = content as Fields[];
  const open = { stop_reason: null, stop_sequence: null, stop_details: null, container: null };
  const events: Event[] = [
    {
      type: 'message_start',
      message: { ...rest, ...open, content: [], usage: { ...(usage as Fields), output_tokens: 1 } },
    },
    { type: 'ping' },
    ...blocks.flatMap((block, index) => blockEvents(block, index)),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence, stop_details, container },
      usage: { output_tokens: (usage as Fields).output_tokens, input_tokens: (usage as Fields).input_tokens },
    },
    { type: 'message_stop' },
  ];
  return JSON.parse(JSON.stringify(events)) as Event[];
}

/** The events of one block. */
export function blockEvents(block: Fields, index: number): Event[] {
  const [open, deltas] = opened(block);
  return [
    { type: 'content_block_start', index, content_block: open },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** A block as it is announced, and the deltas that complete it. Results of tools come whole. */
function opened(block: Fields): [open: Fields, deltas: Fields[]] {
  switch (block.type) {
    case 'text': {
      const citations = (block.citations ?? []) as Fields[];
      const texts = pieces(block.text as string).map((text) => ({ type: 'text_delta', text }));
      const cited = citations.map((citation) => ({ type: 'citations_delta', citation }));
      return [{ ...block, text: '', citations: block.citations === null ? null : [] }, [...texts, ...cited]];
    }
    case 'thinking': {
      const thoughts = pieces(block.thinking as string).map((thinking) => ({ type: 'thinking_delta', thinking }));
      const seal = { type: 'signature_delta', signature: block.signature };
      return [{ ...block, thinking: '', signature: '' }, [...thoughts, seal]];
    }
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use': {
      const json = JSON.stringify(block.input);
      const parts = ['', ...(json === '{}' ? [] : pieces(json))];
      return [{ ...block, input: {} }, parts.map((partial_json) => ({ type: 'input_json_delta', partial_json }))];
    }
    default:
      return [block, []];
  }
}

function pieces(text: string): string[] {
  return text.match(/.{1,5}/gsu) ?? [];
}
