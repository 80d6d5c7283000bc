/** Contract: docs/exports.md has every format, every column in its order, every attribute, and the versions in use. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvColumns } from './csv-columns.ts';
import { FORMATS } from './formats.ts';
import { OCSF_VERSION } from './ocsf-parts.ts';
import { SUBJECTS } from './record.ts';
import { ATTR, EVENT, SEMCONV_VERSION } from './semconv.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../docs/exports.md'), 'utf8').replaceAll('\n', ' ');

describe('docs/exports.md', () => {
  it.each(SUBJECTS)('lists the columns of %s', (subject) => {
    const list = csvColumns(subject).map((name) => `\`${name}\``);
    expect(TEXT).toContain(`**${subject}**: ${list.join(', ')} `);
  });

  it.each([...FORMATS, ...Object.values(ATTR), ...Object.values(EVENT)])('has %s', (name) => {
    expect(TEXT).toContain(`\`${name}\``);
  });

  it('names the versions', () => {
    expect(TEXT).toContain(`Version ${OCSF_VERSION}.`);
    expect(TEXT).toContain(`version of the instrumentation scope: now ${SEMCONV_VERSION}.`);
  });
});
