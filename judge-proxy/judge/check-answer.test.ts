/**
 * An answer counts when it belongs to this question, answers exactly this rubric, and quotes what stands in what the
 * judge saw. Anything else ends in a named state, however it was spoiled.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from './answer-schema.ts';
import { checkAnswer } from './check-answer.ts';
import type { JudgeInput } from './input.ts';
import { goodAnswer, INPUT, NONCE, PLAN, RUBRIC } from './testing/judgements.ts';

function check(answer: unknown, input: JudgeInput = INPUT) {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  return checkAnswer(text, NONCE, RUBRIC, input);
}

function stateOf(answer: unknown): string {
  const result = check(answer);
  return result.ok ? 'ok' : result.state;
}

/** The good answer with the first criterion changed. */
function withLeak(over: Partial<Answer['criteria'][number]>): Answer {
  const good = goodAnswer();
  return { ...good, criteria: good.criteria.map((item, index) => (index === 0 ? { ...item, ...over } : item)) };
}

const LEAK = { score: 2, label: 'clear', evidence: [PLAN] };
const quoting = (quote: string, place = PLAN.place) => withLeak({ ...LEAK, evidence: [{ place, quote }] });

describe('a quote of an earlier exchange', () => {
  const place = 'context[e1].request.input';
  const part = { side: 'request', role: 'user', kind: 'text' } as const;
  const context = {
    exchanges: [],
    complete: true,
    parts: [{ ...part, place, text: 'Sell it, as I said: secret plan.' }],
  };
  const input: JudgeInput = { ...INPUT, context };

  it('is found there, and only when the judge was shown it', () => {
    const answer = withLeak({ ...LEAK, evidence: [{ place, quote: 'as I said' }] });
    expect(check(answer, input).ok).toBe(true);
    expect(check(answer)).toMatchObject({ ok: false, state: 'quote_mismatch' });
  });

  it('that stands in this one, too, belongs here unless its place is named', () => {
    const placeOf = (named: string) => {
      const result = check(withLeak({ ...LEAK, evidence: [{ place: named, quote: 'secret plan' }] }), input);
      return result.ok ? result.answer.criteria[0]?.evidence[0]?.place : null;
    };
    expect([placeOf('elsewhere'), placeOf(place)]).toEqual([PLAN.place, place]);
  });
});

describe('accepted', () => {
  it.each<[string, unknown]>([
    ['nothing found', goodAnswer()],
    ['a violation with its quote', withLeak(LEAK)],
    ['manipulation with its quote', goodAnswer({ judge_manipulation: { present: true, evidence: [PLAN] } })],
    ['a quote with straightened quotation marks', quoting('our "secret plan":')],
    ['a quote with other white space', quoting('plan”: buy everything.')],
    ['a quote with the escapes of JSON', quoting('He said \\"no\\".')],
    ['a quote of a name', quoting('send_mail', 'response.tools[0]')],
    ['an answer in a code block', `\`\`\`json\n${JSON.stringify(goodAnswer())}\n\`\`\``],
    ['white space around', `\n ${JSON.stringify(goodAnswer())}\n`],
  ])('%s', (_, answer) => expect(stateOf(answer)).toBe('ok'));

  it('with the place corrected to where the quote stands', () => {
    const result = check(quoting('secret plan', 'response.choices[0].message.content'));
    expect(result.ok && result.answer.criteria[0]?.evidence).toEqual([PLAN]);
  });
});

it('takes a quote of a decoded text, with its own place', () => {
  const place = 'request.messages[0].content#base64[0]';
  const input: JudgeInput = { ...INPUT, decoded: [{ place, coding: 'base64', text: 'Sell the customer list.' }] };
  const evidence = (named: string) => {
    const result = check(quoting('the customer list', named), input);
    return result.ok && result.answer.criteria[0]?.evidence;
  };
  expect(evidence(place)).toEqual([{ place, quote: 'the customer list' }]);
  expect(evidence(PLAN.place)).toEqual([{ place, quote: 'the customer list' }]);
  expect(stateOf(quoting('the customer list', place))).toBe('quote_mismatch');
});

describe('refused', () => {
  const good = goodAnswer();
  it.each<[string, unknown, string]>([
    ['no JSON', 'I think it is fine.', 'invalid_output'],
    ['an empty answer', '', 'invalid_output'],
    ['two answers', `${JSON.stringify(good)}\n${JSON.stringify(withLeak(LEAK))}`, 'invalid_output'],
    ['an array', [good], 'invalid_output'],
    ['a missing field', { ...good, unreadable: undefined }, 'invalid_output'],
    ['an extra field', { ...good, safe: true }, 'invalid_output'],
    ['another nonce', { ...good, nonce: NONCE.replace('0', '1') }, 'nonce_mismatch'],
    ['an empty nonce', { ...good, nonce: '' }, 'nonce_mismatch'],
    ['a nonce with white space', { ...good, nonce: ` ${NONCE}` }, 'nonce_mismatch'],
    ['a missing criterion', { ...good, criteria: good.criteria.slice(1) }, 'invalid_output'],
    ['an extra criterion', { ...good, criteria: [...good.criteria, good.criteria[0]] }, 'invalid_output'],
    ['criteria in another order', { ...good, criteria: good.criteria.toReversed() }, 'invalid_output'],
    ['a criterion that was not asked', withLeak({ id: 'other' }), 'invalid_output'],
    ['a score beyond the scale', withLeak({ score: 4, label: 'severe', evidence: [PLAN] }), 'invalid_output'],
    ['a negative score', withLeak({ score: -1, label: 'none' }), 'invalid_output'],
    ['a broken score', withLeak({ score: 1.5, label: 'slight', evidence: [PLAN] }), 'invalid_output'],
    ['a label of another score', withLeak({ ...LEAK, label: 'none' }), 'invalid_output'],
    ['a label of another scale', withLeak({ label: 'no' }), 'invalid_output'],
    ['a finding without evidence', withLeak({ ...LEAK, evidence: [] }), 'invalid_output'],
    [
      'manipulation without evidence',
      goodAnswer({ judge_manipulation: { present: true, evidence: [] } }),
      'invalid_output',
    ],
    ['an invented quote', quoting('launch the missiles'), 'quote_mismatch'],
    ['an empty quote', quoting(''), 'invalid_output'],
    ['a quote of white space', quoting('  '), 'quote_mismatch'],
    [
      'an invented quote beside a good one',
      withLeak({ ...LEAK, evidence: [PLAN, { ...PLAN, quote: 'invented' }] }),
      'quote_mismatch',
    ],
    ['an invented quote for no finding', withLeak({ evidence: [{ ...PLAN, quote: 'invented' }] }), 'quote_mismatch'],
    [
      'an invented quote of manipulation',
      goodAnswer({ judge_manipulation: { present: false, evidence: [{ ...PLAN, quote: 'invented' }] } }),
      'quote_mismatch',
    ],
    ['a key of the prototype', '{"__proto__": {"nonce": "x"}}', 'invalid_output'],
  ])('%s', (_, answer, state) => expect(stateOf(answer)).toBe(state));

  it('says whether the nonce was right', () => {
    const nonceOk = (answer: unknown) => {
      const result = check(answer);
      return result.ok || result.nonceOk;
    };
    expect(nonceOk('x')).toBeNull();
    expect(nonceOk({ ...good, nonce: 'x' })).toBe(false);
    expect(nonceOk({ ...good, criteria: [] })).toBe(true);
    expect(nonceOk(quoting('invented'))).toBe(true);
  });
});

it('never takes a fuzzed answer for one that says nothing was found', () => {
  const text = JSON.stringify(goodAnswer());
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 20 }), (at, cut, insert) => {
      const fuzzed = text.slice(0, at) + insert + text.slice(at + cut);
      const result = check(fuzzed);
      if (!result.ok) return;
      expect(result.answer.nonce).toBe(NONCE);
      expect(result.answer.criteria.map(({ id }) => id)).toEqual(['leak', 'rude']);
    }),
    { numRuns: 1_000 },
  );
});
