/** A verdict says how it came about: what was asked, of whom, for how much, and where the exchange stood meanwhile. */

import { describe, expect, it } from 'vitest';
import { sampleCompleted, sampleOpened } from '../ledger/sample-records.ts';
import { buildVerdict, type VerdictParts } from './build-verdict.ts';
import { notAsked } from './consult.ts';
import { scoredBy } from './testing/answers.ts';
import { judgeWith } from './testing/judged-ledger.ts';

const JUDGE = judgeWith({ name: 'configured-1', ask: () => Promise.reject(new Error('nobody asks')) });
const LLM_ERROR = { source: 'origin', class: 'permanent', status: 400, code: null } as const;

function built(over: Partial<VerdictParts> = {}) {
  const consultation = over.consultation === undefined ? scoredBy('large-1') : over.consultation;
  return buildVerdict({
    opened: sampleOpened('e1', { mode: 'window' }),
    completed: sampleCompleted('e1', { llm_error: LLM_ERROR }),
    summary: null,
    judge: JUDGE,
    outcome: consultation?.outcome ?? { state: 'rules_only', reason: 'no_judge' },
    consultation,
    onFailure: 'block',
    verdictId: 'v1',
    ts: '2026-01-31T12:34:56.789Z',
    ...over,
  });
}

describe('the verdict', () => {
  it('takes from the consultation what was asked and spent', () => {
    const asked = { samplingProbability: 0.25, escalatedFrom: 'small-1', outputMode: 'text', nonceOk: true } as const;
    expect(built({ consultation: scoredBy('large-1', {}, asked) }).verdict).toMatchObject({
      sampling_probability: 0.25,
      judge: {
        name: 'default',
        hash: JUDGE.hash,
        rubric_hash: JUDGE.rubric.hash,
        model: 'large-1',
        output_mode: 'text',
        nonce_ok: true,
        cache_hit: false,
        escalated_from: 'small-1',
      },
      latency_ms: 10,
      judge_tokens: { in: 90, out: 10 },
      judge_cost_usd: 0.001,
      llm_error: LLM_ERROR,
    });
  });

  it('names the model that was to be asked where none answered, and its error before the origin’s', () => {
    const error = { source: 'judge', class: 'quota', status: 429, code: null } as const;
    const { verdict } = built({ consultation: { ...notAsked({ state: 'provider_error' }), error } });
    expect(verdict).toMatchObject({
      judge: { model: 'configured-1', output_mode: null, nonce_ok: null },
      judge_tokens: null,
      judge_cost_usd: null,
      latency_ms: null,
      llm_error: error,
    });
  });

  it('without a consultation or a judge has nobody’s words', () => {
    expect(built({ consultation: null, judge: null }).verdict).toMatchObject({
      judge: null,
      sampling_probability: 1,
      state: 'rules_only',
      criteria: [],
    });
  });

  it('of a delivered exchange stops nothing', () => {
    const { verdict, stop } = built({ consultation: scoredBy('m', { leak: 3 }) });
    expect(verdict).toMatchObject({ action: 'would_block', release: null, subject: 'exchange', windows: 0 });
    expect(stop).toBe(false);
  });

  it('of one that waits says where it stood, and stops it', () => {
    const held = { enforcement: 'mid_stream', release: 'eager', subject: 'exchange', windows: 3 } as const;
    const { verdict, stop } = built({ consultation: scoredBy('m', { leak: 3 }), held });
    expect(verdict).toMatchObject({ action: 'cut', release: 'eager', windows: 3 });
    expect('stop' in verdict).toBe(false);
    expect(stop).toBe(true);
  });
});
