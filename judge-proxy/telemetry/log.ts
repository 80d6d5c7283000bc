/**
 * Log lines with allow-listed fields (DESIGN decision 14): a field that is not named here cannot be written, whatever
 * a caller passes. Free text from traffic has no field; verdict lines carry it after redaction.
 */

import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { rfc3339 } from './clock.ts';
import { escapeLine, pickFields, verdictLine } from './log-lines.ts';

/** Fields that a log line may carry. Values are short words, names from the config, numbers and ids of ours. */
export interface LogFields {
  readonly request_id?: string;
  readonly exchange_id?: string;
  readonly verdict_id?: string;
  readonly connection_id?: string;
  readonly client?: string;
  readonly route?: string;
  readonly host?: string;
  readonly port?: number;
  readonly action?: string;
  readonly mode?: string;
  readonly api?: string;
  readonly judge?: string;
  /** Name of a sink, as configured. */
  readonly sink?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly status?: number;
  readonly outcome?: string;
  readonly state?: string;
  readonly coverage?: string;
  readonly bytes_up?: number;
  readonly bytes_down?: number;
  readonly duration_ms?: number;
  readonly count?: number;
  readonly attempt?: number;
  readonly signal?: string;
  readonly file?: string;
  readonly address?: string;
  readonly version?: string;
  readonly expires?: string;
  /** Of a checkpoint of the ledger: numbers and hashes. */
  readonly size?: number;
  readonly head?: string;
  readonly previous?: string;
  readonly ledger_id?: string;
  readonly key_id?: string;
  readonly signature?: string;
  readonly ts?: string;
  /** Error code of Node, OpenSSL or SQLite (`ECONNRESET`), never its message. */
  readonly cause?: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What happened, in snake_case: `listening`, `tunnel_closed`, `refused`, `verdict` … */
export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
  /** One verdict, whole: the one line that carries redacted text from traffic. */
  verdict(verdict: Readonly<Record<string, unknown>>): void;
  /** Writes what is buffered: before the process ends. */
  flush(): void;
}

export interface LogOptions {
  readonly level: LogLevel | 'silent';
  readonly format: 'json' | 'pretty';
  /** Keys of a verdict that may stand in its line; the ledger owns the list. */
  readonly verdictFields: readonly string[];
  /** Where lines go; standard output unless given. */
  readonly stream?: { write(line: string): unknown };
}

const RANK: Readonly<Record<LogLevel | 'silent', number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** Written at every level but `silent`: whoever ships the log to hold the ledger to it must not lose them to a level. */
const ALWAYS: ReadonlySet<string> = new Set(['checkpoint']);

/**
 * The log of the program. Verdicts are lines of level `info`.
 */
export function createLog(options: LogOptions): Log {
  const threshold = RANK[options.level];
  const verdictFields = new Set(options.verdictFields);
  const sink =
    options.stream === undefined ? standardOutput() : { write: options.stream.write.bind(options.stream), flush() {} };
  const format = formatter(options.format);
  const write = (line: string) => void sink.write(escapeLine(format(line)));
  const logger = createLogger(write);
  return {
    write(level, event, fields = {}) {
      // First of all: a line that is not written must cost nothing.
      if (RANK[level] < threshold && (threshold === RANK.silent || !ALWAYS.has(event))) return;
      logger[level](pickFields(fields), event);
    },
    verdict(verdict) {
      if (RANK.info < threshold) return;
      write(verdictLine(verdict, verdictFields, rfc3339(Date.now())));
    },
    flush: () => sink.flush(),
  };
}

function formatter(format: LogOptions['format']): (line: string) => string {
  if (format === 'json') return (line) => line;
  return prettyFactory({ messageKey: 'event', singleLine: true, colorize: false });
}

function createLogger(write: (line: string) => void): Logger {
  const settings = {
    // What is written is decided before it is asked.
    level: 'debug',
    base: null,
    messageKey: 'event',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, { write });
}

/**
 * Standard output, each line written before the call returns: nothing is lost at exit or by a kill, for about 7 µs a
 * line (measured, pipe). Writing in the background would need a flush at exit, and pino's flush never ends when the
 * reader of a pipe has gone (sonic-boom 4 retries EPIPE for ever). A reader that stalls makes us wait, as it does for
 * every program that writes to standard output; one that has gone is noticed, and lines are dropped from then on.
 */
function standardOutput() {
  const output = destination({ dest: 1, sync: true, maxLength: HELD_CHARACTERS });
  // A full disk behind standard output: without a listener each line would throw where it is written, in the middle of
  // an exchange. The lines are held and written when there is room again.
  output.on('error', () => undefined);
  // Nothing waits to be flushed but such lines, and sonic-boom's flush would try them for ever, without returning.
  return { write: (line: string) => output.write(line), flush() {} };
}

/** Lines held while standard output takes none; more are dropped. */
const HELD_CHARACTERS = 1 << 20;
