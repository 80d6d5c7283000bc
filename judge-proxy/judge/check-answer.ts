/**
 * The checks of a judge's answer, in this order: parse → schema → nonce → criteria asked are criteria answered → range
 * and label → every quote stands in what the judge saw. An answer that fails one is no answer.
 */

import type { Evidence } from '../ledger/records.ts';
import { type Answer, answerSchema } from './answer-schema.ts';
import { extractAnswer } from './extract-answer.ts';
import type { JudgeInput } from './input.ts';
import { type Rubric, SCALES } from './rubric.ts';
import { cleanText } from './rules/clean-text.ts';

export type AnswerCheck =
  | { readonly ok: true; readonly answer: Answer }
  | {
      readonly ok: false;
      readonly state: 'invalid_output' | 'nonce_mismatch' | 'quote_mismatch';
      /** null when the answer was not read as far as the nonce. */
      readonly nonceOk: boolean | null;
    };

const UNREADABLE = { ok: false, state: 'invalid_output', nonceOk: null } as const;
const WRONG_NONCE = { ok: false, state: 'nonce_mismatch', nonceOk: false } as const;
const WRONG_CRITERIA = { ok: false, state: 'invalid_output', nonceOk: true } as const;
const WRONG_QUOTE = { ok: false, state: 'quote_mismatch', nonceOk: true } as const;

/**
 * @param text the model's answer as it came
 * @param input what the judge saw
 * @returns the answer with its evidence at the places where the quotes really stand
 */
export function checkAnswer(text: string, nonce: string, rubric: Rubric, input: JudgeInput): AnswerCheck {
  const answer = extractAnswer(text, readAnswer);
  if (answer === null) return UNREADABLE;
  if (answer.nonce !== nonce) return WRONG_NONCE;
  if (!answersTheRubric(answer, rubric)) return WRONG_CRITERIA;
  const quotes = new QuoteIndex(input);
  const criteria = [];
  for (const item of answer.criteria) {
    const evidence = quotes.locateAll(item.evidence);
    if (evidence === null) return WRONG_QUOTE;
    criteria.push({ ...item, evidence });
  }
  const manipulation = quotes.locateAll(answer.judge_manipulation.evidence);
  if (manipulation === null) return WRONG_QUOTE;
  return {
    ok: true,
    answer: { ...answer, criteria, judge_manipulation: { ...answer.judge_manipulation, evidence: manipulation } },
  };
}

function readAnswer(value: unknown): Answer | null {
  const result = answerSchema.safeParse(value);
  return result.success ? result.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Same criteria in the same order; scores of the scale with their label; no score above the lowest without evidence. */
function answersTheRubric(answer: Answer, rubric: Rubric): boolean {
  if (answer.criteria.length !== rubric.criteria.length) return false;
  if (answer.judge_manipulation.present && answer.judge_manipulation.evidence.length === 0) return false;
  return rubric.criteria.every((criterion, index) => {
    const item = answer.criteria[index];
    if (item === undefined || item.id !== criterion.id) return false;
    const label: string | undefined = SCALES[criterion.scale][item.score];
    return label !== undefined && label === item.label && (item.score === 0 || item.evidence.length > 0);
  });
}

/** The texts that the judge saw, normalised once: models straighten quotes, spaces and compatibility forms. */
class QuoteIndex {
  readonly #texts: { readonly place: string; readonly text: string }[];

  constructor(input: JudgeInput) {
    this.#texts = [
      // What stands in this exchange and in an earlier one is quoted from this one.
      ...[...input.transcript.parts, ...(input.context?.parts ?? [])].flatMap((part) => [
        { place: part.place, text: normalise(part.text) },
        ...(part.name === undefined ? [] : [{ place: part.place, text: normalise(part.name) }]),
      ]),
      ...(input.decoded ?? []).map(({ place, text }) => ({ place, text: normalise(text) })),
      ...input.rule_hits.map((hit) => ({ place: hit.place, text: normalise(hit.preview) })),
    ];
  }

  /** Null when a quote stands nowhere. A quote at another place than named gets the place where it stands. */
  locateAll(evidence: readonly Evidence[]): Evidence[] | null {
    const located: Evidence[] = [];
    for (const item of evidence) {
      // The judge reads the texts JSON-encoded, and some models copy the escapes with them.
      const place = this.#locate(item.place, item.quote) ?? this.#locate(item.place, unescaped(item.quote));
      if (place === null) return null;
      located.push({ place, quote: item.quote });
    }
    return located;
  }

  #locate(named: string, quoted: string): string | null {
    const quote = normalise(quoted);
    if (quote === '') return null;
    const found =
      this.#texts.find(({ place, text }) => place === named && text.includes(quote)) ??
      this.#texts.find(({ text }) => text.includes(quote));
    return found?.place ?? null;
  }
}

function unescaped(quote: string): string {
  const value = quote.includes('\\') ? parseJson(`"${quote}"`) : '';
  return typeof value === 'string' ? value : '';
}

function normalise(text: string): string {
  return cleanText(text)
    .text.replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/\s+/g, ' ')
    .trim();
}
