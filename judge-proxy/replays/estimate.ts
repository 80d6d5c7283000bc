/** What a replay will cost, before anything is asked. */

import type { Judge } from '../judge/judges.ts';
import { costUsd, type Prices } from '../judge/prices.ts';
import { buildPrompt } from '../judge/prompt.ts';
import type { Verdict } from '../ledger/records.ts';

/** As everywhere in judging (judge/consultant.ts). */
const CHARACTERS_A_TOKEN = 4;
/** Where no recorded verdict tells: evidence, a sentence or two, score and label, for each criterion. A guess. */
const TOKENS_A_CRITERION = 100;

export interface ModelEstimate {
  readonly name: string;
  readonly tokens: { readonly in: number; readonly out: number };
  /** US dollars, null when the price is not known. */
  readonly usd: number | null;
}

export interface Estimate {
  /** Exchanges that fit. */
  readonly exchanges: number;
  /** Of them: a model is asked. The others are in the file already, need no model, or cannot be judged. */
  readonly to_ask: number;
  readonly in_file: number;
  readonly no_model: number;
  readonly unusable: number;
  /** The small model first when there is one: the other is asked about some of them only, here it is counted for all. */
  readonly models: readonly ModelEstimate[];
  /** From the first model alone to all of them; null when a price is not known. */
  readonly usd: { readonly least: number; readonly most: number } | null;
  /** Length of the answers: as those that the ledger has, or guessed. */
  readonly answers: 'recorded' | 'guessed';
}

export class Estimator {
  readonly #judge: Judge;
  readonly #prices: Prices;
  readonly #frame: number;
  readonly #counts = { exchanges: 0, to_ask: 0, in_file: 0, no_model: 0, unusable: 0 };
  #characters = 0;
  readonly #answers = { count: 0, tokens: 0 };

  constructor(judge: Judge, prices: Prices) {
    const { system, user } = buildPrompt('', judge.rubric, () => '0'.repeat(32));
    this.#judge = judge;
    this.#prices = prices;
    this.#frame = system.length + user.length;
  }

  add(what: 'in_file' | 'no_model' | 'unusable'): void {
    this.#counts.exchanges += 1;
    this.#counts[what] += 1;
  }

  /** @param document that a model is to be asked about */
  addQuestion(document: string, before: Verdict | null): void {
    this.#counts.exchanges += 1;
    this.#counts.to_ask += 1;
    this.#characters += this.#frame + document.length;
    // Those of several questions together would be too long.
    if (before === null || before.judge_tokens === null || before.windows > 0 || before.judge?.escalated_from != null)
      return;
    this.#answers.count += 1;
    this.#answers.tokens += before.judge_tokens.out;
  }

  estimate(): Estimate {
    const { model, smallModel } = this.#judge;
    const names = [smallModel, model].flatMap((one) => (one === null ? [] : [one.name]));
    const models = this.#counts.to_ask === 0 ? [] : names.map((name) => this.#modelEstimate(name));
    const [first] = models;
    const known = models.every(({ usd }) => usd !== null);
    const most = models.reduce((sum, { usd }) => sum + (usd ?? 0), 0);
    return {
      ...this.#counts,
      models,
      usd: known ? { least: first?.usd ?? 0, most } : null,
      answers: this.#answers.count > 0 ? 'recorded' : 'guessed',
    };
  }

  #modelEstimate(name: string): ModelEstimate {
    const { count, tokens: recorded } = this.#answers;
    const answer = count > 0 ? recorded / count : TOKENS_A_CRITERION * (this.#judge.rubric.criteria.length + 1);
    const tokens = {
      in: Math.ceil(this.#characters / CHARACTERS_A_TOKEN),
      out: Math.ceil(answer * this.#counts.to_ask),
    };
    return { name, tokens, usd: costUsd(this.#prices, name, tokens.in, tokens.out, 0) };
  }
}
