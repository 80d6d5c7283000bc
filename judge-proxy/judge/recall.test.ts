/**
 * Contract: an answer is given again to who asks the same, with evidence that stands in his own document, and to nobody
 * else: not another client, not another judge, not a text that differs in anything that the judge can quote. A cache
 * that is configured is used; one client never learns what another asked.
 */

import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import type { Question } from './consult.ts';
import type { JudgeInput } from './input.ts';
import { createJudge } from './judges.ts';
import { Recall, type Remembered, type Said } from './recall.ts';
import { RULE_NAMES, type RuleName } from './rules/rule.ts';
import { goodAnswer, INPUT, RUBRIC } from './testing/judgements.ts';
import { VerdictCache } from './verdict-cache.ts';

const SECRET = Buffer.alloc(32, 3);

function inputOf(text: string, over: Partial<JudgeInput['transcript']> = {}): JudgeInput {
  const [first, ...rest] = INPUT.transcript.parts;
  if (first === undefined) throw new Error('no part');
  return { ...INPUT, transcript: { ...INPUT.transcript, parts: [{ ...first, text }, ...rest], ...over } };
}

function judgeOf(scope: 'client' | 'all_clients_dangerous', rules: readonly RuleName[] = RULE_NAMES) {
  const cache = { entries: 10, ttl: 1_000, scope };
  return createJudge({ name: 'default', rubric: RUBRIC, rules, model: null, cache });
}

function question(input: JudgeInput, over: Partial<Question> = {}): Question {
  return {
    exchangeId: 'e1',
    judge: judgeOf('client'),
    input,
    document: canonicalize(input) ?? '',
    client: 'team-a',
    route: 'openai',
    sampling: 1,
    urgency: 'inline',
    signal: new AbortController().signal,
    ...over,
  };
}

function said(quote: string): Said {
  const [leak, rude] = goodAnswer().criteria;
  if (leak === undefined || rude === undefined) throw new Error('no criteria');
  const evidence = [{ place: 'request.messages[0].content', quote }];
  return {
    answer: goodAnswer({ criteria: [{ ...leak, evidence, score: 3, label: 'severe' }, rude] }),
    model: 'model-1',
    outputMode: 'json_schema',
    escalatedFrom: null,
  };
}

function remembering(first: Question, what: Said) {
  const clock = { monotonic: () => 0 };
  const cache = new VerdictCache<Remembered>({ entries: 10, ttl: 1_000 }, clock);
  new Recall(cache, SECRET, first).set(what);
  return { cache, ask: (next: Question) => new Recall(cache, SECRET, next).get() };
}

const KEYED = (token: string) => `the key is [REDACTED:api_key:${token}], keep it`;

describe('the same question', () => {
  it('is answered, with all that was said', () => {
    const asked = question(inputOf('a secret plan'));
    expect(remembering(asked, said('secret plan')).ask(asked)).toEqual(said('secret plan'));
  });

  it('of another exchange: tokens differ, and the quote is the one that stands there', () => {
    const { ask } = remembering(question(inputOf(KEYED('0123abcd'))), said('[REDACTED:api_key:0123abcd]'));
    const again = ask(question(inputOf(KEYED('fedcba98')), { exchangeId: 'e2' }));
    expect(again?.answer.criteria[0]?.evidence[0]?.quote).toBe('[REDACTED:api_key:fedcba98]');
  });

  it('whatever the origin counted', () => {
    const usage = { tokens_in: 999, tokens_out: 1, tokens_cached: 512 };
    const { ask } = remembering(question(inputOf('a secret plan')), said('secret plan'));
    expect(ask(question(inputOf('a secret plan', { usage })))).not.toBeNull();
  });
});

describe('nobody else is answered', () => {
  const asked = question(inputOf('a secret plan'));
  const { usage: _, ...uncounted } = INPUT.transcript;

  it.each<[string, Question]>([
    ['another client', question(asked.input, { client: 'team-b' })],
    ['another judge', question(asked.input, { judge: judgeOf('client', ['secrets']) })],
    ['another text', question(inputOf('a secret plan!'))],
    ['another answer of the model', question(inputOf('a secret plan', { finish: ['length'] }))],
    ['another model', question(inputOf('a secret plan', { model_requested: 'gpt-6' }))],
    [
      'other rule hits',
      question({
        ...asked.input,
        rule_hits: [{ rule: 'secrets', version: '1', place: 'p', preview: 'x', severity: 'low' }],
      }),
    ],
    ['other coverage', question({ ...asked.input, coverage: { level: 'partial', reasons: ['stream_broken'] } })],
    ['a text in which a count is written', question(inputOf(`a secret plan","usage":{"tokens_in":1}`, uncounted))],
  ])('%s', (_what, other) => {
    expect(remembering(asked, said('secret plan')).ask(other)).toBeNull();
  });

  it('unless the operator says that clients may share', () => {
    const judge = judgeOf('all_clients_dangerous');
    const { ask } = remembering({ ...asked, judge }, said('secret plan'));
    expect(ask(question(asked.input, { judge, client: 'team-b' }))).not.toBeNull();
  });
});

it('a quote that would not stand there is no evidence: the model is asked', () => {
  const { ask } = remembering(question(inputOf(KEYED('0123abcd'))), said('REDACTED:api_key:0123'));
  expect(ask(question(inputOf(KEYED('fedcba98'))))).toBeNull();
});

it('an answer without an end is not kept', () => {
  const asked = question(inputOf('a secret plan'));
  const { cache } = remembering(asked, {
    ...said('secret plan'),
    answer: goodAnswer({ unreadable: ['x'.repeat(20_000)] }),
  });
  expect(cache.size).toBe(0);
});
