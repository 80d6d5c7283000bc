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

/** 90000 → `90s`: the largest unit that divides it. */
export function formatDuration(milliseconds: number): string {
  return shortest(milliseconds, MS, ['d', 'h', 'm', 's'], 'ms');
}

/** 65536 → `64KiB`. */
export function formatSize(bytes: number): string {
  return shortest(bytes, BYTES, ['GiB', 'MiB', 'KiB', 'GB', 'MB', 'KB'], 'B');
}

function shortest(
  value: number,
  units: Readonly<Record<string, number>>,
  order: readonly string[],
  base: string,
): string {
  const unit = order.find((name) => value % (units[name] ?? 1) === 0) ?? base;
  return `${value / (units[unit] ?? 1)}${unit}`;
}

/** A config value with a unit of time; milliseconds after parsing. */
export function duration(byDefault: string) {
  return withUnit(parseDuration, DURATION, byDefault).meta({ unit: 'duration' });
}

/** A config value with a unit of size; bytes after parsing. */
export function size(byDefault: string) {
  return withUnit(parseSize, 'a size with a unit: B, KB, MB, GB, KiB, MiB or GiB', byDefault).meta({ unit: 'size' });
}

/** The same for a key that is off unless it is set. */
export function optionalDuration() {
  return parsed(parseDuration, DURATION).meta({ unit: 'duration' }).optional();
}

const DURATION = 'a duration with a unit: ms, s, m, h or d';

function withUnit(parse: (text: string) => number | undefined, expected: string, byDefault: string) {
  return parsed(parse, expected).prefault(byDefault);
}

function parsed(parse: (text: string) => number | undefined, expected: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value === undefined || value <= 0) {
      context.addIssue({ code: 'custom', message: `expected ${expected}` });
      return z.NEVER;
    }
    return value;
  });
}
