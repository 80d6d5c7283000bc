/** `npm run docs`: the pages of docs/ that are made from the code, so that no documented option or code can be wrong. */

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { configReference, errorReference } from '../config/reference.ts';
import type { CommandIo } from './command.ts';
import { guarded, readOptions } from './options.ts';

const HELP = `npm run docs [-- --check]

Writes docs/configuration.md (from the schema) and docs/errors.md (from the table of errors).

  --check   writes nothing; fails when a page is out of date
`;

const PAGES: readonly { readonly file: string; readonly render: () => string }[] = [
  { file: 'docs/configuration.md', render: configReference },
  { file: 'docs/errors.md', render: errorReference },
];

export async function docs(args: readonly string[], io: CommandIo): Promise<number> {
  return await guarded(io, HELP, async () => {
    const options = readOptions(args, { check: { type: 'boolean' }, help: { type: 'boolean' } });
    if (options.help) {
      io.stdout.write(HELP);
      return 0;
    }
    const stale: string[] = [];
    for (const page of PAGES) {
      const text = page.render();
      const before = await readFile(resolve(page.file), 'utf8').catch(() => '');
      if (before === text) continue;
      stale.push(page.file);
      if (!options.check) await writeFile(resolve(page.file), text);
    }
    if (options.check && stale.length > 0) {
      io.stderr.write(`Out of date: ${stale.join(', ')}. Mend it with: npm run docs\n`);
      return 1;
    }
    io.stdout.write(stale.length === 0 ? 'docs: up to date\n' : `docs: wrote ${stale.join(', ')}\n`);
    return 0;
  });
}
