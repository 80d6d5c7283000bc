/** A port that cannot be had, told with the option that names it. */

import type { Config } from './config/schema.ts';

/** Its message is for the person at the terminal. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another program',
  EACCES: 'may not be used by this account (ports below 1024 are privileged)',
  EADDRNOTAVAIL: 'is not an address of this machine',
};

/** The error of a listener as it came, or as a sentence with the option to change when the system refused the address. */
export function asListenError(error: unknown, config: Config): unknown {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  const what = code === undefined ? undefined : CAUSES[code];
  if (what === undefined) return error;
  const option = optionOf(config, port);
  return new ListenError(`${address}:${port} ${what}. Stop that program, or change ${option} in the configuration.`, {
    cause: error,
  });
}

function optionOf(config: Config, port: number | undefined): string {
  if (port === config.listen.admin.port) return 'listen.admin';
  if (port === config.listen.plain?.port) return 'listen.plain (or --port)';
  return 'listen.proxy';
}
