/**
 * Contract: a secret of any kind that the rules know, anywhere in a stream and split in any way, stops the stream before
 * it goes out, and no model is shown it.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SECRETS } from '../judge/testing/secrets.ts';
import { EnforcedRig, pieces } from './testing/enforced-rig.ts';
import { CHAT, readOf } from './testing/streams.ts';

const PROSE = Array.from({ length: 30 }, (_, i) => `Sentence ${i} speaks of rivers. `).join('');
/** A prefix of so many characters is a word of its own, such as `sk-`. */
const WORD = 6;

let rig: EnforcedRig;
beforeAll(async () => {
  rig = await EnforcedRig.open();
});
afterAll(() => rig[Symbol.asyncDispose]());

describe.each(['cleared', 'eager'] as const)('%s', (release) => {
  test.each(SECRETS)('$name', async ({ text, secret }) => {
    rig.consultant.questions.length = 0;
    const window = { tokens: 25, rules_tokens: 10, overlap_tokens: 5, release };
    const exchange = await rig.begin({ mode: 'window', window });
    exchange.open();
    await exchange.feed(pieces(CHAT.write(`${PROSE}Look: ${text} so it is. ${PROSE}`), 300));
    const got = await exchange.end();
    expect(got.ending.kind).toBe('block');
    const out = longestPrefix(secret, readOf(CHAT, got.before.toString()).text);
    expect(out.length).toBeLessThanOrEqual(WORD);
    for (const { document } of rig.consultant.questions) {
      expect(longestPrefix(JSON.stringify(secret).slice(1, -1), document).length).toBeLessThanOrEqual(40);
      expect(document).not.toContain(secret.slice(-12));
    }
    expect(await rig.verdict()).toMatchObject({ decided_by: 'rule', overall: { label: 'violation' } });
  });
});

test('one behind the end of the copy for the judge stands in the verdict all the same', async () => {
  await using short = await EnforcedRig.open({ responseCopy: 1_000 });
  const exchange = await short.begin({ mode: 'window', window: { tokens: 25, rules_tokens: 10, overlap_tokens: 5 } });
  exchange.open();
  const [known] = SECRETS;
  await exchange.feed(pieces(CHAT.write(`${PROSE}Look: ${known?.text} so it is.`), 300));
  expect((await exchange.end()).ending.kind).toBe('block');
  const verdict = await short.verdict();
  expect(verdict).toMatchObject({ decided_by: 'rule', action: 'cut', overall: { label: 'violation' } });
  expect(verdict.rule_hits).toMatchObject([{ rule: 'secrets' }]);
  expect(verdict.coverage.reasons).toContain('response_truncated');
});

/** The longest beginning of a secret that stands somewhere in a text. */
function longestPrefix(secret: string, text: string): string {
  let length = 0;
  while (length < secret.length && text.includes(secret.slice(0, length + 1))) length += 1;
  return secret.slice(0, length);
}
