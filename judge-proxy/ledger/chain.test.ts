import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyHash, canonicalJson, chainHash, chainHashOfBody, checkLink, GENESIS, type Sealed } from './chain.ts';

describe('canonical JSON', () => {
  it.each([
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    [{ é: 1, z: 2, Z: 3 }, '{"Z":3,"z":2,"é":1}'],
    [{ a: [1e21, 1e-7, 0.1, -0] }, '{"a":[1e+21,1e-7,0.1,0]}'],
    [{ a: undefined, b: null }, '{"b":null}'],
    [{ a: '\u2028"\\\u0007' }, '{"a":"\u2028\\"\\\\\\u0007"}'],
    [{ a: 'x\ud800y' }, '{"a":"x\ufffdy"}'],
    [{ a: Number.NaN }, '{"a":null}'],
  ])('of %j', (value, json) => {
    expect(canonicalJson(value)).toBe(json);
  });

  it('is the same for any order of keys, and reads back as the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        const shuffled = Object.fromEntries(Object.entries(value).toReversed());
        const json = canonicalJson(value);
        expect(canonicalJson(shuffled)).toBe(json);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('never fails, whatever text traffic brought', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
        (text) => {
          expect(JSON.parse(canonicalJson({ text }))).toEqual({ text: text.toWellFormed() });
        },
      ),
    );
  });
});

describe('chain', () => {
  it('is what anybody computes with a library for RFC 8785', () => {
    const record = { b: [1, 'two'], a: null };
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const record_sha256 = sha256(canonicalJson(record));
    const envelope = canonicalJson({ seq: 7, record_sha256, prev_hash: GENESIS, kind: 'verdict' });
    const body_sha256 = bodyHash(canonicalJson(record));
    expect(chainHash(GENESIS, { kind: 'verdict', seq: 7, body_sha256 })).toBe(sha256(envelope));
  });

  it('of before schema 5 is that, too', () => {
    const record = { b: [1, 'two'], a: null };
    const envelope = canonicalJson({ seq: 7, record, prev_hash: GENESIS, kind: 'verdict' });
    const expected = createHash('sha256').update(envelope).digest('hex');
    const body = canonicalJson(record);
    expect(chainHashOfBody(GENESIS, { kind: 'verdict', seq: 7, body })).toBe(expected);
    const stored = { kind: 'verdict', seq: 1, body, body_sha256: null, prev_hash: GENESIS } as const;
    const hash = chainHashOfBody(GENESIS, { kind: 'verdict', seq: 1, body });
    expect(faults([{ ...stored, hash }])).toEqual([null]);
    expect(faults([{ ...stored, hash, body: '{}' }])).toEqual(['hash']);
    // Without its body nothing says what it was.
    expect(faults([{ ...stored, hash, body: null }])).toEqual(['hash']);
  });

  it('holds without bodies that were erased, and not with other ones', () => {
    const [first, second, third] = chain(['{"a":1}', '{"a":2}', '{"a":3}']) as [Sealed, Sealed, Sealed];
    const erased = { ...second, body: null };
    expect(faults([first, erased, third])).toEqual([null, null, null]);
    expect(faults([first, { ...erased, kind: 'connection' }, third])).toEqual([null, 'hash', null]);
    expect(faults([first, { ...erased, body_sha256: first.body_sha256 }, third])).toEqual([null, 'hash', null]);
    expect(faults([first, { ...second, body_sha256: null }, third])).toEqual([null, 'hash', null]);
    expect(faults([first, { ...second, body: '{"a":1}', body_sha256: first.body_sha256 }])).toEqual([null, 'hash']);
  });

  it('notices a change of any part of any record, a gap and a swap', () => {
    const records = chain(['{"a":1}', '{"a":2}', '{"a":3}']);
    const [first, second, third] = records as [Sealed, Sealed, Sealed];
    expect(faults(records)).toEqual([null, null, null]);
    expect(faults([first, { ...second, body: '{"a":4}' }, third])).toEqual([null, 'hash', null]);
    expect(faults([first, { ...second, kind: 'connection' }, third])).toEqual([null, 'hash', null]);
    expect(faults([first, third])).toEqual([null, 'gap']);
    expect(faults([first, { ...third, seq: 2 }, { ...second, seq: 3 }])).toEqual([null, 'prev_hash', 'prev_hash']);
    expect(faults([second, third])).toEqual(['gap', null]);
  });
});

function chain(bodies: readonly string[]): Sealed[] {
  const records: Sealed[] = [];
  for (const body of bodies) {
    const prev_hash = records.at(-1)?.hash ?? GENESIS;
    const unsealed = { kind: 'verdict', seq: records.length + 1, body, body_sha256: bodyHash(body) } as const;
    records.push({ ...unsealed, prev_hash, hash: chainHash(prev_hash, unsealed) });
  }
  return records;
}

function faults(records: readonly Sealed[]) {
  return records.map((record, index) => checkLink(records[index - 1] ?? null, record));
}
