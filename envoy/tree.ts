/** Reading a configuration whose shape is not known to be right. */

export type Path = readonly (string | number)[];

/** The value at a path, undefined where the path ends early. */
export function at(value: unknown, ...path: Path): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string | number, unknown>)[key];
  }
  return here;
}

/** The value as a list: itself, or nothing. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isTrue(value: unknown): boolean {
  return value === true;
}

/** Every key below a value with what it holds, depth first. */
export function* entries(value: unknown): Generator<readonly [string, unknown]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) yield [key, inner];
    yield* entries(inner);
  }
}

/** Every value of one key, wherever it stands. */
export function everywhere(value: unknown, key: string): unknown[] {
  return [...entries(value)].filter(([name]) => name === key).map(([, inner]) => inner);
}

/** `30s`, `0.25s` → seconds; NaN for anything else. */
export function seconds(value: unknown): number {
  return typeof value === 'string' && /^\d+(\.\d+)?s$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
}
