import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as der from './der.ts';

const hex = (node: der.Node) => der.encode(node).toString('hex');

describe('encode', () => {
  it.each<[string, der.Node, string]>([
    ['an empty sequence', der.sequence(), '3000'],
    ['true', der.boolean(true), '0101ff'],
    ['zero', der.integer(0), '020100'],
    ['a number that needs a zero in front', der.integer(128), '02020080'],
    ['an object identifier', der.oid('2.5.29.17'), '0603551d11'],
    ['keyUsage digitalSignature', der.bits(Buffer.of(0x80), 7), '03020780'],
    ['text beyond ASCII as UTF-8', der.utf8('ü'), '0c02c3bc'],
    ['a dNSName', der.taggedBytes(2, Buffer.from('a.b')), '8203612e62'],
  ])('writes %s', (_, node, expected) => {
    expect(hex(node)).toBe(expected);
  });

  it.each<[string, number, string]>([
    ['2026-11-21T12:00:00.999Z', 0x17, '261121120000Z'],
    ['2049-12-31T23:59:59Z', 0x17, '491231235959Z'],
    ['2050-01-01T00:00:00Z', 0x18, '20500101000000Z'],
  ])('writes the time %s as RFC 5280 §4.1.2.5 says', (at, tag, text) => {
    const bytes = der.encode(der.time(new Date(at)));
    expect(bytes[0]).toBe(tag);
    expect(bytes.subarray(2).toString()).toBe(text);
  });

  it('does not mind the buffer that bytes are a part of', () => {
    const part = Buffer.from('..abc..').subarray(2, 5);
    expect(hex(der.octets(part))).toBe('0403616263');
  });
});

describe('decode', () => {
  it('gives back every public key byte for byte', () => {
    for (let i = 0; i < 50; i++) {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = publicKey.export({ type: 'spki', format: 'der' });
      expect(der.encode(der.decode(spki))).toEqual(spki);
    }
  });

  it('gives back any content of octets and bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const node = der.sequence(der.octets(bytes), der.bits(bytes), der.taggedBytes(2, bytes));
        const encoded = der.encode(node);
        expect(der.encode(der.decode(encoded))).toEqual(encoded);
        expect(der.content(der.children(der.decode(encoded))[0])).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('throws or gives a value for any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let node: der.Node;
        try {
          node = der.decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        for (const child of [node, ...der.children(node)]) {
          expect(der.content(child)).toBeInstanceOf(Buffer);
          der.readOid(child);
        }
      }),
    );
  });
});
