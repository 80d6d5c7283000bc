/** What every command of the command line is. */

export interface CommandIo {
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** Absent where nobody can be asked. */
  readonly stdin?: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM; its reason is the name of the signal. */
  readonly signal: AbortSignal;
}

/** Exit codes: 0 done, 1 failed, 2 wrong arguments. */
export type Command = (args: readonly string[], io: CommandIo) => Promise<number>;

/** A failure that the command's user can mend: its message is all that is printed. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The promise that resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
