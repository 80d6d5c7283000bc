/** Who the exports say they are from, and values of records in the units of others. */

export const PRODUCER = { name: 'judge-proxy', vendor: 'judge-proxy' } as const;

/** Milliseconds since 1970 of an RFC 3339 time; 0 for what is none, which the ledger does not write. */
export function epochMs(ts: string): number {
  const ms = Date.parse(ts);
  return Number.isNaN(ms) ? 0 : ms;
}

/** A whole number for formats that know no others, undefined for what is none. */
export function whole(value: number | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** The same object without what is null or undefined: for formats whose fields are absent instead. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Present<T>;
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Who answers an API, by the name of its wire format: the value of `gen_ai.provider.name`. */
export function providerOf(api: string, host: string): string {
  const name = api.split('.')[0] ?? '';
  return name === 'openai' || name === 'anthropic' ? name : host;
}
