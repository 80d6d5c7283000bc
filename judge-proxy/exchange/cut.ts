/** Cutting texts without cutting characters. Lengths are UTF-16 code units. */

/** Whether a cut before `at` would separate a surrogate pair. */
export function splitsPair(text: string, at: number): boolean {
  return at > 0 && at < text.length && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** The first `limit` code units, one less where the cut would split a pair. */
export function head(text: string, limit: number): string {
  return text.slice(0, splitsPair(text, limit) ? limit - 1 : limit);
}

/** The last `limit` code units, one less where the cut would split a pair. */
export function tail(text: string, limit: number): string {
  const start = Math.max(0, text.length - limit);
  return text.slice(splitsPair(text, start) ? start + 1 : start);
}
