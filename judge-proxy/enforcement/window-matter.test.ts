/** Contract: a window's document says of each side whether it had to give way: what a model did not see, it did not clear. */

import canonicalize from 'canonicalize';
import { expect, it } from 'vitest';
import type { Part } from '../exchange/transcript.ts';
import type { JudgeInput } from '../judge/input.ts';
import { INPUT } from '../judge/testing/judgements.ts';
import { windowMatter } from './window-matter.ts';

const ASKED: Part = { side: 'request', place: 'request.messages[0].content', role: 'user', kind: 'text', text: '' };
const SAID: Part = { side: 'response', place: 'response.window', role: 'assistant', kind: 'text', text: '' };

it.each([
  [100, 100, []],
  [199_000, 2_000, ['request_truncated']],
  [2_000, 199_000, ['response_truncated']],
  [150_000, 150_000, ['request_truncated', 'response_truncated']],
])('a request of %d characters and a window of %d: %j', (request, window, reasons) => {
  const input: JudgeInput = {
    ...INPUT,
    transcript: { ...INPUT.transcript, parts: [{ ...ASKED, text: 'r'.repeat(request) }] },
  };
  const whole = { input, document: canonicalize(input) ?? '' };
  const parts = [{ ...SAID, text: 'w'.repeat(window) }];
  const matter = windowMatter(whole, { parts, rule_hits: [], complete: true });
  expect(matter.input?.coverage).toEqual({ level: reasons.length === 0 ? 'full' : 'partial', reasons });
});
