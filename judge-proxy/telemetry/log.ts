/**
 * Log lines with allow-listed fields (DESIGN decision 14): a field that is not named here cannot be written, whatever
 * a caller passes. Free text from traffic has no field; verdict lines carry it after redaction.
 */

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
  /** Error code of Node, OpenSSL or SQLite (`ECONNRESET`), never its message. */
  readonly cause?: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What happened, in snake_case: `listening`, `tunnel_closed`, `refused`, `verdict` … */
export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
  /** One verdict, whole: the one line that carries redacted text from traffic. */
  verdict(verdict: Readonly<Record<string, unknown>>): void;
  /** Writes what is buffered. */
  flush(): void;
}
