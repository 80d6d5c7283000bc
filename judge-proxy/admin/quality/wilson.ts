/** The interval of a share that was counted. */

/** Quantile of the standard normal distribution at 97.5 %: 95 % lie between minus and plus this. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Score interval of a binomial share at 95 % (Wilson, JASA 22:209, 1927; method 3 of Newcombe, Statistics in Medicine
 * 17:857, 1998): with z = 1.96,
 *
 *     (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)
 *
 * Unlike p ± z·√(p(1−p)/n) it stays within 0 and 1 and keeps its promise for few cases and for shares near the ends.
 * @param share 0 to 1
 * @param n of how many; need not be whole: an effective number of a weighted sample
 * @returns null without any case
 */
export function wilson(share: number, n: number): Interval | null {
  if (!(n > 0)) return null;
  const scale = 1 + Z ** 2 / n;
  const centre = share + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  // Rounding may leave the range, or the share itself where it is 0 or 1, by a last digit.
  const low = Math.max(0, Math.min(share, (centre - half) / scale));
  const high = Math.min(1, Math.max(share, (centre + half) / scale));
  return { low, high };
}
