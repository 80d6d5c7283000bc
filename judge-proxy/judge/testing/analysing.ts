/** Analyses of captures, and captures of several formats. */

import type { Capture } from '../../exchange/capture.ts';
import { type AnalysisSettings, analyseCapture } from '../analyse.ts';
import type { Analysis, JudgeInput } from '../input.ts';
import { bodyOf } from './captures.ts';

/** Nothing that tests bring runs out of time. */
const SETTINGS: AnalysisSettings = {
  rules: ['secrets', 'personal_data', 'judge_manipulation'],
  decodedCopy: 4 * 2 ** 20,
  decodeMs: 10_000,
  ruleMs: 10_000,
  hmacKey: Buffer.alloc(32, 7),
  now: () => performance.now(),
};

export function analyse(capture: Capture, over: Partial<AnalysisSettings> = {}): Promise<Analysis> {
  return analyseCapture(capture, { ...SETTINGS, ...over });
}

export function inputOf(analysis: Analysis): JudgeInput {
  return JSON.parse(analysis.content?.json ?? 'null') as JudgeInput;
}

export function chat(messages: readonly object[], more: object = {}): Capture['request'] {
  return bodyOf(JSON.stringify({ model: 'gpt-5-mini', messages, ...more }));
}

export function responses(request: object, output: readonly object[] = []): Partial<Capture> {
  return {
    path: '/v1/responses',
    request: bodyOf(JSON.stringify({ model: 'gpt-5-mini', ...request })),
    response: bodyOf(
      JSON.stringify({ id: 'resp_1', object: 'response', status: 'completed', model: 'gpt-5-mini', output }),
    ),
  };
}

export function toolCall(args: object): object {
  const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: JSON.stringify(args) } };
  return { role: 'assistant', content: null, tool_calls: [call] };
}
