import { randomBytes, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCa, permits } from './authority.ts';
import { CertificateError, type CertificateErrorCode } from './errors.ts';
import { makeChainCa, makeInterceptionCa } from './make-ca.ts';
import { Folder, leafFor, NOW, newKey, opensslCa, opensslOk } from './testing/tools.ts';

const options = { now: NOW, random: randomBytes };
const made = makeInterceptionCa(['a.test', 'b.test'], options);
const other = makeChainCa(options);

describe('loadCa', () => {
  it('reads our own CA with its constraints', () => {
    const ca = loadCa(made.certPem, made.keyPem);
    expect(ca.constraints).toMatchObject({ dns: ['a.test', 'b.test'], excludesAllIps: true });
    expect(ca.cert.subject).toMatch(/^O=llm-as-judge-proxy\nCN=interception CA [0-9a-f]{8}$/);
    expect(permits(ca, 'x.a.test')).toBe(true);
    expect(permits(ca, 'c.test')).toBe(false);
    expect(permits(ca, '127.0.0.1')).toBe(false);
  });

  it('takes the certificate that belongs to the key, wherever it stands in the file (mitmproxy#6667)', () => {
    for (const pem of [other.certPem + made.certPem, `${made.certPem}\nsome text\n${other.certPem}`]) {
      expect(loadCa(pem, made.keyPem).constraints.dns).toEqual(['a.test', 'b.test']);
      expect(loadCa(pem, other.keyPem).constraints.dns).toEqual([]);
    }
  });

  it('gives servers the CA to send and clients the root to trust, never the other way round', () => {
    const ca = loadCa(made.certPem, made.keyPem);
    expect(ca.anchors.map((anchor) => anchor.subject === anchor.issuer)).toEqual([true]);
    expect(new X509Certificate(ca.chainPem).fingerprint256).toBe(ca.cert.fingerprint256);
    expect(ca.chainPem.match(/BEGIN/g)).toHaveLength(1);
    expect(loadCa(other.certPem, other.keyPem).chainPem).toBe('');
  });

  it('reads an operator CA: another name, RSA, a key id of its own', async () => {
    await using folder = await Folder.make();
    const own = await opensslCa(folder, { subject: '/C=DE/O=Bücher GmbH/CN=Root', key: ['-newkey', 'rsa:2048'] });
    const ca = loadCa(own.certPem, own.keyPem);
    expect(ca.cert.raw.includes(ca.subjectDer)).toBe(true);
    expect(ca.subjectKeyId).toHaveLength(20);
    expect(ca.constraints.excludesAllIps).toBe(false);
  });

  it('reads the constraints that openssl writes', async () => {
    await using folder = await Folder.make();
    const own = await opensslCa(folder, {
      extensions: [
        'basicConstraints=critical,CA:TRUE',
        'nameConstraints=critical,permitted;DNS:a.test,excluded;DNS:x.a.test,permitted;IP:10.0.0.0/255.0.0.0',
      ],
    });
    const ca = loadCa(own.certPem, own.keyPem);
    expect(['a.test', 'x.a.test', 'c.test', '10.1.1.1', '11.1.1.1', '::1'].filter((host) => permits(ca, host))).toEqual(
      ['a.test', '10.1.1.1'],
    );
  });

  const rows: [string, string, string, CertificateErrorCode][] = [
    ['an empty certificate file', '', made.keyPem, 'ca_unreadable'],
    ['text', 'not PEM', made.keyPem, 'ca_unreadable'],
    ['a cut certificate', `${made.certPem.slice(0, 300)}\n-----END CERTIFICATE-----`, made.keyPem, 'ca_unreadable'],
    ['an empty key file', made.certPem, '', 'ca_key_unreadable'],
    ['a damaged key', made.certPem, made.keyPem.replace(/[A-Z]/g, 'A'), 'ca_key_unreadable'],
    ["another CA's key", made.certPem, other.keyPem, 'ca_key_mismatch'],
  ];
  it.each(rows)('refuses %s', (_, certPem, keyPem, code) => {
    expect(() => loadCa(certPem, keyPem)).toThrow(
      expect.objectContaining({ code, remedy: expect.stringMatching(/\w/) }),
    );
  });

  it('refuses a leaf', () => {
    const leaf = leafFor(loadCa(made.certPem, made.keyPem), 'a.test');
    expect(() => loadCa(leaf.certPem, leaf.keyPem)).toThrow(expect.objectContaining({ code: 'ca_not_a_ca' }));
  });

  it('refuses an encrypted key and says so', () => {
    const encrypted = newKey().privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    });
    expect(() => loadCa(made.certPem, encrypted)).toThrow(/encrypted.*openssl pkey/s);
  });

  it.each<[string, CertificateErrorCode, Parameters<typeof opensslCa>[1]]>([
    ['without a key id', 'ca_without_key_id', { keyId: 'none' }],
    [
      'that may not sign certificates',
      'ca_not_a_ca',
      { extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=cRLSign'] },
    ],
    ['with a key of a kind we cannot sign with', 'ca_key_unsupported', { key: ['-newkey', 'ed25519'] }],
  ])('refuses a CA %s', async (_, code, how) => {
    await using folder = await Folder.make();
    const own = await opensslCa(folder, how);
    expect(() => loadCa(own.certPem, own.keyPem)).toThrow(expect.objectContaining({ code }));
  });

  it('loads or refuses with a code, whatever bytes the certificate has', () => {
    const der = Buffer.from(loadCa(made.certPem, made.keyPem).cert.raw);
    const flips = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const changed = Buffer.from(der);
        for (const [at, value] of changes) changed[at] = value;
        const pem = `-----BEGIN CERTIFICATE-----\n${changed.toString('base64')}\n-----END CERTIFICATE-----\n`;
        try {
          loadCa(pem, made.keyPem);
        } catch (error) {
          expect(error).toBeInstanceOf(CertificateError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('shows no key in what it throws', () => {
    const secret = made.keyPem.split('\n')[1] ?? '';
    for (const certPem of ['', made.keyPem, other.certPem]) {
      const error = thrownBy(() => loadCa(certPem, made.keyPem));
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(secret);
    }
  });
});

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

describe('makeInterceptionCa', () => {
  it('keeps the key of the CA and lets that of the root go', () => {
    const [root, ca] = made.certPem.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
    const { key } = loadCa(made.certPem, made.keyPem);
    expect([root?.checkPrivateKey(key), ca?.checkPrivateKey(key)]).toEqual([false, true]);
    expect(made.keyPem.match(/BEGIN/g)).toHaveLength(1);
    expect(root === undefined ? false : ca?.checkIssued(root)).toBe(true);
  });

  it('lasts 825 days, backdated by an hour, for TLS servers alone, and has no CA below it', async () => {
    await using folder = await Folder.make();
    const { cert } = loadCa(made.certPem, made.keyPem);
    expect(cert.validFromDate).toEqual(new Date('2026-11-21T11:00:00Z'));
    expect(cert.validToDate).toEqual(new Date('2029-02-23T12:00:00Z'));
    expect(cert.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    const text = await opensslOk('x509', '-noout', '-text', '-in', await folder.write('ca.pem', cert.toString()));
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    expect(text).toMatch(
      /Name Constraints: critical\s+Permitted:\s+DNS:a.test\s+DNS:b.test\s+Excluded:\s+IP:0.0.0.0\/0.0.0.0/,
    );
  });

  it('has a name of its own each time', () => {
    expect(loadCa(made.certPem, made.keyPem).cert.subject).not.toBe(
      (({ certPem, keyPem }) => loadCa(certPem, keyPem).cert.subject)(makeInterceptionCa(['a.test'], options)),
    );
  });
});
