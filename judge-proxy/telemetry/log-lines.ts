/** From the caller's fields to one safe line. */

import type { LogFields } from './log.ts';

/** The allow-list at run time: a field that is not here is not written, whatever the types of the caller said. */
const FIELDS: ReadonlySet<string> = new Set<keyof LogFields>([
  'request_id',
  'exchange_id',
  'verdict_id',
  'connection_id',
  'client',
  'route',
  'host',
  'port',
  'action',
  'mode',
  'api',
  'judge',
  'sink',
  'code',
  'reason',
  'status',
  'outcome',
  'state',
  'coverage',
  'bytes_up',
  'bytes_down',
  'duration_ms',
  'count',
  'attempt',
  'signal',
  'file',
  'address',
  'version',
  'expires',
  'cause',
  'size',
  'head',
  'previous',
  'ledger_id',
  'key_id',
  'signature',
  'ts',
]);

/** Longer than any name, id or path of ours; a bound for what slipped through. */
const MAX_TEXT = 512;

/** The fields that may be written: listed, and text or number. */
export function pickFields(fields: LogFields): Record<string, string | number> {
  const picked: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (!FIELDS.has(name)) continue;
    if (typeof value === 'number') picked[name] = value;
    else if (typeof value === 'string') picked[name] = value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
  }
  return picked;
}

/**
 * The line of a verdict, in the form of pino's lines: level, time, the listed fields, event. There is one for each
 * exchange, so it is written in one go (measured: 6 µs a line, 14 by pino and a copy).
 */
export function verdictLine(
  verdict: Readonly<Record<string, unknown>>,
  listed: ReadonlySet<string>,
  time: string,
): string {
  const fields = JSON.stringify(onlyListed(verdict, listed));
  return `{"level":"info","time":"${time}",${fields === '{}' ? '' : `${fields.slice(1, -1)},`}"event":"verdict"}\n`;
}

function onlyListed(
  verdict: Readonly<Record<string, unknown>>,
  listed: ReadonlySet<string>,
): Readonly<Record<string, unknown>> {
  const names = Object.keys(verdict);
  if (names.every((name) => listed.has(name))) return verdict;
  return Object.fromEntries(names.filter((name) => listed.has(name)).map((name) => [name, verdict[name]]));
}

/**
 * Characters that JSON leaves as they are and that readers take for line breaks or that steer a terminal: DEL, the C1
 * controls (NEL, CSI), the line and paragraph separators, and the marks that turn the direction of text.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Writes such characters as JSON escapes. They can only stand inside the strings of a JSON line, so its value stays the
 * same.
 */
export function escapeLine(line: string): string {
  return line.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
