/** What may go wrong between the configuration file and a running Envoy. Callers match `code`, never the text. */

export type EnvoyErrorCode =
  | 'not_found' // no Envoy on this machine, and none may or can be fetched
  | 'too_old' // below the floor
  | 'cannot_run' // there is a file, but it does not run here
  | 'fetch_failed' // pip did not deliver the pinned file
  | 'bad_config' // Envoy, or the patching before it, refuses the configuration
  | 'port_taken'
  | 'not_ready' // it runs, but never became ready
  | 'exited'; // it ended before it was ready, for another reason

export class EnvoyError extends Error {
  override readonly name = 'EnvoyError';
  readonly code: EnvoyErrorCode;

  constructor(code: EnvoyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The text of an unknown error, one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
