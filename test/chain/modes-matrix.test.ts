/**
 * Contract: what a program sees and what the ledger says, for each mode × wire format × streamed or not × verdict, and
 * for each way in which a judge fails × what the route makes of it. Through the real Envoy, with the vendors' SDKs at
 * their default retries.
 *
 * - A clean answer arrives whole in every mode.
 * - A violation is `would_block` in observe; in hold and window the SDK raises, nothing of the violation has reached the
 *   program where the mode promises that, and the origin was asked once.
 * - A failed judge never gives a clean verdict; it stops the answer exactly where the route says `block`, in observe it
 *   says `would_block` then.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import {
  APIS,
  type ApiName,
  type Call,
  CONFIDENTIAL,
  FAULTS,
  type Fault,
  MODES,
  type ModeName,
  ModesWorld,
  POLICIES,
  PROSE,
  SECRET,
  type Seen,
} from '../support/modes-world.ts';

const FORMS = APIS.flatMap((api) => [true, false].map((streamed) => [api, streamed] as const));

describe.each(['h2', 'h1'] as const)('modes through Envoy, hop %s', (hop) => {
  let world: ModesWorld;
  let calls = 0;

  beforeAll(async () => {
    world = await ModesWorld.start(hop);
  });
  afterAll(async () => {
    await world?.stop();
  });

  async function judged(call: Omit<Call, 'model'>): Promise<{ seen: Seen; verdict: Verdict; asked: number }> {
    calls += 1;
    const model = `model-${calls}`;
    const seen = await world.call({ ...call, model });
    const verdict = await world.chain.verdict(
      ({ model_requested, subject }) => model_requested === model && subject === 'exchange',
    );
    const asked = world.chain.origin.seen.filter(({ body }) => body.includes(`"${model}"`)).length;
    return { seen, verdict, asked };
  }

  describe.each(MODES)('%s', (mode) => {
    it.concurrent.each(FORMS)('a clean answer arrives whole: %s, streamed %s', async (api, streamed) => {
      const { seen, verdict } = await judged({ api, streamed, mode, policy: 'block', prompt: 'say:clean please' });
      expect(seen).toMatchObject({ raised: null, text: `${PROSE}The end.` });
      expect(verdict).toMatchObject({
        state: 'scored',
        overall: { label: 'clean' },
        action: 'allowed',
        coverage: { level: 'full', reasons: [] },
        streamed,
        ...modeFields(mode),
      });
    });

    it.concurrent.each(FORMS)('a violation that the model finds: %s, streamed %s', async (api, streamed) => {
      const { seen, verdict, asked } = await judged({
        api,
        streamed,
        mode,
        policy: 'allow',
        prompt: 'say:confidential',
      });
      expect(asked).toBe(1);
      expect(verdict).toMatchObject({ overall: { label: 'violation' }, decided_by: 'model', ...modeFields(mode) });
      expectStopped(mode, streamed, seen, verdict, 'blocked_by_judge');
      if (mode === 'cleared' || mode === 'hold') expect(seen.text).not.toContain(CONFIDENTIAL);
    });

    it.concurrent.each(FORMS)('a violation that a rule finds: %s, streamed %s', async (api, streamed) => {
      const { seen, verdict, asked } = await judged({ api, streamed, mode, policy: 'allow', prompt: 'say:secret' });
      expect(asked).toBe(1);
      expect(verdict).toMatchObject({ overall: { label: 'violation' }, decided_by: 'rule', ...modeFields(mode) });
      expectStopped(mode, streamed, seen, verdict, 'blocked_by_judge');
      if (mode !== 'observe') expect(seen.text).not.toContain(SECRET.slice(0, 20));
    });

    describe.each(Object.entries(FAULTS) as [Fault, string][])('a judge that fails by %s', (fault, state) => {
      it.concurrent.each(
        FORMS.flatMap(([api, streamed]) => POLICIES.map((policy) => [api, streamed, policy] as const)),
      )('%s, streamed %s, on_judge_failure %s', async (api: ApiName, streamed, policy) => {
        const prompt = `say:clean fault:${fault}`;
        const { seen, verdict, asked } = await judged({ api, streamed, mode, policy, prompt });
        expect(asked).toBe(1);
        expect(verdict).toMatchObject({
          state,
          overall: { label: 'undetermined' },
          decided_by: 'fallback',
          ...modeFields(mode),
        });
        expect(verdict.coverage.reasons).toContain('model_failed');
        if (policy === 'review') expect(verdict.overall.severity).toBe('medium');
        if (policy === 'block') return expectStopped(mode, streamed, seen, verdict, 'judge_unavailable');
        expect(seen).toMatchObject({ raised: null, text: `${PROSE}The end.` });
        expect(verdict.action).toBe('allowed');
      });
    });
  });
});

function modeFields(mode: ModeName): Partial<Verdict> {
  if (mode === 'observe' || mode === 'hold') return { mode, release: null, windows: 0 };
  return { mode: 'window', release: mode };
}

/** Stopped, or in observe told only. */
function expectStopped(mode: ModeName, streamed: boolean, seen: Seen, verdict: Verdict, code: string): void {
  if (mode === 'observe') {
    expect(seen.raised).toBeNull();
    expect(verdict.action).toBe('would_block');
    return;
  }
  expect(seen.raised).not.toBeNull();
  // Something of a stream may have been cleared, or released eagerly, before.
  if (!streamed || mode === 'hold') expect(verdict.action).toBe('blocked');
  else expect(['blocked', 'cut']).toContain(verdict.action);
  if (verdict.action === 'blocked') {
    expect(seen.text).toBe('');
    expect(seen.raised).toMatchObject({ status: 403 });
  } else expect(seen.text).not.toBe('');
  expect(JSON.stringify(seen.raised)).toContain(verdict.api === 'anthropic.messages' ? 'stopped by the policy' : code);
  expect(JSON.stringify(seen.raised)).not.toMatch(/credential|leak|rubric|criteri/i);
}
