/** Contract: the list of types by which the config refuses names of detectors has every type that a rule of ours finds. */

import { expect, it } from 'vitest';
import { BUILT_IN_TYPES, isBuiltInType } from '../../config/placeholder-types.ts';
import { SECRETS } from '../testing/secrets.ts';
import { runRules } from './run-rules.ts';
import { SECRET_PATTERNS } from './secret-patterns.ts';

it('has every type of our patterns', () => {
  for (const { type } of SECRET_PATTERNS) expect(BUILT_IN_TYPES.has(type), type).toBe(true);
});

it('knows every type that is found in practice', () => {
  const personal = '4111 1111 1111 1111, DE89370400440532013000, 536-22-8726, a.b@c.example.org, +49 30 901820441';
  const texts = [...SECRETS.map(({ text }) => text), personal, Buffer.from(personal).toString('base64')];
  const { redactions } = runRules(
    texts.map((text, index) => ({ place: `${index}`, text, ofApplication: false })),
    { rules: ['secrets', 'personal_data'], budgetMs: 10_000, now: () => 0 },
  );
  expect(new Set(redactions.map(({ type }) => type)).size).toBeGreaterThan(15);
  for (const { type } of redactions) expect(isBuiltInType(type), type).toBe(true);
});
