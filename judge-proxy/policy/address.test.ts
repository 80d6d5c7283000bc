import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AddressClass, createAddressGuard } from './address.ts';

const guard = createAddressGuard([]);

describe('refused, with its class', () => {
  test.each<[ip: string, is: AddressClass]>([
    // IPv4: both ends of every block
    ['0.0.0.0', 'unspecified'],
    ['0.0.0.1', 'reserved'],
    ['0.255.255.255', 'reserved'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['100.64.0.0', 'shared'],
    ['100.127.255.255', 'shared'],
    ['100.100.100.200', 'metadata'],
    ['127.0.0.0', 'loopback'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.255', 'loopback'],
    ['169.254.0.0', 'link_local'],
    ['169.254.169.253', 'link_local'],
    ['169.254.169.254', 'metadata'],
    ['169.254.169.255', 'link_local'],
    ['169.254.170.2', 'metadata'],
    ['169.254.170.23', 'metadata'],
    ['169.254.255.255', 'link_local'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.0', 'reserved'],
    ['192.0.0.192', 'metadata'],
    ['192.0.0.255', 'reserved'],
    ['192.0.2.0', 'documentation'],
    ['192.0.2.255', 'documentation'],
    ['192.88.99.1', 'transition'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['198.18.0.0', 'benchmark'],
    ['198.19.255.255', 'benchmark'],
    ['198.51.100.7', 'documentation'],
    ['203.0.113.7', 'documentation'],
    ['224.0.0.0', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.0', 'reserved'],
    ['255.255.255.254', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['168.63.129.16', 'metadata'],
    // IPv6
    ['::', 'unspecified'],
    ['0:0:0:0:0:0:0:0', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['fc00::', 'private'],
    ['fd12:3456:789a::1', 'private'],
    ['fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'private'],
    ['fd00:ec2::254', 'metadata'],
    ['fd00:ec2::23', 'metadata'],
    ['fd20:ce::254', 'metadata'],
    ['fe80::', 'link_local'],
    ['fe80::1', 'link_local'],
    ['febf:ffff::1', 'link_local'],
    ['fec0::1', 'private'],
    ['ff00::', 'multicast'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'documentation'],
    ['2001:db8:ffff::1', 'documentation'],
    ['3fff::1', 'documentation'],
    ['3fff:fff::1', 'documentation'],
    ['2001:2::1', 'benchmark'],
    ['2001:10::1', 'reserved'],
    ['2001:20::1', 'reserved'],
    ['2001:1ff::1', 'reserved'],
    ['100::1', 'reserved'],
    ['5f00::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['1fff:ffff::1', 'reserved'],
    // IPv4 in IPv6: mapped
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['::FFFF:7F00:0001', 'loopback'],
    ['0:0:0:0:0:ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['::ffff:0.0.0.0', 'unspecified'],
    // compatible
    ['::127.0.0.1', 'loopback'],
    ['::7f00:1', 'loopback'],
    ['::10.0.0.1', 'private'],
    ['::169.254.169.254', 'metadata'],
    ['::0.0.0.2', 'reserved'],
    ['::8.8.8.8', 'transition'],
    // translated
    ['::ffff:0:127.0.0.1', 'loopback'],
    ['::ffff:0:8.8.8.8', 'transition'],
    // NAT64
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::169.254.169.254', 'metadata'],
    ['64:ff9b::0.0.0.0', 'unspecified'],
    ['64:ff9b::100.64.0.1', 'shared'],
    ['64:ff9b:0:1::8.8.8.8', 'reserved'],
    ['64:ff9b:1::10.0.0.1', 'private'],
    ['64:ff9b:1::8.8.8.8', 'transition'],
    ['64:ff9b:1:ffff::8.8.8.8', 'transition'],
    // 6to4
    ['2002:7f00:1::', 'loopback'],
    ['2002:7f00:0001::1', 'loopback'],
    ['2002:a00:1::1', 'private'],
    ['2002:a9fe:a9fe::1', 'metadata'],
    ['2002:808:808::1', 'transition'],
    // Teredo: server, and client inverted
    ['2001:0:7f00:1::', 'loopback'],
    ['2001:0:a00:1::f7f7:f7f7', 'private'],
    ['2001:0:808:808::80ff:fffe', 'loopback'],
    ['2001:0:808:808::f5ff:fffe', 'private'],
    ['2001:0:808:808::5601:5601', 'metadata'],
    ['2001:0:808:808::f7f7:f7f7', 'transition'],
    // not an address as resolvers and sockets write it
    ['', 'invalid'],
    ['localhost', 'invalid'],
    ['127.1', 'invalid'],
    ['127.0.0.1.', 'invalid'],
    ['2130706433', 'invalid'],
    ['0x7f.0.0.1', 'invalid'],
    ['0177.0.0.1', 'invalid'],
    ['08.8.8.8', 'invalid'],
    ['8.8.8', 'invalid'],
    ['8.8.8.8.8', 'invalid'],
    ['256.8.8.8', 'invalid'],
    [' 8.8.8.8', 'invalid'],
    ['8.8.8.8\n', 'invalid'],
    ['[::1]', 'invalid'],
    ['[2606:4700::1]', 'invalid'],
    ['fe80::1%eth0', 'invalid'],
    ['2606:4700::1%eth0', 'invalid'],
    ['2606:4700::1%25eth0', 'invalid'],
    [':::1', 'invalid'],
  ])('%j: %s', (ip, is) => {
    expect(guard.check(ip)).toEqual({ allowed: false, class: is });
  });
});

describe('public', () => {
  test.each([
    ['1.1.1.1'],
    ['8.8.8.8'],
    ['9.255.255.255'],
    ['11.0.0.0'],
    ['100.63.255.255'],
    ['100.128.0.0'],
    ['126.255.255.255'],
    ['128.0.0.0'],
    ['169.253.255.255'],
    ['169.255.0.0'],
    ['172.15.255.255'],
    ['172.32.0.0'],
    ['192.0.1.0'],
    ['192.167.255.255'],
    ['192.169.0.0'],
    ['198.17.255.255'],
    ['198.20.0.0'],
    ['223.255.255.255'],
    ['168.63.129.15'],
    ['2000::1'],
    ['2001:200::1'],
    ['2606:4700::1111'],
    ['2a00:1450:4001:80e::200e'],
    ['3ffe:ffff::1'],
    ['::ffff:8.8.8.8'],
    ['64:ff9b::8.8.8.8'],
    ['64:ff9b::808:808'],
  ])('%s passes', (ip) => {
    expect(guard.check(ip)).toEqual({ allowed: true });
  });
});

describe('allow_addresses opens what it names and nothing beside it', () => {
  test.each([
    ['10.1.0.0/16', '10.1.2.3', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.1.2.3/32', '10.1.2.3', true],
    ['10.1.2.3/32', '10.1.2.2', false],
    ['10.1.2.3/32', '10.1.2.4', false],
    // the same address, in the notation of IPv6
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    // another address, reached through a translator
    ['10.0.0.0/8', '64:ff9b::10.1.2.3', false],
    ['10.0.0.0/8', '2002:a01:203::1', false],
    ['10.0.0.0/8', '::10.1.2.3', false],
    ['64:ff9b::a01:203/128', '64:ff9b::10.1.2.3', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fc12::1', false],
    ['::1/128', '::1', true],
    ['::1/128', '127.0.0.1', false],
    ['::/0', '127.0.0.1', false],
    ['::/0', '::ffff:127.0.0.1', false],
    ['0.0.0.0/0', '::1', false],
    // metadata is opened by its very address only
    ['169.254.0.0/16', '169.254.1.1', true],
    ['169.254.0.0/16', '169.254.169.254', false],
    ['169.254.169.254/31', '169.254.169.254', false],
    ['169.254.169.254/32', '169.254.169.254', true],
    ['fd00:ec2::/32', 'fd00:ec2::254', false],
    ['fd00:ec2::254/128', 'fd00:ec2::254', true],
    ['0.0.0.0/0', '168.63.129.16', false],
    // no list makes an address of what is none
    ['0.0.0.0/0', '127.1', false],
    ['::/0', 'fe80::1%eth0', false],
  ])('%s: %s %s', (cidr, ip, allowed) => {
    expect(createAddressGuard([cidr]).check(ip).allowed).toBe(allowed);
  });

  test('a block that the config would have refused is our own mistake', () => {
    expect(() => createAddressGuard(['10.0.0.1/8'])).toThrow(TypeError);
  });
});

describe('properties', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);

  test('an embedded address is never better off than the address itself', () => {
    fc.assert(
      fc.property(octets, ([a, b, c, d]) => {
        const ipv4 = `${a}.${b}.${c}.${d}`;
        const groups = `${hex(a, b)}:${hex(c, d)}`;
        const inverted = `${hex(255 - a, 255 - b)}:${hex(255 - c, 255 - d)}`;
        const itself = guard.check(ipv4);
        expect(guard.check(`::ffff:${ipv4}`)).toEqual(itself);
        expect(guard.check(`64:ff9b::${ipv4}`)).toEqual(itself);
        const deprecated = [
          `2002:${groups}::1`,
          `2001:0:${groups}::`,
          `2001:0:808:808::${inverted}`,
          `64:ff9b:1::${groups}`,
        ];
        for (const ip of deprecated) expect(guard.check(ip).allowed).toBe(false);
      }),
    );
  });

  test('IPv6 outside 2000::/3 and NAT64 is never public', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        const first = Number.parseInt(/^[0-9a-f]*/i.exec(ip)?.[0] || '0', 16);
        const elsewhere = first < 0x2000 || first > 0x3fff;
        const named = /^(64:ff9b:|::ffff:|(0+:){5}ffff:)/i.test(ip) || ip.includes('.');
        if (elsewhere && !named) expect(guard.check(ip).allowed).toBe(false);
      }),
    );
  });

  test('never throws, and passes nothing that is no address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9a-fx.:%[\]]{0,40}$/)), (text) => {
        const { allowed } = guard.check(text);
        if (allowed) expect(text).toMatch(/^[0-9a-fA-F.:]+$/);
      }),
      { numRuns: 2_000 },
    );
  });
});
