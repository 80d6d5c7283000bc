/**
 * Contract: what we mint passes strict verification under every kind of CA, with the fields of RFC 5280 exactly so.
 */

import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCa, type SigningCa } from './authority.ts';
import * as der from './der.ts';
import { OID, readParts, sansOf } from './extensions.ts';
import { issueLeaf } from './leaf.ts';
import { Folder, interceptionCa, later, leafFor, NOW, newKey, openssl, opensslCa, opensslOk } from './testing/tools.ts';

const ca = interceptionCa(['a.test', 'xn--bcher-kva.test', 'my_host.test']);
const key = newKey();

function leaf(host: string, options: { now?: Date; serial?: Uint8Array; days?: number; by?: SigningCa } = {}) {
  const { now = NOW, serial = randomBytes(16), by = ca, ...more } = options;
  return new X509Certificate(issueLeaf(by, host, key.publicKey, { now, serial, ...more }));
}

const textOf = async (cert: X509Certificate) => {
  await using folder = await Folder.make();
  return await opensslOk('x509', '-noout', '-text', '-in', await folder.write('leaf.pem', cert.toString()));
};

describe('a leaf', () => {
  it('says what RFC 5280 wants of it, and no more', async () => {
    const text = await textOf(leaf('x.a.test'));
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication\n/);
    expect(text).toMatch(/Subject Alternative Name: \s+DNS:x\.a\.test\n/);
    expect(text).toMatch(/Signature Algorithm: ecdsa-with-SHA256/);
    expect(text).not.toMatch(/Subject Key Identifier/);
    expect(text.match(/X509v3 [A-Z]/g)).toHaveLength(5);
  });

  it('lasts 7 days and began an hour ago', () => {
    const cert = leaf('a.test', { now: new Date('2026-11-21T12:00:00.987Z') });
    expect([cert.validFromDate, cert.validToDate].map((at) => at.toISOString())).toEqual([
      '2026-11-21T11:00:00.000Z',
      '2026-11-28T12:00:00.000Z',
    ]);
    expect(leaf('a.test', { days: 1 }).validToDate).toEqual(later(1));
  });

  it('does not outlive its CA', () => {
    expect(leaf('a.test', { now: later(823) }).validToDate).toEqual(ca.notAfter);
  });

  it('crosses 2050, where the form of times changes', async () => {
    const by = interceptionCa(['a.test'], new Date('2049-12-28T12:00:00Z'));
    const cert = leaf('a.test', { now: new Date('2049-12-28T12:00:00Z'), by });
    expect(cert.validToDate.toISOString()).toBe('2050-01-04T12:00:00.000Z');
    expect(await textOf(cert)).toMatch(/Not Before: Dec 28 11:00:00 2049 GMT\s+Not After : Jan {2}4 12:00:00 2050 GMT/);
  });

  it.each([
    ['a.test', 'CN=a.test', false],
    ['xn--bcher-kva.test', 'CN=xn--bcher-kva.test', false],
    ['my_host.test', 'CN=my_host.test', false],
    [`${'b'.repeat(57)}.a.test`, `CN=${'b'.repeat(57)}.a.test`, false], // 64: the longest common name
    [`${'b'.repeat(58)}.a.test`, undefined, true],
    [`${`${'c'.repeat(60)}.`.repeat(4)}a.test`, undefined, true],
  ])('for %s has the subject %s, and a critical SAN exactly without one', async (host, subject, critical) => {
    const cert = leaf(host);
    // Node gives undefined or '' for an empty subject, by version.
    expect(cert.subject || undefined).toBe(subject);
    expect(cert.subjectAltName).toBe(`DNS:${host}`);
    expect(/Subject Alternative Name: critical/.test(await textOf(cert))).toBe(critical);
    expect(cert.checkHost(host, { subject: 'never' })).toBe(host);
  });

  it.each(['192.0.2.7', '2001:db8::7', '::ffff:192.0.2.7'])(
    'for the address %s has it as iPAddress alone',
    async (host) => {
      await using folder = await Folder.make();
      const own = await opensslCa(folder);
      const cert = leaf(host, { by: loadCa(own.certPem, own.keyPem), now: new Date() });
      expect(cert.checkIP(host)).toBe(host);
      expect(cert.checkHost(host)).toBeUndefined();
      expect(cert.subjectAltName).toMatch(/^IP Address:[^,]+$/);
      const verified = await openssl(
        'verify',
        '-x509_strict',
        '-verify_ip',
        host,
        '-CAfile',
        folder.file('openssl-ca.crt'),
        await folder.write('leaf.pem', cert.toString()),
      );
      expect(verified.stdout + verified.stderr).toMatch(/: OK$/m);
    },
  );

  it('has the serial that was given, positive and never with a superfluous zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 20 }), (serial) => {
        const content = der.content(der.children(der.children(der.decode(leaf('a.test', { serial }).raw))[0])[1]);
        expect(content).toHaveLength(serial.length);
        expect(content[0]).toBe(((serial[0] ?? 0) & 0x3f) | 0x40);
        expect(content.subarray(1)).toEqual(Buffer.from(serial.subarray(1)));
      }),
      { numRuns: 50 },
    );
    expect(() => leaf('a.test', { serial: new Uint8Array(7) })).toThrow(RangeError);
    expect(() => leaf('a.test', { serial: new Uint8Array(21) })).toThrow(RangeError);
  });

  it('holds exactly the name that was asked for, or is not made', () => {
    const unlimited = { ...ca, constraints: { ...ca.constraints, dns: [] } };
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string(), fc.string({ unit: 'binary' })), (host) => {
        let cert: X509Certificate;
        try {
          cert = leaf(host, { by: unlimited });
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^host_(invalid|not_permitted)$/) });
          return;
        }
        expect(sansOf(cert)).toEqual([host]);
      }),
    );
  });
});

describe('strict verification', () => {
  it.each([
    ['a SHA-1 key id', 'hash'],
    ['a truncated SHA-256 key id (RFC 7093)', '00112233445566778899AABBCCDDEEFF00112233'],
    ['a short key id', 'C0FFEE'],
  ])('passes under a CA with %s: the stored bytes are copied', async (_, keyId) => {
    await using folder = await Folder.make();
    const own = await opensslCa(folder, { keyId });
    const cert = leaf('a.test', { by: loadCa(own.certPem, own.keyPem), now: new Date() });
    const root = new X509Certificate(own.certPem);
    const stored = der.content(readParts(root.raw).extension(OID.subjectKeyId));
    const copied = der.content(der.children(readParts(cert.raw).extension(OID.authorityKeyId))[0]);
    expect(copied).toEqual(stored);
    if (keyId !== 'hash') expect(stored.toString('hex').toUpperCase()).toBe(keyId);
    const leafFile = await folder.write('leaf.pem', cert.toString());
    const args = [
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      'a.test',
      '-CAfile',
      folder.file('openssl-ca.crt'),
    ];
    expect(await opensslOk('verify', ...args, leafFile)).toMatch(/: OK$/m);
    expect([cert.checkIssued(root), cert.verify(root.publicKey)]).toEqual([true, true]);
  });

  it('passes under our own CA, whose key id is truncated SHA-256 too', async () => {
    await using folder = await Folder.make();
    const now = new Date();
    const own = interceptionCa(['a.test'], now);
    const { certPem } = leafFor(own, 'a.test', now);
    const [rootFile, chainFile] = [
      await folder.write('root.pem', own.anchors.join('')),
      await folder.write('chain.pem', certPem),
    ];
    const args = ['-x509_strict', '-purpose', 'sslserver', '-CAfile', rootFile, '-untrusted', chainFile];
    expect(await opensslOk('verify', ...args, chainFile)).toMatch(/: OK$/m);
    const key = own.cert.publicKey.export({ type: 'spki', format: 'der' }).subarray(26); // P-256: the point, 65 bytes
    expect(own.subjectKeyId).toEqual(createHash('sha256').update(key).digest().subarray(0, 20));
  });

  it('passes under an RSA CA whose name is in other alphabets', async () => {
    await using folder = await Folder.make();
    const own = await opensslCa(folder, {
      subject: '/C=DE/O=Bücher GmbH 株式会社/CN=Wurzel',
      key: ['-newkey', 'rsa:2048'],
    });
    const by = loadCa(own.certPem, own.keyPem);
    const cert = leaf('a.test', { by, now: new Date() });
    expect(cert.raw.includes(by.subjectDer)).toBe(true);
    const file = await folder.write('leaf.pem', cert.toString());
    expect(await opensslOk('verify', '-x509_strict', '-CAfile', folder.file('openssl-ca.crt'), file)).toMatch(/: OK$/m);
  });
});

describe('issueLeaf refuses', () => {
  it.each([
    ['a host that the CA does not permit', 'b.test', NOW, 'host_not_permitted'],
    ['an address', '127.0.0.1', NOW, 'host_not_permitted'],
    ['what is no host', 'a.test:443', NOW, 'host_invalid'],
    ['an expired CA', 'a.test', later(826), 'ca_expired'],
    ['a CA of the future', 'a.test', later(-1), 'ca_not_yet_valid'],
  ])('%s', (_, host, now, code) => {
    expect(() => leaf(host, { now })).toThrow(expect.objectContaining({ code }));
  });

  it("the CA's own key (mitmproxy#6494)", () => {
    const call = () => issueLeaf(ca, 'a.test', ca.cert.publicKey, { now: NOW, serial: randomBytes(16) });
    expect(call).toThrow(expect.objectContaining({ code: 'ca_key_reused' }));
  });
});
