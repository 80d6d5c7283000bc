/** The folder of the demo: emptied before each run, but only when it is ours. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from '../command.ts';

/** Says that a folder is the demo's: nobody's own files may be emptied by a wrong --folder. */
const MARK = '.judge-proxy-demo';

/**
 * Makes the folder, or empties it.
 * @throws {CommandError} when it holds files that are not the demo's
 */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = await readdir(folder);
  if (entries.length > 0 && !entries.includes(MARK)) {
    throw new CommandError(
      `${folder} holds files that are not the demo's. Name an empty folder, or one that does not exist.`,
    );
  }
  // One by one: the folder itself may be a mounted volume.
  for (const entry of entries) await rm(join(folder, entry), { recursive: true, force: true });
  await writeFile(join(folder, MARK), '');
}
