/**
 * Contract of enforcement at its edges: failed judges, a failed ledger, clients and origins that go away, errors of the
 * origin.
 *
 * - Where there is no verdict, `on_judge_failure` decides, in every mode and for every state.
 * - The judge only narrows: whatever it says, an answer is delivered as it came or stopped.
 * - Nothing goes unjudged: who does not wait for the verdict gets a job.
 */

import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ModelOutcome } from '../judge/decide.ts';
import { goodAnswer } from '../judge/testing/judgements.ts';
import { chatRequest, EnforcedRig, type OnFailure, pieces, type RouteOver } from './testing/enforced-rig.ts';
import { byWord, clean, FORBIDDEN, violation } from './testing/scripted-consultant.ts';
import { CHAT } from './testing/streams.ts';

let rig: EnforcedRig;
beforeAll(async () => {
  rig = await EnforcedRig.open();
});
afterEach(() => {
  expect(rig.held.held).toBe(0);
  rig.ledgerFails = false;
  rig.gaps = 0;
  rig.consultant.questions.length = 0;
  rig.consultant.answer = byWord;
});
afterAll(() => rig[Symbol.asyncDispose]());

const FAILED = [
  'refused',
  'invalid_output',
  'nonce_mismatch',
  'quote_mismatch',
  'timeout',
  'provider_error',
  'circuit_open',
  'queue_full',
] as const;
/** States in which somebody has the word. */
const NO_FAILURE: ReadonlySet<string> = new Set(['scored', 'sampled_out', 'budget_exhausted']);
const POLICIES = ['allow', 'review', 'block'] as const;
const MODES: readonly (readonly [string, RouteOver])[] = [
  ['hold', { mode: 'hold' }],
  ['cleared', { mode: 'window', window: { release: 'cleared', tokens: 20, rules_tokens: 5 } }],
  ['eager', { mode: 'window', window: { release: 'eager', tokens: 20, rules_tokens: 5 } }],
];
const PROSE = 'Rivers have bridges, and bridges have rivers. '.repeat(8);

async function answered(over: RouteOver, body: string, head = {}, request = chatRequest()) {
  const exchange = await rig.begin(over, { body: request });
  exchange.open(head);
  await exchange.feed(pieces(body, 200));
  return { got: await exchange.end(), exchange };
}

describe.each(MODES)('%s', (_name, mode) => {
  describe.each(FAILED)('a judge that failed by %s', (state) => {
    test.each(POLICIES)('on_judge_failure %s', async (on_judge_failure) => {
      rig.consultant.answer = () => ({ state });
      const body = CHAT.write(PROSE);
      const { got } = await answered({ ...mode, on_judge_failure }, body);
      const verdict = await rig.verdict();
      expect(verdict).toMatchObject({ state, overall: { label: 'undetermined' }, decided_by: 'fallback' });
      expect(verdict.coverage.reasons).toContain('model_failed');
      if (on_judge_failure === 'block') {
        expect(got.ending.kind).toBe('block');
        expect(['blocked', 'cut']).toContain(verdict.action);
        expect(got.text).toContain('judge_unavailable');
        return;
      }
      expect(got.text).toBe(body);
      expect(verdict.action).toBe('allowed');
      if (on_judge_failure === 'review') expect(verdict.overall.severity).toBe('medium');
    });
  });

  test.each(['sampled_out', 'budget_exhausted'] as const)('%s is no failure: rules decide', async (state) => {
    rig.consultant.answer = () => ({ state });
    const body = CHAT.write(PROSE);
    const { got } = await answered(mode, body);
    expect(got.text).toBe(body);
    expect(await rig.verdict()).toMatchObject({ state, action: 'allowed', decided_by: 'rule', windows: 0 });
  });

  test('an answer that the model saw cut is no pass', async () => {
    rig.consultant.answer = () => ({ state: 'truncated_input', answer: goodAnswer() });
    const { got } = await answered(mode, CHAT.write(PROSE));
    expect(got.ending.kind).toBe('block');
    expect(await rig.verdict()).toMatchObject({ state: 'truncated_input', overall: { label: 'undetermined' } });
  });

  describe('a ledger that cannot be written', () => {
    test.each(POLICIES)('on_judge_failure %s', async (on_judge_failure) => {
      const exchange = await rig.begin({ ...mode, on_judge_failure });
      exchange.open();
      rig.ledgerFails = true;
      const body = CHAT.write(PROSE);
      await exchange.feed(pieces(body, 200));
      const got = await exchange.end();
      expect(rig.gaps).toBe(1);
      if (on_judge_failure !== 'block') return expect(got.text).toBe(body);
      expect(got.ending.kind).toBe('block');
      expect(got.text).toContain('judge_unavailable');
      expect(JSON.stringify(got.ending)).not.toContain('x-judge-verdict-id');
    });

    test.each(POLICIES)('nor the record of an error of the origin: on_judge_failure %s', async (on_judge_failure) => {
      const exchange = await rig.begin({ ...mode, on_judge_failure });
      exchange.open({ status: 500, contentType: 'text/html' });
      rig.ledgerFails = true;
      exchange.push('<p>Sorry</p>');
      const got = await exchange.end();
      expect(rig.gaps).toBe(1);
      expect(got.text).toContain(on_judge_failure === 'block' ? 'judge_unavailable' : '<p>Sorry</p>');
      expect(got.ending.kind).toBe(on_judge_failure === 'block' ? 'block' : 'deliver');
    });

    test('a violation stays one', async () => {
      const exchange = await rig.begin({ ...mode, on_judge_failure: 'allow' });
      exchange.open();
      rig.ledgerFails = true;
      exchange.push(CHAT.write(FORBIDDEN));
      const got = await exchange.end();
      expect(got.ending.kind).toBe('block');
      expect(got.text).toContain('blocked_by_judge');
    });
  });

  describe('what no model answered', () => {
    const error = JSON.stringify({
      error: { message: 'Slow down.', type: 'rate_limit_error', param: null, code: null },
    });

    test.each([
      ['an error', { status: 429, contentType: 'application/json' }, error],
      ['an error on an unknown endpoint', { status: 404, contentType: 'text/plain' }, 'not here'],
      ['no body', { status: 204 }, ''],
      ['an empty body', { status: 200 }, ''],
    ])('%s reaches the client as it is while no judge answers', async (_what, head, body) => {
      rig.consultant.answer = () => ({ state: 'timeout' });
      const { got } = await answered(mode, body, head);
      expect(got.ending.kind).toBe('deliver');
      expect(got.text).toBe(body);
      expect(rig.consultant.questions).toEqual([]);
      const jobs = await rig.ledger.takeJobs(100, 60_000);
      expect(jobs.at(-1)?.completed).toMatchObject({ status: head.status, outcome: 'complete' });
    });

    test('a rule stops it all the same', async () => {
      const { got } = await answered(mode, `{"error":{"message":"${secret()}"}}`, {
        status: 500,
        contentType: 'application/json',
      });
      expect(got.ending.kind).toBe('block');
      expect(got.text).not.toContain(secret().slice(0, 20));
      expect(await rig.verdict()).toMatchObject({ action: 'blocked', decided_by: 'rule' });
    });
  });

  test('an origin that fails in the middle: what was held is not delivered, and is judged later', async () => {
    const exchange = await rig.begin(mode);
    exchange.open();
    rig.consultant.answer = () => new Promise(() => {});
    exchange.push(CHAT.write(PROSE).slice(0, 300));
    const got = await exchange.end('origin_failed');
    expect(got.ending).toEqual({ kind: 'deliver', rest: [] });
    const jobs = await rig.ledger.takeJobs(100, 60_000);
    expect(jobs.at(-1)?.completed).toMatchObject({ outcome: 'origin_failed' });
  });

  test('a client that goes away while the last question is open', async () => {
    const exchange = await rig.begin(mode);
    exchange.open();
    rig.consultant.answer = () => new Promise(() => {});
    exchange.push(CHAT.write('Paris.'));
    const ended = exchange.end();
    await rig.consultant.asked(1);
    exchange.gate.close();
    await ended;
    const jobs = await rig.ledger.takeJobs(100, 60_000);
    expect(jobs.at(-1)?.completed).toMatchObject({ outcome: 'client_aborted' });
  });

  test('an unknown endpoint cannot be judged: on_judge_failure decides', async () => {
    for (const on_judge_failure of POLICIES) {
      const exchange = await rig.begin({ ...mode, on_judge_failure }, { path: '/v1/other' });
      exchange.open({ contentType: 'application/json' });
      exchange.push('{"a":1}');
      const got = await exchange.end();
      expect(await rig.verdict()).toMatchObject({ state: 'unparseable', api: 'unknown' });
      if (on_judge_failure !== 'block') expect(got.text).toBe('{"a":1}');
      else
        expect(JSON.parse(got.text)).toMatchObject({ error: { code: 'judge_unavailable', type: 'judge_proxy_error' } });
    }
  });
});

test('a route without a judge waits for nobody', async () => {
  const exchange = await rig.begin({ mode: 'hold', judge: undefined });
  expect(exchange.open()).toBeNull();
  expect(exchange.recorded.holdsRequest).toBe(false);
  await exchange.end();
});

describe('the judge only narrows', () => {
  const outcome = fc.oneof(
    fc.constant(clean()),
    fc.constant(violation('response')),
    fc
      .constantFrom(...FAILED, 'sampled_out' as const, 'budget_exhausted' as const)
      .map((state): ModelOutcome => ({ state })),
    fc.constant<ModelOutcome>({ state: 'truncated_input', answer: goodAnswer() }),
  );

  test('whatever it says, an answer is delivered as it came, or stopped', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...MODES),
        fc.constantFrom<OnFailure>(...POLICIES),
        fc.array(outcome, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(PROSE, 'Yes.', `It is ${secret()}`),
        async ([, mode], on_judge_failure, outcomes, text) => {
          let next = 0;
          rig.consultant.answer = () => outcomes[Math.min(next++, outcomes.length - 1)] ?? clean();
          const body = CHAT.write(text);
          const { got } = await answered({ ...mode, on_judge_failure }, body);
          const verdict = await rig.verdict();
          const used = outcomes.slice(0, next);
          const refused = used.some((one) => JSON.stringify(one).includes(FORBIDDEN));
          const failed = used.some(({ state }) => !NO_FAILURE.has(state));
          const mustStop = text.includes(secret()) || refused || (failed && on_judge_failure === 'block');
          expect(got.ending.kind).toBe(mustStop ? 'block' : 'deliver');
          expect(verdict.action === 'allowed').toBe(!mustStop);
          if (!mustStop) expect(got.text).toBe(body);
          if (failed || mustStop) expect(verdict.overall.label).not.toBe('clean');
        },
      ),
      { numRuns: 80 },
    );
  });
});

/** Put together here, so that no scanner takes this file for a leak. */
function secret(): string {
  return ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
}
