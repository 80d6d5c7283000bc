/** One thing that a check found in a config that fits the schema. */

import type { KeyPath } from './config-error.ts';

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly path: KeyPath;
  /** Without full stop; never with a value that may be secret. */
  readonly message: string;
  /** A whole sentence. */
  readonly fix: string;
}

/** A finding that stops the start. */
export function fault(path: KeyPath, message: string, fix: string): Finding {
  return { severity: 'error', path, message, fix };
}

/** A finding that is shown and does not stop the start. */
export function warning(path: KeyPath, message: string, fix: string): Finding {
  return { severity: 'warning', path, message, fix };
}
