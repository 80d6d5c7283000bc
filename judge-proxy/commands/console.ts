import { ensureConsole } from '../console/build.ts';
import type { CommandIo } from './command.ts';

/** Builds the console when it has to be. Traffic must flow without it: a failure is told, and the start goes on. */
export async function prepareConsole(io: CommandIo): Promise<void> {
  const progress = (line: string) => void io.stderr.write(`${line}\n`);
  await ensureConsole({ progress, signal: io.signal }).catch((error: Error) => progress(`warning: ${error.message}`));
}
