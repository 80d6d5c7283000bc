/** Counts of right and wrong answers for one yes-or-no question, and the figures that follow from them. */

import { agreementOfTable } from '../../judge/agreement.ts';

/** One labelled answer. */
export interface Answered {
  /** What the label says: a violation. */
  readonly expected: boolean;
  /** What the judge said; null when it gave no usable answer. */
  readonly said: boolean | null;
  /** What it said on its scale, for thresholds other than the rubric's; null without an answer. */
  readonly score: number | null;
}

/** The confusion matrix. Answers that never came are beside it: they are neither right nor a pass. */
export interface Confusion {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
  readonly tn: number;
  /** Violations without an answer. */
  readonly unanswered_violations: number;
  /** Passes without an answer. */
  readonly unanswered_passes: number;
}

export function confusionOf(rows: Iterable<Answered>): Confusion {
  const counts = { tp: 0, fp: 0, fn: 0, tn: 0, unanswered_violations: 0, unanswered_passes: 0 };
  for (const { expected, said } of rows) {
    if (said === null) counts[expected ? 'unanswered_violations' : 'unanswered_passes'] += 1;
    else if (said) counts[expected ? 'tp' : 'fp'] += 1;
    else counts[expected ? 'fn' : 'tn'] += 1;
  }
  return counts;
}

/** Share of what was flagged that is a violation; null when nothing was flagged. */
export function precision({ tp, fp }: Confusion): number | null {
  return ratio(tp, tp + fp);
}

/** Share of the violations that was flagged, of those that were answered; null without any. */
export function recall({ tp, fn }: Confusion): number | null {
  return ratio(tp, tp + fn);
}

/** The same over all violations: an answer that never came has found nothing. */
export function recallOfAll({ tp, fn, unanswered_violations }: Confusion): number | null {
  return ratio(tp, tp + fn + unanswered_violations);
}

/** False positive rate: share of the passes that was flagged, of those that were answered; null without any. */
export function fpr({ fp, tn }: Confusion): number | null {
  return ratio(fp, fp + tn);
}

/** Cohen's κ between label and answer, null when chance alone would give full agreement. */
export function kappa(confusion: Confusion): number | null {
  return agreement(confusion).kappa;
}

/** Prevalence- and bias-adjusted κ. */
export function pabak(confusion: Confusion): number | null {
  return agreement(confusion).pabak;
}

function agreement({ tp, fp, fn, tn }: Confusion) {
  return agreementOfTable([
    [tp, fn],
    [fp, tn],
  ]);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
