import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressBits, contains, isLoopback, parseCidr } from './cidr.ts';

describe('addressBits', () => {
  test.each([
    ['0.0.0.0', 4, 0n],
    ['1.2.3.4', 4, 0x01020304n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['2001:db8:0:0:1:0:0:1', 6, 0x20010db8_0000_0000_0001_0000_0000_0001n],
    ['64:ff9b::10.0.0.1', 6, 0x64ff9b_0000_0000_0000_0000_0a00_0001n],
    ['1:2:3:4:5:6:7:8', 6, 0x1_0002_0003_0004_0005_0006_0007_0008n],
  ])('%s', (ip, version, bits) => {
    expect(addressBits(ip)).toEqual({ version, bits });
  });

  test.each([['::ffff:127.0.0.1'], ['::ffff:7f00:1'], ['0:0:0:0:0:FFFF:7f00:0001']])('%s is 127.0.0.1', (ip) => {
    expect(addressBits(ip)).toEqual({ version: 4, bits: 0x7f000001n });
  });

  test.each([
    [''],
    ['127.1'],
    ['0x7f.0.0.1'],
    ['0177.0.0.1'],
    ['127.0.0.1.'],
    ['[::1]'],
    ['fe80::1%eth0'],
    ['localhost'],
    [' ::1'],
  ])('%j is not exactly an address', (ip) => {
    expect(addressBits(ip)).toBeNull();
  });
});

describe('parseCidr', () => {
  test.each([['10.0.0.0/8'], ['0.0.0.0/0'], ['1.2.3.4/32'], ['::/0'], ['fd00::/8'], ['::1/128']])('%s', (text) => {
    expect(parseCidr(text)).not.toBeNull();
  });

  test.each([
    ['10.0.0.0'],
    ['10.0.0.0/'],
    ['10.0.0.0/33'],
    ['10.0.0.0/08'],
    ['10.0.0.0/-1'],
    ['10.0.0.1/8'],
    ['fd00::1/8'],
    ['::/129'],
    ['::ffff:10.0.0.0/104'],
    ['::ffff:10.0.0.0/8'],
    ['localhost/8'],
    ['10.0.0.0/8/8'],
    [' 10.0.0.0/8'],
  ])('%j is refused', (text) => {
    expect(parseCidr(text)).toBeNull();
  });
});

test("contains agrees with Node's BlockList", () => {
  const block = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  );
  fc.assert(
    fc.property(block, fc.oneof(fc.ipV4(), fc.ipV6()), fc.boolean(), ([base, prefix], other, same) => {
      const ip = same ? base : other;
      const baseBits = addressBits(base);
      const address = addressBits(ip);
      // Mapped addresses are IPv4 here and both in BlockList: that difference is meant, and has its own tests.
      if (baseBits === null || address === null) return;
      if ((baseBits.version === 4) !== isIPv4(base) || (address.version === 4) !== isIPv4(ip)) return;
      if (isIPv4(base) !== isIPv4(ip)) return;
      const list = new BlockList();
      const family = isIPv4(base) ? 'ipv4' : 'ipv6';
      list.addSubnet(base, prefix, family);
      expect(contains({ version: baseBits.version, base: baseBits.bits, prefix }, address)).toBe(
        list.check(ip, family),
      );
    }),
  );
});

test('contains: never across families', () => {
  const all = parseCidr('::/0');
  const address = addressBits('10.0.0.1');
  if (all === null || address === null) throw new Error('unreachable');
  expect(contains(all, address)).toBe(false);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.0.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['', false],
  ['localhost', false],
  ['192.168.0.1', false],
  ['128.0.0.1', false],
])('isLoopback %j: %s', (ip, expected) => {
  expect(isLoopback(ip)).toBe(expected);
});
