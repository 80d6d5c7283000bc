/** The schema is in the subset that all strict providers share, and it accepts what our own check accepts. */

import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { answerJsonSchema, answerSchema } from './answer-schema.ts';
import { goodAnswer, PLAN, RUBRIC } from './testing/judgements.ts';

const schema = answerJsonSchema(RUBRIC);
const ALLOWED_KEYS = new Set(['type', 'properties', 'required', 'additionalProperties', 'items', 'enum']);

function visit(node: unknown, check: (object: Record<string, unknown>) => void): void {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const object = node as Record<string, unknown>;
  check(object);
  for (const below of Object.values((object.properties as object | undefined) ?? {})) visit(below, check);
  visit(object.items, check);
}

it('requires every field, allows no other, and sets no limits', () => {
  visit(schema, (node) => {
    expect([...Object.keys(node)].filter((key) => !ALLOWED_KEYS.has(key))).toEqual([]);
    if (node.type !== 'object') return;
    expect(node.additionalProperties).toBe(false);
    expect(node.required).toEqual(Object.keys(node.properties as object));
  });
});

it('puts evidence before analysis, and both before the score', () => {
  expect(JSON.stringify(schema)).toMatch(/"evidence".*"analysis".*"score".*"label"/);
});

it('agrees with our own check', () => {
  const validate = new Ajv({ strict: true }).compile(schema);
  const answers: unknown[] = [
    goodAnswer(),
    goodAnswer({ judge_manipulation: { evidence: [PLAN], present: true }, unreadable: ['an image'] }),
    { ...goodAnswer(), extra: 1 },
    { ...goodAnswer(), nonce: 5 },
    { ...goodAnswer(), criteria: [{ id: 'leak' }] },
    {},
    null,
  ];
  for (const answer of answers) expect(answerSchema.safeParse(answer).success).toBe(validate(answer));
});
