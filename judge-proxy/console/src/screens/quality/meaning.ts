/** What the numbers of the quality page say, in a sentence each, and when they are too few to say anything. */

import type { Agreement, Quality, Rate } from '../../../../contract/responses.ts';
import { counted } from '../../shared/format.ts';

/** How much weight a figure bears. `none`: it is not shown as a figure at all. */
export type Weight = 'none' | 'rough' | 'fair';

export interface Meaning {
  readonly weight: Weight;
  readonly sentence: string;
}

/** Below so many cases a share is an anecdote: the 95 % Wilson interval of 5 of 10 reaches from 24 to 76 %. */
export const FEWEST = 10;
/** An interval wider than this says little more than "some". */
const WIDEST = 0.2;
/** κ of fewer pairs has a standard error above 0.14 even at its best (Fleiss, Cohen and Everitt 1969, n = 50). */
export const FEWEST_PAIRS = 50;

export const percent = (value: number): string => `${(value * 100).toFixed(value > 0.995 && value < 1 ? 1 : 0)} %`;

export function precisionMeaning(rate: Rate): Meaning {
  if (rate.of === 0)
    return { weight: 'none', sentence: 'Nobody has labelled an exchange that the judge called a violation.' };
  return judged(rate, (value, range) => `When the judge says violation, people agree in ${value} of cases${range}.`);
}

export function recallMeaning(rate: Rate): Meaning {
  if (rate.of === 0)
    return {
      weight: 'none',
      sentence: 'No violation has been found in the control sample yet, so nobody can say what the judge misses.',
    };
  return judged(
    rate,
    (value, range) =>
      `Of the violations that people find in a random sample of everything, the judge has ${value}${range}.`,
  );
}

function judged(rate: Rate, say: (value: string, range: string) => string): Meaning {
  if (rate.value === null || rate.low === null || rate.high === null)
    return { weight: 'none', sentence: 'It is not defined here.' };
  const range = `; with 95 % confidence ${percent(rate.low)} to ${percent(rate.high)}`;
  if (rate.of < FEWEST)
    return { weight: 'none', sentence: `${rate.of} of the ${FEWEST} cases needed: too few to say anything.` };
  const sentence = say(percent(rate.value), range);
  if (rate.high - rate.low > WIDEST)
    return { weight: 'rough', sentence: `${sentence} The interval is wide: label more before deciding on it.` };
  return { weight: 'fair', sentence };
}

/** Words for κ after Landis and Koch (1977), which are a convention and no measure of harm. */
const WORDS = [
  [0.81, 'almost perfect'],
  [0.61, 'substantial'],
  [0.41, 'moderate'],
  [0.21, 'fair'],
  [0.01, 'slight'],
  [-1, 'no'],
] as const;

/** @param who the two sides, e.g. "Judge and people" */
export function kappaMeaning(agreement: Agreement, who: string): Meaning {
  if (agreement.pairs === 0) return { weight: 'none', sentence: `${who} have judged no exchange in common.` };
  if (agreement.pairs < FEWEST)
    return { weight: 'none', sentence: `${agreement.pairs} of the ${FEWEST} pairs needed: too few to say anything.` };
  if (agreement.kappa === null)
    return { weight: 'none', sentence: 'κ is not defined: one side gave only one answer. Look at PABAK.' };
  const { kappa } = agreement;
  const word = WORDS.find(([least]) => kappa >= least)?.[1] ?? 'no';
  const sentence = `${who} show ${word} agreement beyond chance (κ ${kappa.toFixed(2)}, ${counted(agreement.pairs, 'pair')}).`;
  return agreement.pairs < FEWEST_PAIRS
    ? { weight: 'rough', sentence: `${sentence} Below ${FEWEST_PAIRS} pairs κ moves a lot.` }
    : { weight: 'fair', sentence };
}

/** κ falls when one answer is much more frequent, however well two agree: then PABAK says what κ hides. */
export function pabakMeaning({ kappa, pabak, agreement, pairs }: Agreement): string {
  if (pabak === null || agreement === null || pairs < FEWEST) return 'PABAK needs the same pairs as κ.';
  const plain = `They gave the same answer in ${percent(agreement)} of cases (PABAK ${pabak.toFixed(2)}).`;
  const apart = kappa !== null && pabak - kappa > 0.2;
  return apart ? `${plain} κ is far lower because one answer is rare: read both.` : plain;
}

/** Of a label that was seen before it was given; agreement that is not blind flatters the judge. */
export function blindMeaning(share: number | null): string {
  if (share === null) return 'No label has been given.';
  if (share >= 0.995) return 'All labels were given blind.';
  if (share < 0.005)
    return 'No label was given blind: agreement with the judge is flattered by having seen its answer.';
  return `${percent(share)} of labels were given blind; the others had the judge’s answer beside them.`;
}

export interface MatrixCell {
  readonly judge: Quality['confusion'][number]['judge'];
  readonly human: 'violation' | 'clean';
  readonly count: number;
  readonly weighted: number;
  /** Of all, by weight; 0 where there is nothing. */
  readonly share: number;
  /** `open`: the judge did not decide, which is neither. */
  readonly agrees: 'yes' | 'no' | 'open';
}

const JUDGE_ROWS = ['violation', 'clean', 'undetermined'] as const;
const HUMAN_COLUMNS = ['violation', 'clean'] as const;

/** Every cell of the matrix, also those that nothing fell into. */
export function matrix(confusion: Quality['confusion']): readonly (readonly MatrixCell[])[] {
  const all = confusion.reduce((sum, { weighted }) => sum + weighted, 0);
  return JUDGE_ROWS.map((judge) =>
    HUMAN_COLUMNS.map((human) => {
      const found = confusion.find((cell) => cell.judge === judge && cell.human === human);
      const { count, weighted } = found ?? { count: 0, weighted: 0 };
      const agrees = judge === 'undetermined' ? 'open' : judge === human ? 'yes' : 'no';
      return { judge, human, count, weighted, share: all === 0 ? 0 : weighted / all, agrees };
    }),
  );
}

export interface QualityPoint {
  readonly ts: string;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly kappa: number | null;
}

/** Points of the chart. What too few cases bear is left out rather than drawn as if it were known. */
export function points(overTime: Quality['over_time']): readonly QualityPoint[] {
  const shown = (rate: Rate) => (rate.of < FEWEST ? null : rate.value);
  return overTime.map(({ ts, precision, recall, kappa }) => ({
    ts,
    precision: shown(precision),
    recall: shown(recall),
    kappa,
  }));
}
