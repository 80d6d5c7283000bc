/**
 * The way of one question to a judge's models: drawn by the sample, not answered by the cache or by an equal
 * question that is on its way, affordable, its turn come, then the small model if there is one and the model if that is
 * needed. Each step may end it, with the state that says so.
 */

import type { Clock } from '../telemetry/clock.ts';
import { redactionTokens } from './analyse.ts';
import { type Asked, askModel } from './ask.ts';
import type { BudgetScope, Budgets, Spent } from './budget.ts';
import { joinCascade, needsLarger } from './cascade.ts';
import { cleanAnswer } from './clean-answer.ts';
import { type Consultant, type Consultation, notAsked, type Question } from './consult.ts';
import { type ModelOutcome, scoredState } from './decide.ts';
import { InFlight } from './in-flight.ts';
import type { JudgeModel } from './model.ts';
import { costUsd, type Prices } from './prices.ts';
import { Recall, type Remembered, type Said } from './recall.ts';
import { drawOf, sample } from './sampling.ts';
import { Turns, type Urgency } from './turns.ts';
import { VerdictCache } from './verdict-cache.ts';

/** A model's place in the cascade. */
export type ModelRole = 'small' | 'large';

export interface ModelCall {
  /** Name of the route. */
  readonly route: string;
  readonly role: ModelRole;
  /** Of the answer, before anything is made of it. */
  readonly state: ModelOutcome['state'];
  readonly ms: number;
  readonly tokens: { readonly in: number; readonly out: number } | null;
  /** US dollars, null when the price is not known. */
  readonly usd: number | null;
}

export interface ConsultMetrics {
  /** One model was asked, a repetition included. */
  judgeCall(call: ModelCall): void;
  judgeCache(result: 'hit' | 'miss'): void;
  /** A model was not asked because this is spent. */
  judgeBudget(scope: BudgetScope): void;
}

export interface ConsultantOptions {
  readonly limits: { readonly judge_queue: number; readonly judge_concurrency: number };
  readonly prices: Prices;
  /** Loaded. */
  readonly budgets: Budgets;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly metrics: ConsultMetrics;
  /** Of another consultant, with whom it shares the calls at one time; its own unless given. */
  readonly turns?: Turns;
  /** Keys the tokens that stand for secrets; random unless given. */
  readonly hmacKey?: Uint8Array;
  /** Draw of an exchange, 0 to 1; by its id unless given. */
  readonly draw?: (exchangeId: string) => number;
}

/** Holds nothing that has to be closed: each question ends with its own signal. */
export interface SharedConsultant extends Consultant {
  /** Questions that are with a model. */
  readonly running: number;
  waiting(urgency: Urgency): number;
}

export function createConsultant(options: ConsultantOptions): SharedConsultant {
  return new ModelConsultant(options);
}

/** A small model that hangs must leave time for the other one while a client waits. */
const SMALL_SHARE = 0.5;

class ModelConsultant implements SharedConsultant {
  readonly #options: ConsultantOptions;
  readonly #turns: Turns;
  readonly #inFlight: InFlight;
  /** By name of the judge. */
  readonly #caches = new Map<string, VerdictCache<Remembered>>();
  readonly #secret: Uint8Array;
  readonly #hmacKey: Uint8Array;

  constructor(options: ConsultantOptions) {
    const { judge_concurrency, judge_queue } = options.limits;
    this.#options = options;
    this.#turns = options.turns ?? new Turns({ running: judge_concurrency, waiting: judge_queue });
    this.#inFlight = new InFlight(judge_queue);
    this.#secret = options.randomBytes(32);
    this.#hmacKey = options.hmacKey ?? options.randomBytes(32);
  }

  get running(): number {
    return this.#turns.running;
  }

  waiting(urgency: Urgency): number {
    return this.#turns.waiting(urgency);
  }

  async consult(question: Question): Promise<Consultation | null> {
    if (question.signal.aborted) return null;
    const { judge, input, exchangeId } = question;
    if (judge.model === null) return notAsked({ state: 'rules_only', reason: 'model_not_configured' });
    const { draw = drawOf } = this.#options;
    const { probability, asked } = sample(question.sampling, input.rule_hits.length > 0, draw(exchangeId));
    const consultation = asked ? await this.#answer(question, judge.model) : notAsked({ state: 'sampled_out' });
    return consultation === null ? null : { ...consultation, samplingProbability: probability };
  }

  async #answer(question: Question, model: JudgeModel): Promise<Consultation | null> {
    const { judge, urgency, signal } = question;
    const until = urgency === 'inline' ? this.#options.clock.monotonic() + judge.timeoutMs : null;
    const recall = this.#recall(question);
    if (recall === null) return this.#inTurn(question, model, until).then((asked) => withState(asked, question));
    // A client that waits goes before a job, so it waits for none.
    const key = `${urgency} ${recall.key}`;
    let said = recall.get();
    const first = said === null ? this.#inFlight.join(key, signal, this.#left(until)) : null;
    if (first !== null) {
      const wait = await first;
      if (wait === 'aborted') return null;
      if (wait === 'timeout') return notAsked({ state: 'timeout' });
      said = recall.get();
    }
    this.#options.metrics.judgeCache(said === null ? 'miss' : 'hit');
    if (said !== null) return fromCache(said);
    return this.#inFlight.lead(key, async () => {
      const consultation = withState(await this.#inTurn(question, model, until), question);
      if (consultation?.outcome.state === 'scored') {
        const { outcome, model: by, outputMode, escalatedFrom } = consultation;
        recall.set({ answer: outcome.answer, model: by, outputMode, escalatedFrom });
      }
      return consultation;
    });
  }

  /** Milliseconds, null when nobody waits. */
  #left(until: number | null): number | null {
    return until === null ? null : until - this.#options.clock.monotonic();
  }

  #recall(question: Question): Recall | null {
    const { name, cache: limits } = question.judge;
    if (limits.entries === 0) return null;
    let cache = this.#caches.get(name);
    if (cache === undefined) {
      cache = new VerdictCache(limits, this.#options.clock);
      this.#caches.set(name, cache);
    }
    return new Recall(cache, this.#secret, question);
  }

  /** @param until monotonic time at which a client stops waiting */
  async #inTurn(question: Question, model: JudgeModel, until: number | null): Promise<Consultation | null> {
    const spent = this.#spent(question);
    if (spent !== null) return spent;
    const { urgency, client, signal } = question;
    const turn = await this.#turns.take({ urgency, client, signal, waitMs: this.#left(until) });
    if (turn.kind === 'aborted') return null;
    if (turn.kind !== 'turn') return notAsked({ state: turn.kind });
    try {
      // The ones before it in the line may have spent the rest.
      return this.#spent(question) ?? (await this.#cascade(question, model, until));
    } finally {
      turn.release();
    }
  }

  async #cascade(question: Question, model: JudgeModel, until: number | null): Promise<Consultation | null> {
    const { smallModel, rubric } = question.judge;
    if (smallModel === null) return this.#call(question, 'large', model, until);
    const small = await this.#call(question, 'small', smallModel, until);
    if (small === null || !needsLarger(small.outcome, question.input.rule_hits, rubric)) return small;
    const large = this.#spent(question) ?? (await this.#call(question, 'large', model, until));
    return large === null ? null : joinCascade(small, smallModel.name, large, rubric);
  }

  /** Asked before each call: the ones before it may have spent the rest. */
  #spent({ judge, client }: Question): Consultation | null {
    const scope = this.#options.budgets.exhausted(judge.name, client);
    if (scope === null) return null;
    this.#options.metrics.judgeBudget(scope);
    return notAsked({ state: 'budget_exhausted' });
  }

  async #call(
    question: Question,
    role: ModelRole,
    model: JudgeModel,
    until: number | null,
  ): Promise<Consultation | null> {
    const { randomBytes, prices, budgets, metrics } = this.#options;
    const { judge, input, document, signal } = question;
    const left = this.#left(until);
    if (left !== null && left <= 0) return notAsked({ state: 'timeout' });
    const withinMs = left === null ? null : role === 'small' ? left * SMALL_SHARE : left;
    const limit = withinMs === null ? {} : { withinMs };
    const asked = await askModel({ judge, model, input, document, randomBytes, signal, ...limit });
    if (asked === null) {
      // Nobody waits for it any more, and it is paid for all the same: leaving must not be a way round a budget.
      budgets.charge(judge.name, question.client, estimate(document, model.name, prices));
      return null;
    }
    const consultation = fromAnswer(this.#cleaned(asked, question), model.name, prices);
    const { tokens, costUsd: usd } = consultation;
    metrics.judgeCall({ route: question.route, role, state: asked.outcome.state, ms: asked.latencyMs, tokens, usd });
    const spent = tokens === null ? null : { tokens: tokens.in + tokens.out, usd: usd ?? 0 };
    const paid = wasPaid(asked) ? estimate(document, model.name, prices) : NOTHING;
    budgets.charge(judge.name, question.client, spent ?? paid);
    return consultation;
  }

  /** Before it is cached, decided on or kept. */
  #cleaned(asked: Asked, { judge, exchangeId, asItCame = false }: Question): Asked {
    const { outcome } = asked;
    if (asItCame || outcome.answer === undefined) return asked;
    const { clock } = this.#options;
    const answer = cleanAnswer(outcome.answer, {
      ...{ rules: judge.rules, detector: judge.detector },
      token: redactionTokens(this.#hmacKey, exchangeId),
      now: () => clock.monotonic(),
    });
    return { ...asked, outcome: { ...outcome, answer } };
  }
}

function fromCache({ answer, ...how }: Said): Consultation {
  return { ...notAsked({ state: 'scored', answer }), ...how, nonceOk: true, cacheHit: true };
}

/** A score of something that the judge did not see in whole says so. */
function withState(consultation: Consultation | null, { input }: Question): Consultation | null {
  if (consultation?.outcome.state !== 'scored') return consultation;
  return { ...consultation, outcome: { ...consultation.outcome, state: scoredState(input.coverage) } };
}

function fromAnswer(asked: Asked, configured: string, prices: Prices): Consultation {
  const { outcome, model, outputMode, nonceOk, usage, latencyMs, error, again } = asked;
  const cost = (name: string | null) =>
    usage === null ? null : costUsd(prices, name, usage.in, usage.out, usage.cached);
  return {
    ...notAsked(outcome),
    ...{ model, outputMode, nonceOk, latencyMs, error, again },
    tokens: usage === null ? null : { in: usage.in, out: usage.out },
    costUsd: cost(model) ?? cost(configured),
  };
}

const NOTHING: Spent = { tokens: 0, usd: 0 };

/** Of a call without a count of tokens: one that was answered, or ran until its timeout. */
function wasPaid({ outcome }: Asked): boolean {
  return outcome.state !== 'provider_error' && outcome.state !== 'circuit_open';
}

/**
 * For the budget alone, where nobody tells the tokens: else it would never be spent there. The question at four
 * characters a token. What the ledger keeps stays null, so a restart forgets it.
 */
function estimate(document: string, model: string, prices: Prices): Spent {
  const tokens = Math.ceil(document.length / 4);
  return { tokens, usd: costUsd(prices, model, tokens, 0, 0) ?? 0 };
}
