/** Quantiles of a list of numbers. */

/**
 * By linear interpolation between the two nearest values (type 7 of Hyndman and Fan, The American Statistician 50:361).
 * @param q 0 to 1
 * @returns null for an empty list
 */
export function quantile(values: readonly number[], q: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  const high = sorted[Math.ceil(at)];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}
