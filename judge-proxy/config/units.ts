/** Durations and sizes with their units, as config writes them: `30s`, `15m`, `64KiB`. */

import { z } from 'zod';

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** `90s` → 90000. Undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  return scaled(text, MS);
}

/** `64KiB` → 65536. Undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  return scaled(text, BYTES);
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const factor = match?.[2] === undefined || !Object.hasOwn(units, match[2]) ? undefined : units[match[2]];
  if (match === null || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A config value with a unit of time; milliseconds after parsing. */
export function duration(byDefault: string) {
  return withUnit(parseDuration, 'a duration with a unit: ms, s, m, h or d', byDefault);
}

/** A config value with a unit of size; bytes after parsing. */
export function size(byDefault: string) {
  return withUnit(parseSize, 'a size with a unit: B, KB, MB, GB, KiB, MiB or GiB', byDefault);
}

function withUnit(parse: (text: string) => number | undefined, expected: string, byDefault: string) {
  return z
    .string()
    .transform((text, context) => {
      const value = parse(text);
      if (value === undefined || value <= 0) {
        context.addIssue({ code: 'custom', message: `expected ${expected}` });
        return z.NEVER;
      }
      return value;
    })
    .prefault(byDefault);
}
