/** A certificate authority as it signs: read from its files, checked, with what it may sign for. */

import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { type SignatureAlgorithm, signatureAlgorithm } from './certificate.ts';
import { allows, type NameConstraints, readConstraints, UNCONSTRAINED } from './constraints.ts';
import * as der from './der.ts';
import { CertificateError } from './errors.ts';
import { type CertificateParts, OID, readParts } from './extensions.ts';
import { certificatesIn } from './pem.ts';

export interface SigningCa {
  readonly cert: X509Certificate;
  /** The whole CA file: with `cert`, what stands above it. */
  readonly certPem: string;
  readonly key: KeyObject;
  /** Subject Name, byte for byte as the certificate has it: the issuer of all that it signs. */
  readonly subjectDer: Buffer;
  /** subjectKeyIdentifier as stored: the authorityKeyIdentifier of all that it signs. */
  readonly subjectKeyId: Buffer;
  readonly constraints: NameConstraints;
  /** What clients are to trust: the roots in its file, or the whole file where it holds none. */
  readonly anchors: readonly X509Certificate[];
  /** What a server sends after the leaf: this CA and those above it, but never a root. Empty for a root. */
  readonly chainPem: string;
  /** Its own public key, DER: no leaf may carry it. */
  readonly spki: Buffer;
  readonly algorithm: SignatureAlgorithm;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const RESTORE = 'Restore certificate and key of the CA from a backup, or issue a new CA.';
const KEY_CERT_SIGN = 0b0000_0100;

/**
 * Reads a CA. Of a file with several certificates, the one that belongs to the key is taken.
 * @param certPem certificate file, PEM
 * @param keyPem private key file, PEM, unencrypted; EC or RSA
 * @throws CertificateError with a code that begins with `ca_`
 */
export function loadCa(certPem: string, keyPem: string): SigningCa {
  const certificates = readCertificates(certPem);
  const key = readKey(keyPem);
  const cert = certificates.find((candidate) => candidate.checkPrivateKey(key));
  if (cert === undefined) {
    throw new CertificateError('ca_key_mismatch', 'no certificate of the CA file belongs to the key.', RESTORE);
  }
  const algorithm = signatureAlgorithm(key);
  if (algorithm === undefined) {
    const type = key.asymmetricKeyType ?? 'unknown';
    throw new CertificateError('ca_key_unsupported', `cannot sign with a key of type ${type}.`, 'Use an EC or RSA CA.');
  }
  return {
    cert,
    certPem,
    key,
    ...readAuthority(cert),
    anchors: anchorsIn(certificates),
    chainPem: chainAbove(cert, certificates),
    spki: cert.publicKey.export({ type: 'spki', format: 'der' }),
    algorithm,
    notBefore: cert.validFromDate,
    notAfter: cert.validToDate,
  };
}

/**
 * Whether a leaf for the host would be accepted under this CA's name constraints.
 * @param host canonical name or IP literal; a literal only passes a CA that leaves its address open, which ours never do
 */
export function permits(ca: Pick<SigningCa, 'constraints'>, host: string): boolean {
  return allows(ca.constraints, host);
}

/**
 * The certificates of a CA file, at least one.
 * @throws CertificateError ca_unreadable
 */
export function readCertificates(pem: string): X509Certificate[] {
  let found: X509Certificate[];
  try {
    found = certificatesIn(pem);
  } catch (cause) {
    throw new CertificateError('ca_unreadable', 'the CA certificate is damaged.', RESTORE, cause);
  }
  if (found.length > 0) return found;
  throw new CertificateError('ca_unreadable', 'the CA file holds no certificate in PEM form.', RESTORE);
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const encrypted = pem.includes('ENCRYPTED');
    throw new CertificateError(
      'ca_key_unreadable',
      encrypted ? 'the key of the CA is encrypted.' : 'the key of the CA is damaged or no private key in PEM form.',
      encrypted ? 'Decrypt it (openssl pkey -in KEY -out KEY.plain) and keep the file mode 0600.' : RESTORE,
      cause,
    );
  }
}

/** What X509Certificate does not tell. */
function readAuthority(cert: X509Certificate): Pick<SigningCa, 'subjectDer' | 'subjectKeyId' | 'constraints'> {
  try {
    const parts = readParts(cert.raw);
    if (!cert.ca || !maySignCertificates(parts)) {
      throw new CertificateError('ca_not_a_ca', 'the certificate is not that of a CA.', RESTORE);
    }
    const constraints = parts.extension(OID.nameConstraints);
    return {
      subjectDer: subjectOf(cert, parts),
      subjectKeyId: keyIdOf(parts),
      constraints: constraints === undefined ? UNCONSTRAINED : readConstraints(constraints),
    };
  } catch (cause) {
    if (cause instanceof CertificateError) throw cause;
    throw new CertificateError('ca_unreadable', 'the CA certificate is damaged.', RESTORE, cause);
  }
}

/** RFC 5280 §4.2.1.3: without the extension nothing is forbidden. */
function maySignCertificates(parts: CertificateParts): boolean {
  const usage = parts.extension(OID.keyUsage);
  return usage === undefined || ((der.content(usage)[1] ?? 0) & KEY_CERT_SIGN) !== 0;
}

function subjectOf(cert: X509Certificate, parts: CertificateParts): Buffer {
  const subject = der.encode(parts.subject);
  // Names compare by bytes in most verifiers, so an encoding that we would not repeat exactly is no use to us.
  if (!cert.raw.includes(subject)) throw new Error('subject is not in DER');
  return subject;
}

function keyIdOf(parts: CertificateParts): Buffer {
  const id = der.content(parts.extension(OID.subjectKeyId));
  if (id.length > 0) return id;
  const remedy = 'Issue the CA anew with that extension: strict verifiers (Python from 3.13) demand it.';
  throw new CertificateError('ca_without_key_id', 'the CA certificate has no subjectKeyIdentifier.', remedy);
}

/** What clients are to trust of a CA file: its roots; all of it where it holds none. */
export function anchorsIn(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  const roots = certificates.filter((candidate) => candidate.subject === candidate.issuer);
  return roots.length > 0 ? roots : certificates;
}

/** Follows issuers from the CA upwards through the file, up to but without a self-issued certificate. */
function chainAbove(cert: X509Certificate, among: readonly X509Certificate[]): string {
  const chain: X509Certificate[] = [];
  let next: X509Certificate | undefined = cert;
  while (next !== undefined && next.subject !== next.issuer && !chain.includes(next)) {
    chain.push(next);
    const below: X509Certificate = next;
    next = among.find((candidate) => candidate !== below && below.checkIssued(candidate));
  }
  return chain.map((link) => link.toString()).join('');
}
