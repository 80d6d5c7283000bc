/** A consultant whose answers a test decides: the model is the one thing that cannot be had here. */

import type { Consultant, Consultation, Question } from '../../judge/consult.ts';
import { notAsked } from '../../judge/consult.ts';
import type { ModelOutcome } from '../../judge/decide.ts';
import { goodAnswer } from '../../judge/testing/judgements.ts';

/** The word that the model takes for a violation. */
export const FORBIDDEN = 'FORBIDDEN';

export class ScriptedConsultant implements Consultant {
  readonly questions: Question[] = [];
  /** Of the questions, those that were given up. */
  aborted = 0;
  /** By default a violation is what holds the word. */
  answer: (question: Question) => ModelOutcome | Promise<ModelOutcome> = byWord;
  #waiting: (() => void)[] = [];

  async consult(question: Question): Promise<Consultation | null> {
    this.questions.push(question);
    for (const resolve of this.#waiting.splice(0)) resolve();
    const aborted = new Promise<null>((resolve) => {
      question.signal.addEventListener('abort', () => resolve(null), { once: true });
    });
    const outcome = await Promise.race([this.answer(question), aborted]);
    if (outcome === null) {
      this.aborted += 1;
      return null;
    }
    return { ...notAsked(outcome), model: 'test-judge', tokens: { in: 10, out: 1 }, costUsd: 0.5, latencyMs: 7 };
  }

  /** Resolves when so many questions were asked. */
  async asked(count: number): Promise<void> {
    while (this.questions.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** What the parts of a response say in a question. */
export function responseText({ input }: Question): string {
  return input.transcript.parts
    .filter(({ side }) => side === 'response')
    .map(({ text }) => text)
    .join('\n');
}

export function byWord(question: Question): ModelOutcome {
  const found = question.input.transcript.parts.find(({ text }) => text.includes(FORBIDDEN));
  return found === undefined ? clean() : violation(found.place);
}

export function clean(): ModelOutcome {
  return { state: 'scored', answer: goodAnswer() };
}

export function violation(place: string): ModelOutcome {
  const [leak, ...rest] = goodAnswer().criteria;
  if (leak === undefined) throw new Error('the rubric of tests has criteria');
  const found = { ...leak, score: 3, label: 'severe', evidence: [{ place, quote: FORBIDDEN }] };
  return { state: 'scored', answer: goodAnswer({ criteria: [found, ...rest] }) };
}
