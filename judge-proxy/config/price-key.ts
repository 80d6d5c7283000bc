/** Which line of the price table is for a model. */

/**
 * @param prices by exact model name, or by a prefix of it ended by `*`; exact names win, then the longest prefix
 * @returns the key, null when no line is for this model
 */
export function priceKey(prices: Readonly<Record<string, unknown>>, model: string): string | null {
  if (!model.endsWith('*') && Object.hasOwn(prices, model)) return model;
  const prefix = Object.keys(prices)
    .filter((key) => key.endsWith('*') && model.startsWith(key.slice(0, -1)))
    .toSorted((a, b) => b.length - a.length)[0];
  return prefix ?? null;
}
