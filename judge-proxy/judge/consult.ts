/**
 * One question to a judge's models, with everything that stands between: sampling, cache, budget, breaker, turn,
 * cascade. The one way to a model for queued jobs and for clients that wait.
 */

import type { LlmError, OutputMode } from '../ledger/records.ts';
import type { PassingState } from './backoff.ts';
import type { ModelOutcome } from './decide.ts';
import type { JudgeInput } from './input.ts';
import type { Judge } from './judges.ts';
import type { Urgency } from './turns.ts';

export interface Question {
  /** The sample is drawn by it: once for all windows, tries and restarts. */
  readonly exchangeId: string;
  readonly judge: Judge;
  /** Its models are asked about this. */
  readonly input: JudgeInput;
  /** Canonical JSON of `input`, as the ledger keeps it. */
  readonly document: string;
  /** The text is kept as it came, and so is what the judge says of it. */
  readonly asItCame?: boolean;
  /** Client identity: scope of cache and budget. */
  readonly client: string;
  /** Name of the route: metric label. */
  readonly route: string;
  /** Probability with which the model is asked when no rule has a hit, of the route. */
  readonly sampling: number;
  /**
   * `inline`: a client waits. It goes before all that is queued, and its wait for a turn counts towards the timeout of
   * the model. `background`: a job of the ledger. `spare`: nobody waits, and traffic goes first.
   */
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

/** What came of a question. */
export interface Consultation {
  /**
   * Of the models' answer, or why there is none. A failed state with an answer: the small model, or an earlier window,
   * had found a violation before the failure, and it stands.
   */
  readonly outcome: ModelOutcome;
  /** Probability with which this exchange was to be asked about: `sampling`, or 1 when a rule hit. */
  readonly samplingProbability: number;
  /** Model that answered, as it calls itself. */
  readonly model: string | null;
  readonly outputMode: OutputMode | null;
  /** null when no answer could be read. */
  readonly nonceOk: boolean | null;
  readonly cacheHit: boolean;
  /** Name of the small model when it was asked first and the model after it. */
  readonly escalatedFrom: string | null;
  /** Of all calls together, null when none told it or none was made. A hit of the cache spends nothing. */
  readonly tokens: { readonly in: number; readonly out: number } | null;
  /** US dollars of all calls, null when a price is not known or no call was made. */
  readonly costUsd: number | null;
  /** Milliseconds of all calls together, null when none was made. */
  readonly latencyMs: number | null;
  readonly error: LlmError | null;
  /** A failure that is worth another try later, and when at the earliest. For `background` only. */
  readonly again: { readonly state: PassingState; readonly afterMs: number | null } | null;
}

/** A question that was not put to a model, and why. */
export function notAsked(outcome: ModelOutcome): Consultation {
  return {
    outcome,
    samplingProbability: 1,
    model: null,
    outputMode: null,
    nonceOk: null,
    cacheHit: false,
    escalatedFrom: null,
    tokens: null,
    costUsd: null,
    latencyMs: null,
    error: null,
    again: null,
  };
}

export interface Consultant {
  /** Never rejects. null when the signal ended it. */
  consult(question: Question): Promise<Consultation | null>;
}
