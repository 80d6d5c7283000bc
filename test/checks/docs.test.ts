/**
 * Contract: what the documents name exists. Every npm script they mention is in package.json, every linked file is there,
 * and every state, reason and field of the code stands in docs/verdicts.md.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COVERAGE_REASONS, JUDGE_STATES, VERDICT_FIELDS } from '../../judge-proxy/ledger/records.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })];
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the documents', () => {
  it.each(PAGES)('%s names npm scripts that exist', (page) => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const named = [...read(page).matchAll(/npm run ([a-z][a-z:-]*)/g)].map((match) => match[1]);
    for (const name of named) expect(scripts).toContain(name);
  });

  it.each(PAGES)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
    for (const link of links) expect(existsSync(join(ROOT, dirname(page), link)), link).toBe(true);
  });

  it('verdicts.md has every field, state and reason', () => {
    const text = read('docs/verdicts.md');
    for (const word of [...VERDICT_FIELDS, ...JUDGE_STATES, ...COVERAGE_REASONS])
      expect(text, word).toMatch(new RegExp(`\`${word}(\\[\\])?\``));
  });
});
