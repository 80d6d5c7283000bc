/** Values of OTLP/JSON (opentelemetry.io/docs/specs/otlp, JSON Protobuf encoding): 64-bit integers are strings. */

type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export type Attribute = string | number | boolean | readonly string[] | null | undefined;

/** Attributes without those that have no value, or an empty list of them; whole numbers are integers unless `doubles` names them. */
export function attributes(
  values: Readonly<Record<string, Attribute>>,
  doubles: ReadonlySet<string> = new Set(),
): KeyValue[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (value === null || value === undefined || (typeof value === 'object' && value.length === 0)) return [];
    return [{ key, value: anyValue(value, doubles.has(key)) }];
  });
}

function anyValue(value: NonNullable<Attribute>, double: boolean): AnyValue {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'number':
      return !double && Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } };
  }
}

/** A fixed64 ends in the year 2554. */
const MOST_NANO = 2n ** 64n - 1n;

/** Nanoseconds since 1970, as the text that JSON has for 64 bits; 0, which means unknown, where they do not fit. */
export function unixNano(ms: number): string {
  const nano = BigInt(Math.round(ms)) * 1_000_000n;
  return nano < 0n || nano > MOST_NANO ? '0' : nano.toString();
}
