/** Completion and hover say what the schema says, and nothing where it is silent. */

import { describe, expect, it } from 'vitest';
import { keysOf, type Schema, schemaAt, typeOf, valuesOf } from './schema-hints.ts';

const SCHEMA: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string', pattern: '^[a-z]+$' },
    criteria: { type: 'array', minItems: 1, items: { $ref: '#/$defs/criterion' } },
  },
  required: ['name', 'criteria'],
  $defs: {
    criterion: {
      type: 'object',
      properties: {
        exceptions: { type: 'array', items: { type: 'string' }, default: [] },
        scale: { enum: ['binary', 'ordinal'], description: 'How it is scored.' },
        weight: { type: 'number', minimum: 0, maximum: 1 },
        applies_to: { type: 'array', items: { enum: ['request', 'response'] } },
      },
      required: ['scale', 'weight', 'exceptions'],
    },
  },
};

describe('a place', () => {
  it('within a list that is defined elsewhere has its keys, those that must be there first', () => {
    const mapping = schemaAt(SCHEMA, ['criteria', '[]']);
    expect(mapping === null ? [] : keysOf(SCHEMA, mapping)).toEqual([
      { key: 'scale', required: true, type: 'one of binary, ordinal', says: 'How it is scored.' },
      { key: 'weight', required: true, type: 'number from 0 to 1', says: null },
      { key: 'exceptions', required: false, type: 'list of string', says: null },
      { key: 'applies_to', required: false, type: 'list of one of request, response', says: null },
    ]);
  });

  it.each([[['nowhere']], [['criteria', 'scale']], [['__proto__']], [['constructor', '[]']]])('%j is unknown', (path) =>
    expect(schemaAt(SCHEMA, path)).toBeNull(),
  );
});

it('values are those of the enum, also of a list of them', () => {
  expect(valuesOf(schemaAt(SCHEMA, ['criteria', '[]', 'scale']) ?? {})).toEqual(['binary', 'ordinal']);
  expect(valuesOf(schemaAt(SCHEMA, ['criteria', '[]', 'applies_to']) ?? {})).toEqual(['request', 'response']);
  expect(valuesOf({ type: 'boolean' })).toEqual(['true', 'false']);
});

it('a reference to itself ends', () => {
  expect(typeOf(schemaAt({ $ref: '#' }, []) ?? {})).toBe('value');
});
