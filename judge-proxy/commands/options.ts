/** Options that several commands share, parsed once. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigError, configWarnings, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { CommandError, type CommandIo } from './command.ts';

export const DEFAULT_CONFIG = 'config/judge-proxy.yaml';

/** A usage error: exit code 2, with the way to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Values of the options, no positionals.
 * @throws {UsageError} on an unknown option or a missing value
 */
export function readOptions<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A TCP port from the command line. */
export function readPort(text: string, option: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`${option} takes a port from 0 to 65535, not '${text}'.`);
  return port;
}

/**
 * A whole number from 1 to `most`.
 * @throws {UsageError}
 */
export function readCount(text: string | undefined, option: string, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^[1-9]\d{0,6}$/.test(text) || count > most) {
    throw new UsageError(`${option} takes a whole number from 1 to ${most}, not '${text}'.`);
  }
  return count;
}

/** Loads the config of `--config`; its errors name file, line and remedy already. */
export async function readConfig(file: string | undefined, io: CommandIo): Promise<Config> {
  try {
    return await loadConfig(file ?? DEFAULT_CONFIG, io.env);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message);
    throw error;
  }
}

/** The same, for a command that runs: what is odd but allowed is said on standard error. */
export async function readRunningConfig(file: string | undefined, io: CommandIo): Promise<Config> {
  const config = await readConfig(file, io);
  for (const warning of configWarnings(config)) io.stderr.write(`warning: ${warning}\n`);
  return config;
}

/** Runs a command's body and turns its expected failures into exit codes and one line of text. */
export async function guarded(io: CommandIo, help: string, body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`${error.message}\n\n${help}`);
      return 2;
    }
    if (isExpected(error)) {
      io.stderr.write(`${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

/** Errors written for the person at the terminal: ours, each of which names cause and remedy. */
function isExpected(error: unknown): error is Error {
  return error instanceof Error && EXPECTED.has(error.name);
}

const EXPECTED: ReadonlySet<string> = new Set([
  'CommandError',
  'ConfigError',
  'CertificateError',
  'EnvoyError',
  'CheckpointError',
  'LedgerError',
  'ListenError',
]);
