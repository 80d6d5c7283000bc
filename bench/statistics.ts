/** Medians and quartiles: the figures of a round are never averaged. */

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** `median [q1–q3]` with the given number of decimals. */
export function spread(values: readonly number[], decimals = 0): string {
  const f = (value: number) => value.toFixed(decimals);
  return `${f(median(values))} [${f(quantile(values, 0.25))}–${f(quantile(values, 0.75))}]`;
}

/** A copy in random order: arms are interleaved anew in every round. */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    const a = copy[i] as T;
    copy[i] = copy[j] as T;
    copy[j] = a;
  }
  return copy;
}
