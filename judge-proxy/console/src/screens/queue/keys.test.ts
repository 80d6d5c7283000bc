/** One map of keys: what acts is what `?` lists and what docs/console.md says. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HUMAN_LABELS } from '../../../../ledger/acts.ts';
import { keyOfLabel, REVIEW_KEYS } from './keys.ts';

describe('the map', () => {
  it('has each key once', () => {
    const keys = REVIEW_KEYS.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('gives the labels to 1, 2, 3 and 4 in their order', () => {
    expect(HUMAN_LABELS.map(keyOfLabel)).toEqual(['1', '2', '3', '4']);
  });

  it('stands in docs/console.md as it is', () => {
    const table = REVIEW_KEYS.map(({ key, does }) => `| \`${key}\` | ${does} |`).join('\n');
    expect(readFileSync('docs/console.md', 'utf8')).toContain(`| key | does |\n| --- | --- |\n${table}\n`);
  });
});
