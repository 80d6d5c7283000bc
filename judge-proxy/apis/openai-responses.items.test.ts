/** Every kind of item in the published description is read; a kind that is not known is kept and counted. */

import { describe, expect, it } from 'vitest';
import { openaiResponses } from './openai-responses.ts';
import { exchange, lines } from './testing/exchange.ts';
import { describeWithDescription } from './testing/openai-description.ts';
import { FUNCTION_CALL, MESSAGE, REASONING, response } from './testing/responses-fixtures.ts';

const PATH = '/v1/responses';

function readOutput(output: readonly object[], over: object = {}) {
  return openaiResponses.read(exchange(PATH, { response: JSON.stringify(response(output, over)) }));
}

describe('items', () => {
  const CASES: readonly (readonly [
    type: string,
    item: object,
    expected: readonly string[],
    reasons: readonly string[],
  ])[] = [
    [
      'message',
      MESSAGE,
      ['content[0].text assistant text: Grüße aus 世界 👋', 'content[1].refusal assistant refusal: But not that.'],
      [],
    ],
    [
      'reasoning',
      { ...REASONING, content: [], encrypted_content: 'gAAA' },
      [
        'summary[0].text assistant reasoning: First thought',
        'summary[1].text assistant reasoning: Second thought',
        'encrypted_content assistant media: [encrypted reasoning, 4 bytes, #]',
      ],
      ['opaque_content'],
    ],
    [
      'file_search_call',
      { queries: ['q1'], results: [{ text: 'hit', filename: 'f' }] },
      ['queries assistant tool_call <file_search>: - q1', 'results tool tool_result: -\n text: hit\n filename: f'],
      [],
    ],
    [
      'web_search_call',
      { action: { type: 'search', query: 'how' } },
      ['action assistant tool_call <web_search>: type: search\nquery: how'],
      [],
    ],
    [
      'computer_call',
      { action: { type: 'type', text: 'pw' }, pending_safety_checks: [] },
      ['action assistant tool_call <computer>: type: type\ntext: pw'],
      [],
    ],
    ['computer_call', { actions: [{ type: 'wait' }] }, ['actions assistant tool_call <computer>: -\n type: wait'], []],
    [
      'computer_call_output',
      { output: { type: 'computer_screenshot', image_url: 'data:image/png;base64,AAAA' } },
      ['output[0].image_url tool media: [image image/png, 3 bytes, #]'],
      ['opaque_content'],
    ],
    [
      'program',
      { code: 'x()', fingerprint: 'f'.repeat(200) },
      ['code assistant tool_call <program>: x()', `* assistant other: fingerprint: ${'f'.repeat(200)}`],
      [],
    ],
    ['program_output', { result: 'done' }, ['result tool tool_result: done'], []],
    ['tool_search_call', { arguments: { q: 'mail' } }, ['arguments assistant tool_call <tool_search>: q: mail'], []],
    [
      'tool_search_output',
      { tools: [{ type: 'function', name: 'f' }] },
      ['tools[0] developer tool_definition <f>: type: function\nname: f'],
      [],
    ],
    [
      'additional_tools',
      { role: 'developer', tools: [{ name: 'g' }] },
      ['tools[0] developer tool_definition <g>: name: g'],
      [],
    ],
    [
      'compaction',
      { encrypted_content: 'gBBB' },
      ['encrypted_content assistant media: [compacted conversation, 4 bytes, #]'],
      ['context_missing', 'opaque_content'],
    ],
    ['compaction_trigger', {}, [], []],
    [
      'image_generation_call',
      { result: 'AAAA', revised_prompt: 'a cat' },
      ['revised_prompt assistant tool_call <image_generation>: a cat', 'result assistant media: [image, 3 bytes, #]'],
      ['opaque_content'],
    ],
    [
      'code_interpreter_call',
      { code: null, outputs: [{ type: 'image', url: 'https://x/i.png' }] },
      ['code assistant tool_call <code_interpreter>: {}', 'outputs[0].url tool media: [image at https://x/i.png]'],
      ['opaque_content'],
    ],
    [
      'local_shell_call',
      { action: { command: ['ls'] } },
      ['action assistant tool_call <local_shell>: command:\n - ls'],
      [],
    ],
    ['local_shell_call_output', { output: '{"stdout":"x"}' }, ['output tool tool_result: {"stdout":"x"}'], []],
    ['shell_call', { action: { commands: ['id'] } }, ['action assistant tool_call <shell>: commands:\n - id'], []],
    [
      'shell_call_output',
      { output: [{ stdout: 'root', stderr: '', outcome: { type: 'exit' } }] },
      ['output tool tool_result: -\n stdout: root\n stderr: \n outcome:\n  type: exit'],
      [],
    ],
    [
      'apply_patch_call',
      { operation: { type: 'update_file', path: 'a', diff: '+x' } },
      ['operation assistant tool_call <apply_patch>: type: update_file\npath: a\ndiff: +x'],
      [],
    ],
    ['apply_patch_call_output', { output: 'applied' }, ['output tool tool_result: applied'], []],
    [
      'mcp_call',
      { name: 's', arguments: '{}', output: null, error: { type: 'http_error', message: 'denied' } },
      ['arguments assistant tool_call <s>: {}', 'error tool error: type: http_error\nmessage: denied'],
      [],
    ],
    [
      'mcp_list_tools',
      { tools: [{ name: 't', description: 'd', input_schema: {} }], error: null },
      ['tools[0] developer tool_definition <t>: name: t\ndescription: d\ninput_schema: {}'],
      [],
    ],
    [
      'mcp_approval_request',
      { name: 'wipe', arguments: '{"all":true}' },
      ['arguments assistant tool_call <wipe>: {"all":true}'],
      [],
    ],
    ['mcp_approval_response', { approve: true, reason: 'go on' }, ['reason user text: go on'], []],
    ['custom_tool_call', { name: 'c', input: 'do' }, ['input assistant tool_call <c>: do'], []],
    ['custom_tool_call_output', { output: 'did' }, ['output tool tool_result: did'], []],
    ['function_call', FUNCTION_CALL, ['arguments assistant tool_call <send_mail>: {"to":"a@b.c"}'], []],
    ['function_call_output', { output: 'r', name: 'f' }, ['output tool tool_result: r', 'name tool other: f'], []],
    ['item_reference', { id: 'x_1' }, ['id assistant media: [item x_1 at the provider]'], ['context_missing']],
  ];

  it.each(CASES)('%s', (type, item, expected, reasons) => {
    const reading = readOutput([{ type, id: 'i', status: 'completed', ...item }]);
    expect(lines(reading)).toEqual(expected.map((line) => `response.output[0].${line}`));
    expect(reading.reasons).toEqual(reasons);
    expect(reading.transcript.unknown_items).toBe(0);
  });

  it('keeps a kind that is not known', () => {
    const reading = readOutput([
      { type: 'mind_read_call', thought: 'evil' },
      { type: 'message', role: 'oracle', content: 'x' },
    ]);
    expect(lines(reading)).toEqual([
      'response.output[0] assistant other: type: mind_read_call\nthought: evil',
      'response.output[1].content unknown text: x',
      'response.output[1].role unknown other: oracle',
    ]);
    expect(reading.transcript.unknown_items).toBe(2);
  });

  describeWithDescription('kinds of the published description', ({ kinds }) => {
    it('are all in the table above', () => {
      const named = CASES.map(([type]) => type);
      for (const list of ['OutputItem', 'InputItem', 'Item']) {
        for (const kind of kinds(list)) expect(named).toContain(kind);
      }
    });
  });
});
