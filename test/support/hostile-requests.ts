/** What a hostile client sends: the bodies in which each of its fields stands once. */

import { HOSTILE } from './console-world.ts';
import { sent } from './hostile-fields.ts';

/** A body of Chat Completions. The judge model of the tests finds a violation in it, and quotes what it is told to. */
export function chatRequest(): object {
  const call = (id: string, name: string) => ({
    ...{ id, type: 'function' },
    function: { name, arguments: JSON.stringify({ of: sent('call_arguments') }) },
  });
  const tool = (name: string, description: string, property: string) => ({
    type: 'function',
    function: { name, description, parameters: { type: 'object', [property]: true } },
  });
  return {
    model: sent('model_requested'),
    messages: [
      { role: 'system', content: sent('system_message') },
      // Whatever else people would rather not have interpreted: terminal codes, more bidirectional marks.
      { role: 'developer', content: HOSTILE },
      { role: sent('unknown_role'), content: 'Of whom?' },
      { role: 'user', name: sent('speaker'), content: `STRICTLY CONFIDENTIAL. ${sent('judge_quote')}` },
      { role: 'assistant', content: sent('assistant_turn') },
      { role: 'assistant', content: null, tool_calls: [call(sent('call_id'), sent('called_tool'))] },
      { role: 'tool', tool_call_id: sent('call_id'), content: sent('tool_result') },
      { role: 'tool', tool_call_id: `${sent('long_call_id')}${' '.repeat(200)}`, content: 'And again.' },
      { role: 'user', content: `Decode this: ${Buffer.from(sent('encoded')).toString('base64')}` },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: sent('image_url') } },
          { type: 'image_url', image_url: { url: `data:${sent('media_type')};base64,AAAA` } },
          { type: 'file', file: { filename: sent('file_name'), file_id: sent('file_id') } },
        ],
      },
      { role: 'user', content: sent('user_message') },
    ],
    tools: [
      tool(sent('tool_name'), 'Named oddly.', 'plain'),
      tool('described', sent('tool_about'), 'plain'),
      tool('drawn', 'With an odd schema.', sent('tool_schema')),
    ],
    user: sent('end_user'),
    metadata: { [sent('metadata_key')]: 'known' },
    [sent('unknown_field')]: true,
  };
}

/** A body of Responses. */
export function responsesRequest(): object {
  return {
    model: 'hostile-responses',
    instructions: sent('instructions'),
    input: 'Go on.',
    previous_response_id: sent('previous_id'),
    conversation: sent('conversation_id'),
    prompt: { id: sent('template_id'), variables: { [sent('template_variable')]: 'nothing' } },
  };
}

/** A body of Chat Completions that says nothing by itself: what answers it does. */
export function plainRequest(model: string): object {
  return { model, messages: [{ role: 'user', content: 'Say something.' }] };
}

/** Headers that name a client, as proxies and clients write them. */
export const CLAIMS = ['x-judge-client-ip', 'x-forwarded-for', 'forwarded'].map(
  (name) => `${name}: ${sent('stated_client')}`,
);

/** The first message of a WebSocket. */
export function laneRequest(): object {
  return {
    type: 'response.create',
    stream_id: sent('lane'),
    model: 'hostile-lane',
    input: [{ type: 'message', role: 'user', content: sent('lane_input') }],
  };
}
