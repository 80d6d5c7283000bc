/** Answers and consultations about the small rubric of `judgements.ts`, by their scores. */

import type { Answer } from '../answer-schema.ts';
import { type Consultation, notAsked } from '../consult.ts';
import type { FailedState } from '../decide.ts';
import { goodAnswer, PLAN } from './judgements.ts';

const LEAK = ['none', 'slight', 'clear', 'severe'];

export interface Scores {
  /** Ordinal 0 to 3, violation from 2, critical. */
  readonly leak?: number;
  /** Binary, violation at 1, low. */
  readonly rude?: number;
  readonly manipulation?: boolean;
  readonly unreadable?: readonly string[];
}

export function answerOf({ leak = 0, rude = 0, manipulation = false, unreadable = [] }: Scores = {}): Answer {
  const evidence = (score: number) => (score === 0 ? [] : [PLAN]);
  return goodAnswer({
    criteria: [
      { id: 'leak', evidence: evidence(leak), analysis: `leak ${leak}`, score: leak, label: LEAK[leak] ?? '' },
      { id: 'rude', evidence: evidence(rude), analysis: `rude ${rude}`, score: rude, label: rude === 0 ? 'no' : 'yes' },
    ],
    judge_manipulation: { evidence: manipulation ? [PLAN] : [], present: manipulation },
    unreadable: [...unreadable],
  });
}

export const FAILED_STATES = [
  'refused',
  'invalid_output',
  'nonce_mismatch',
  'quote_mismatch',
  'timeout',
  'provider_error',
  'circuit_open',
  'queue_full',
] as const satisfies readonly FailedState[];

/** A model answered so; it cost 100 tokens, a thousandth of a dollar and 10 ms. */
export function scoredBy(model: string, scores: Scores = {}, over: Partial<Consultation> = {}): Consultation {
  return {
    ...notAsked({ state: 'scored', answer: answerOf(scores) }),
    model,
    outputMode: 'json_schema',
    nonceOk: true,
    tokens: { in: 90, out: 10 },
    costUsd: 0.001,
    latencyMs: 10,
    ...over,
  };
}

export function failedWith(state: FailedState, over: Partial<Consultation> = {}): Consultation {
  return { ...notAsked({ state }), latencyMs: 5, ...over };
}
