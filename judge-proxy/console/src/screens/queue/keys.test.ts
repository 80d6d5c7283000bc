/** Keys act only where nothing is written; one that is held down labels once. The page of the docs shows the same map. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HUMAN_LABELS } from '../../../../ledger/acts.ts';
import { actOf, keyOfLabel, type Pressed, REVIEW_KEYS } from './keys.ts';

const pressed = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  ...{ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, inField: false, inDialog: false },
  ...more,
});

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

describe('a key', () => {
  it.each(REVIEW_KEYS)('$key: $does', ({ key, act }) => expect(actOf(pressed(key))).toEqual(act));

  it('counts with the shift lock, too', () => expect(actOf(pressed('J'))).toEqual({ kind: 'next' }));

  it.each([
    ['in a field', { inField: true }],
    ['in a dialog', { inDialog: true }],
    ['with Ctrl', { ctrlKey: true }],
    ['with the command key', { metaKey: true }],
    ['with Alt', { altKey: true }],
  ])('does nothing %s', (_, more) => {
    for (const { key } of REVIEW_KEYS) expect(actOf(pressed(key, more))).toBeNull();
  });

  it('moves while it is held down, and does nothing else', () => {
    const held = REVIEW_KEYS.filter(({ key }) => actOf(pressed(key, { repeat: true })) !== null);
    expect(held.map(({ key }) => key)).toEqual(['j', 'k']);
  });

  it('that is not of the map does nothing', () => expect(actOf(pressed('x'))).toBeNull());
});
