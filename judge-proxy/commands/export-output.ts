/** Where an export goes: standard output, or a file that is there whole or not at all. */

import { createWriteStream, existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { syncFolder } from '../exports/state.ts';
import { CommandError, type CommandIo } from './command.ts';

/**
 * Resolves when everything is handed over: to the system for a file, also through a power cut, else to the reader of
 * standard output.
 * @param out file that does not exist yet, packed with gzip when its name ends with .gz; null for standard output
 * @throws {CommandError}
 */
export async function writeOut(text: AsyncIterable<string>, out: string | null, io: CommandIo): Promise<void> {
  if (out === null) return await toStdout(text, io);
  // Runs that go on where the last one ended have a file each: what is there was handed over already.
  if (existsSync(out)) throw new CommandError(`${out} exists. Name a file for each run, or delete it.`);
  const part = `${out}.part`;
  try {
    await toFile(text, part, out.endsWith('.gz'), io.signal);
    await rename(part, out);
    await syncFolder(dirname(out));
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new CommandError(`${out} cannot be written (${code}).`);
  }
}

/** Only its owner reads it: it holds what clients wrote, redacted. */
async function toFile(text: AsyncIterable<string>, file: string, packed: boolean, signal: AbortSignal): Promise<void> {
  const target = createWriteStream(file, { mode: 0o600, flush: true });
  const source = pagesOf(text);
  if (packed) await pipeline(source, createGzip(), target, { signal });
  else await pipeline(source, target, { signal });
}

/** Each text is a page of megabytes: the stream's usual sixteen ahead would be sixteen pages. */
function pagesOf(text: AsyncIterable<string>): Readable {
  return Readable.from(text, { highWaterMark: 1 });
}

async function toStdout(text: AsyncIterable<string>, { stdout, signal }: CommandIo): Promise<void> {
  await pipeline(pagesOf(text), stdout, { signal, end: false });
  await new Promise<void>((done, fail) => {
    stdout.write('', (error) => (error ? fail(error) : done()));
  });
}
