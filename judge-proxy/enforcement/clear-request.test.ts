/**
 * Contract of `hold_request`: the origin sees a request after its verdict, which is in the ledger by then; one that is
 * refused never, and its exchange is completed as `blocked` with that verdict. The pair is judged afterwards.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { goodAnswer } from '../judge/testing/judgements.ts';
import { chatRequest, EnforcedRig } from './testing/enforced-rig.ts';
import { byWord, FORBIDDEN } from './testing/scripted-consultant.ts';
import { CHAT } from './testing/streams.ts';

const POLICIES = ['allow', 'review', 'block'] as const;

let rig: EnforcedRig;
beforeAll(async () => {
  rig = await EnforcedRig.open();
});
afterEach(() => {
  rig.ledgerFails = false;
  rig.consultant.questions.length = 0;
  rig.consultant.answer = byWord;
});
afterAll(() => rig[Symbol.asyncDispose]());

describe('hold_request', () => {
  const none = new AbortController().signal;

  describe.each(['observe', 'window', 'hold'] as const)('in mode %s', (mode) => {
    test('a request that is clean is sent, and judged again with its answer', async () => {
      const exchange = await rig.begin({ mode, hold_request: true });
      expect(exchange.recorded.holdsRequest).toBe(true);
      expect(await exchange.recorded.clearRequest(captured(chatRequest()), none)).toBeNull();
      expect(await rig.verdict()).toMatchObject({
        subject: 'request',
        action: 'allowed',
        state: 'scored',
        mode,
        status: null,
        coverage: { level: 'full', reasons: [] },
        overall: { label: 'clean' },
      });
      const gate = exchange.open();
      expect(gate === null).toBe(mode === 'observe');
      if (gate !== null) exchange.push(CHAT.write('Paris.'));
      await exchange.end();
      if (mode !== 'observe') expect(await rig.verdict()).toMatchObject({ subject: 'exchange', action: 'allowed' });
    });

    test('a request with a violation is not', async () => {
      const body = chatRequest(`Say ${FORBIDDEN}`);
      const exchange = await rig.begin({ mode, hold_request: true }, { body });
      const ending = await exchange.recorded.clearRequest(captured(body), none);
      const verdict = await rig.verdict();
      expect(verdict).toMatchObject({ subject: 'request', action: 'blocked', overall: { label: 'violation' } });
      expect(ending).toMatchObject({ kind: 'block', whole: { status: 403 }, tail: null });
      expect(JSON.stringify(ending)).toContain(verdict.verdict_id);
      expect(await exchange.end('blocked')).toMatchObject({ ending: { kind: 'deliver' } });
      const view = await rig.ledger.exchange(verdict.exchange_id);
      expect(view?.completed).toMatchObject({ outcome: 'blocked', status: null, content_sha256: verdict.input_sha256 });
      expect(view?.content).toContain(FORBIDDEN);
      expect(view?.job).toBeNull();
    });
  });

  test('a rule refuses without a model', async () => {
    const exchange = await rig.begin({ mode: 'observe', hold_request: true });
    const ending = await exchange.recorded.clearRequest(captured(chatRequest(`key ${secret()}`)), none);
    expect(ending?.kind).toBe('block');
    expect(rig.consultant.questions).toEqual([]);
    await exchange.end('blocked');
  });

  test.each(POLICIES)('a judge that failed: %s', async (on_judge_failure) => {
    rig.consultant.answer = () => ({ state: 'timeout' });
    const exchange = await rig.begin({ mode: 'observe', hold_request: true, on_judge_failure });
    const ending = await exchange.recorded.clearRequest(captured(chatRequest()), none);
    expect(ending === null).toBe(on_judge_failure !== 'block');
    await exchange.end(ending === null ? 'complete' : 'blocked');
  });

  test.each(POLICIES)('one that is longer than what may be held cannot be cleared: %s', async (on_judge_failure) => {
    const exchange = await rig.begin({ mode: 'observe', hold_request: true, on_judge_failure });
    const cut = { ...captured(chatRequest().slice(0, 40)), cut: 'cap' as const, ended: false };
    rig.consultant.answer = () => ({ state: 'truncated_input', answer: goodAnswer() });
    const ending = await exchange.recorded.clearRequest(cut, none);
    expect(ending === null).toBe(on_judge_failure !== 'block');
    expect((await rig.verdict()).coverage.reasons).toContain('request_truncated');
    await exchange.end(ending === null ? 'complete' : 'blocked');
  });

  test('a ledger that cannot be written refuses where the route blocks', async () => {
    const exchange = await rig.begin({ mode: 'observe', hold_request: true });
    rig.ledgerFails = true;
    const ending = await exchange.recorded.clearRequest(captured(chatRequest()), none);
    expect(JSON.stringify(ending)).toContain('judge_unavailable');
    await exchange.end('blocked');
  });

  test('a client that goes away ends the question, and nothing is sent', async () => {
    const client = new AbortController();
    rig.consultant.answer = () => new Promise(() => {});
    const exchange = await rig.begin({ mode: 'observe', hold_request: true });
    const ending = exchange.recorded.clearRequest(captured(chatRequest()), client.signal);
    await rig.consultant.asked(1);
    client.abort();
    expect((await ending)?.kind).toBe('block');
    await exchange.end('client_aborted');
  });

  test('the capture can be used again', async () => {
    const exchange = await rig.begin({ mode: 'hold', hold_request: true });
    const body = captured(chatRequest());
    await exchange.recorded.clearRequest(body, none);
    expect(body.bytes.byteLength).toBeGreaterThan(0);
    exchange.open();
    exchange.push(CHAT.write('Paris.'));
    await exchange.end();
  });
});

function captured(body: string) {
  const bytes = new Uint8Array(Buffer.from(body));
  const total = bytes.byteLength;
  return { bytes, total, cut: null, ended: true, contentType: 'application/json', contentEncoding: null };
}

/** Put together here, so that no scanner takes this file for a leak. */
function secret(): string {
  return ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
}
