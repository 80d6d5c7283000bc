/** Counts of right and wrong answers for one yes-or-no question, and the figures that follow from them. */

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

/**
 * Cohen's κ (Educational and Psychological Measurement 20:37, 1960) between label and answer: agreement beyond what two
 * raters with these rates would reach by chance. Null when chance alone would give full agreement.
 */
export function kappa({ tp, fp, fn, tn }: Confusion): number | null {
  const n = tp + fp + fn + tn;
  if (n === 0) return null;
  const chance = ((tp + fn) * (tp + fp) + (fp + tn) * (fn + tn)) / (n * n);
  return chance === 1 ? null : ((tp + tn) / n - chance) / (1 - chance);
}

/** Prevalence- and bias-adjusted κ (Byrt, Bishop, Carlin 1993): twice the observed agreement, less one. */
export function pabak({ tp, fp, fn, tn }: Confusion): number | null {
  const agreement = ratio(tp + tn, tp + fp + fn + tn);
  return agreement === null ? null : 2 * agreement - 1;
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
