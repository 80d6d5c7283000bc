import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows, constraintsNode, type NameConstraints, readConstraints, UNCONSTRAINED } from './constraints.ts';
import { decode, encode, sequence, tagged, taggedBytes } from './der.ts';

const reread = (dns: readonly string[]) => readConstraints(decode(encode(constraintsNode(dns))));
const range = (...bytes: number[]) => Buffer.from(bytes);

describe('constraintsNode and readConstraints', () => {
  it('keep the list, and exclude both address families whole', () => {
    fc.assert(
      fc.property(fc.array(fc.domain().map((name) => name.toLowerCase())), (dns) => {
        expect(reread(dns)).toMatchObject({
          dns,
          excludedDns: [],
          ips: [],
          excludesAllIps: true,
          limitsSubjects: false,
        });
      }),
    );
  });

  it('notice limits on subjects, which our leaves then leave empty', () => {
    const directory = sequence(tagged(0, sequence(tagged(4, sequence()))));
    expect(readConstraints(directory).limitsSubjects).toBe(true);
  });

  it('do not take one excluded family for both', () => {
    const onlyIpv4 = sequence(tagged(1, sequence(taggedBytes(7, Buffer.alloc(8)))));
    expect(readConstraints(onlyIpv4)).toMatchObject({ excludesAllIps: false, excludedIps: [Buffer.alloc(8)] });
  });

  it('refuse an address range of odd length', () => {
    const odd = sequence(tagged(1, sequence(taggedBytes(7, Buffer.alloc(9)))));
    expect(() => readConstraints(odd)).toThrow(/odd length/);
  });
});

describe('allows', () => {
  const rows: [string, Partial<NameConstraints>, string, boolean][] = [
    ['a listed name', { dns: ['api.a.test'] }, 'api.a.test', true],
    ['a name below it', { dns: ['api.a.test'] }, 'x.y.api.a.test', true],
    ['the name above it', { dns: ['api.a.test'] }, 'a.test', false],
    ['a name that only ends alike', { dns: ['a.test'] }, 'evila.test', false],
    ['another name', { dns: ['a.test', 'b.test'] }, 'c.test', false],
    ['a name below a leading dot', { dns: ['.a.test'] }, 'x.a.test', true],
    ['the name at a leading dot', { dns: ['.a.test'] }, 'a.test', false],
    ['any name under the empty one', { dns: [''] }, 'c.test', true],
    ['a name both permitted and excluded', { dns: ['a.test'], excludedDns: ['x.a.test'] }, 'y.x.a.test', false],
    ['any name without a list', {}, 'c.test', true],
    ['an address without a list', {}, '127.0.0.1', true],
    ['an address when only names are listed (RFC 5280 leaves it open)', { dns: ['a.test'] }, '127.0.0.1', true],
    ['an address in a permitted range', { ips: [range(10, 0, 0, 0, 255, 0, 0, 0)] }, '10.9.8.7', true],
    ['an address out of it', { ips: [range(10, 0, 0, 0, 255, 0, 0, 0)] }, '11.9.8.7', false],
    ['IPv6 when IPv4 is listed', { ips: [range(10, 0, 0, 0, 255, 0, 0, 0)] }, '::1', false],
    ['an address when all are excluded', { excludedIps: [Buffer.alloc(8), Buffer.alloc(32)] }, '203.0.113.1', false],
    [
      'an IPv6 address when all are excluded',
      { excludedIps: [Buffer.alloc(8), Buffer.alloc(32)] },
      '2001:db8::1',
      false,
    ],
    ['a mapped address when all IPv4 are excluded', { excludedIps: [Buffer.alloc(8)] }, '::ffff:127.0.0.1', true],
  ];

  it.each(rows)('%s', (_, constraints, host, expected) => {
    expect(allows({ ...UNCONSTRAINED, ...constraints }, host)).toBe(expected);
  });

  it('no address ever, under constraints of ours', () => {
    fc.assert(
      fc.property(fc.array(fc.domain()), fc.oneof(fc.ipV4(), fc.ipV6()), (dns, address) => {
        expect(allows(reread(dns), address)).toBe(false);
      }),
    );
  });
});
