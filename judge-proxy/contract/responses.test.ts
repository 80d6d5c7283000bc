/**
 * Contract: a schema says exactly what its type says, which the compiler checks (a file that is not type-checked does not
 * pass `npm run check`); every schema can be published in OpenAPI; what is not in a type is refused.
 */

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import { exactly, list } from './answers/exact.ts';
import * as record from './answers/ledger-records.ts';
import { ENDPOINTS } from './endpoints.ts';

const HASH = '0'.repeat(64);
const PLACE = { seq: 7, prev_hash: HASH, hash: HASH };

describe('a schema that is not its type does not compile', () => {
  interface Thing {
    readonly name: string;
    readonly tags: readonly ('a' | 'b')[];
    readonly note?: string;
  }
  const fields = { name: z.string(), tags: list(z.enum(['a', 'b'])), note: z.string().exactOptional() };

  it('one that is does', () => {
    expect(exactly<Thing>()(z.strictObject(fields)).parse({ name: 'n', tags: ['a'] })).toEqual({
      name: 'n',
      tags: ['a'],
    });
  });

  it('less, more, wider, narrower, or optional in another way does not', () => {
    const { note: _note, ...without } = fields;
    // @ts-expect-error the optional field is missing
    exactly<Thing>()(z.strictObject(without));
    // @ts-expect-error a field that the type has not
    exactly<Thing>()(z.strictObject({ ...fields, more: z.string().exactOptional() }));
    // @ts-expect-error wider
    exactly<Thing>()(z.strictObject({ ...fields, tags: list(z.string()) }));
    // @ts-expect-error narrower
    exactly<Thing>()(z.strictObject({ ...fields, name: z.literal('n') }));
    // @ts-expect-error undefined is not absent
    exactly<Thing>()(z.strictObject({ ...fields, note: z.string().optional() }));
    // @ts-expect-error null is not absent
    exactly<Thing>()(z.strictObject({ ...fields, note: z.string().nullable() }));
    expect(Object.keys(without)).toEqual(['name', 'tags']);
  });
});

it.each(Object.entries(ENDPOINTS))('%s: request and answer have a JSON Schema', (name, endpoint) => {
  expect(z.toJSONSchema(endpoint.response)).toHaveProperty('$schema');
  for (const part of ['params', 'query', 'body'] as const) {
    // A provider may send more than is asked for, which is ignored (RFC 6749 §4.1.2).
    const additionalProperties = name === 'finish_oidc' && part === 'query' ? {} : false;
    expect(z.toJSONSchema(endpoint[part], { io: 'input' })).toMatchObject({ additionalProperties });
  }
});

it.each([
  ['opened', record.opened, sampleOpened('exchange-1')],
  ['completed', record.completed, sampleCompleted('exchange-1')],
  ['connection', record.connection, { ...sampleConnection('connection-1'), seq: 7 }],
  ['verdict', record.verdict, { ...sampleVerdict('exchange-1'), ...PLACE }],
  ['verdict that is not recorded', record.unrecordedVerdict, sampleVerdict('exchange-1')],
])('%s: what the ledger writes fits, and one field more does not', (_name, schema: z.ZodType, sample) => {
  expect(schema.parse(sample)).toEqual(sample);
  expect(schema.safeParse({ ...sample, password: 'x' }).success).toBe(false);
});
