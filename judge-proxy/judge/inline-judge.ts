/**
 * Judges one exchange while its client waits: rules first, then the model, about the request, about windows of a stream
 * or about the whole pair. What the questions said is kept, so that the verdict at the end is the worst of all.
 */

import type { Coverage, ExchangeOpened, RuleHit } from '../ledger/records.ts';
import { type Consultant, type Consultation, notAsked } from './consult.ts';
import { decide, type ModelOutcome } from './decide.ts';
import type { JudgeInput } from './input.ts';
import type { Judge } from './judges.ts';
import { mergeConsultations } from './merge-consultations.ts';
import { outcomeWithoutModel } from './without-model.ts';

/** Why the judge stops an exchange: a violation, or that there is no verdict and the route lets nothing pass without. */
export type StopCode = 'blocked_by_judge' | 'judge_unavailable';

export interface InlineJudgeOptions {
  readonly consultant: Consultant;
  /** null when the config has none of the route's name. */
  readonly judge: Judge | null;
  readonly opened: Pick<ExchangeOpened, 'exchange_id' | 'client' | 'route'>;
  readonly sampling: number;
  /** The text may be shown to no model. */
  readonly metadataOnly?: boolean;
  /** The text is kept as it came. */
  readonly asItCame?: boolean;
  /** In force for what is judged (`policy/failure-policy.ts`). */
  readonly onFailure: 'allow' | 'block' | 'review';
}

/** What is judged at one time. */
export interface Matter {
  /** null when nothing could be read. */
  readonly input: JudgeInput | null;
  /** Canonical JSON of `input`. */
  readonly document: string | null;
}

export interface Judgement {
  /** null: it may go on. */
  readonly stop: StopCode | null;
  /** A model was to answer; false where rules alone had the word. */
  readonly asked: boolean;
}

/** What nobody could read. */
export const UNREAD: Matter = { input: null, document: null };

const NOTHING_READ: Coverage = { level: 'none', reasons: ['analysis_failed'] };

export class InlineJudge {
  readonly #options: InlineJudgeOptions;
  readonly #abort = new AbortController();
  readonly #answers: Consultation[] = [];

  constructor(options: InlineJudgeOptions) {
    this.#options = options;
  }

  get onFailure(): InlineJudgeOptions['onFailure'] {
    return this.#options.onFailure;
  }

  get judge(): Judge | null {
    return this.#options.judge;
  }

  /** False when rules alone judge: there is no model to wait for. */
  get asksModel(): boolean {
    return this.#options.metadataOnly !== true && (this.#options.judge?.model ?? null) !== null;
  }

  /** Questions that were answered, of whatever outcome. */
  get answered(): number {
    return this.#answers.length;
  }

  /** Nobody waits any more. */
  get closed(): boolean {
    return this.#abort.signal.aborted;
  }

  /**
   * Judges one matter and keeps what was said.
   * @param readElsewhere what is cut out of this one was judged in windows: its being cut is no failure then, and
   *   coverage says it all the same
   * @param rulesMissed something was there that not even rules have read: where they alone judge, nobody has
   * @returns `aborted` when `close` ended it
   */
  async judgeMatter(
    matter: Matter,
    { readElsewhere = false, rulesMissed = false } = {},
  ): Promise<Judgement | 'aborted'> {
    // Where a rule decides, what models said of windows before is all that they are asked.
    const byRules = this.stopByRules(matter.input?.rule_hits ?? []);
    if (this.#answers.length > 0 && byRules !== null) return { stop: byRules, asked: false };
    const answer = await this.#consult(matter);
    if (answer === null || this.closed) return 'aborted';
    // Windows that were not drawn, or could not be afforded, were judged by rules alone.
    const judgedElsewhere = readElsewhere && this.#answers.every(({ outcome }) => wasAsked(outcome));
    const consultation = judgedElsewhere ? { ...answer, outcome: asScored(answer.outcome) } : answer;
    this.#answers.push(consultation);
    const asked = wasAsked(consultation.outcome);
    const unread = !asked && rulesMissed && !readElsewhere && this.onFailure === 'block' ? 'judge_unavailable' : null;
    return { stop: this.#stopOf(consultation.outcome, matter) ?? unread, asked };
  }

  /** What rules alone say, at once. */
  stopByRules(hits: readonly RuleHit[]): StopCode | null {
    return stopsByRule(hits) ? 'blocked_by_judge' : null;
  }

  /** All answers as one: of each criterion the highest score, costs added. One that says `stopped` when none was given. */
  together(): Consultation {
    return mergeConsultations(this.#answers) ?? notAsked({ state: 'rules_only', reason: 'stopped' });
  }

  /** Ends questions that are open. May be called again. */
  close(): void {
    this.#abort.abort();
  }

  async #consult({ input, document }: Matter): Promise<Consultation | null> {
    const { judge, consultant, opened, sampling, asItCame = false } = this.#options;
    if (stopsByRule(input?.rule_hits ?? [])) return notAsked({ state: 'rules_only', reason: 'stopped' });
    const known = outcomeWithoutModel('complete', input?.coverage ?? null, judge);
    if (known !== null) return notAsked(known);
    if (this.closed || judge === null || input === null || document === null) return null;
    const { exchange_id: exchangeId, client, route } = opened;
    const { signal } = this.#abort;
    return consultant.consult({
      exchangeId,
      judge,
      input,
      document,
      client,
      route,
      sampling,
      asItCame,
      urgency: 'inline',
      signal,
    });
  }

  #stopOf(outcome: ModelOutcome, { input }: Matter): StopCode | null {
    const { judge, onFailure } = this.#options;
    const { stop, overall } = decide({
      ...{ outcome, onFailure },
      hits: input?.rule_hits ?? [],
      coverage: input?.coverage ?? NOTHING_READ,
      rubric: judge?.rubric ?? null,
      enforcement: 'before_first_byte',
    });
    if (!stop) return null;
    return overall.label === 'violation' ? 'blocked_by_judge' : 'judge_unavailable';
  }
}

/** A rule alone decides: what it finds grave is a violation whatever a model says, so none has to be asked. */
function stopsByRule(hits: readonly RuleHit[]): boolean {
  return hits.some(({ severity }) => severity === 'high' || severity === 'critical');
}

function wasAsked({ state }: ModelOutcome): boolean {
  switch (state) {
    case 'rules_only':
    case 'sampled_out':
    case 'budget_exhausted':
    case 'unparseable':
    case 'interrupted':
      return false;
    default:
      return true;
  }
}

function asScored(outcome: ModelOutcome): ModelOutcome {
  return outcome.state === 'truncated_input' ? { ...outcome, state: 'scored' } : outcome;
}
