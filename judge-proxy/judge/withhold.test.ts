/** What no rule has read is not kept, wherever it stands; what was read stays. */

import { expect, it } from 'vitest';
import { placedTexts } from '../exchange/free-strings.ts';
import { INPUT } from './testing/judgements.ts';
import { withhold } from './withhold.ts';

const TRANSCRIPT = { ...INPUT.transcript, error: { type: 'server_error', code: 'x' } };

it('takes every placed text away, and says how much of a part', () => {
  const everything = new Map(placedTexts(TRANSCRIPT).map(({ place }) => [place, 0]));
  const kept = placedTexts(withhold(TRANSCRIPT, everything)).map(({ text }) => text);
  expect(kept).toEqual(TRANSCRIPT.parts.map(({ text }) => `[UNSCANNED:${text.length} characters]`));
});

it('keeps what was read', () => {
  const place = 'request.messages[0].content';
  const { parts, ...rest } = withhold(TRANSCRIPT, new Map([[place, 7]]));
  expect(parts[0]?.text).toBe(`Here is[UNSCANNED:${(TRANSCRIPT.parts[0]?.text.length ?? 0) - 7} characters]`);
  expect(parts.slice(1)).toEqual(TRANSCRIPT.parts.slice(1));
  expect({ ...rest, parts }).toEqual({ ...TRANSCRIPT, parts });
});
