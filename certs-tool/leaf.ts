/** Leaf certificates: for intercepted hosts on the data path, and for the two ends of our own hop. */

import type { KeyObject } from 'node:crypto';
import { permits, type SigningCa } from './authority.ts';
import { commonName, DAY_MS, HOUR_MS, issue } from './certificate.ts';
import * as der from './der.ts';
import { CertificateError } from './errors.ts';
import * as extensions from './extensions.ts';
import { hostKind } from './hosts.ts';

/** Short, since leaves are made on demand and cannot be revoked; long enough to sit in a cache for days. */
const LEAF_DAYS = 7;
/** For clients whose clock is late. */
const BACKDATED_MS = HOUR_MS;

export interface IssueOptions {
  readonly now: Date;
  /** 16 random bytes (8 to 20 are taken). */
  readonly serial: Uint8Array;
  /** Validity from now on; it is cut where the CA's own ends. */
  readonly days?: number;
}

/**
 * A server certificate for one host. About 0.1 ms: the data path mints with it.
 * @param host A-label name or IP literal, canonical
 * @param publicKey the server's key, never the CA's own
 * @returns PEM, followed by the CA's chain if the CA is not a root
 * @throws CertificateError host_invalid, host_not_permitted, ca_expired, ca_not_yet_valid, ca_key_reused
 */
export function issueLeaf(ca: SigningCa, host: string, publicKey: KeyObject, options: IssueOptions): string {
  if (!permits(ca, host)) {
    throw new CertificateError(
      'host_not_permitted',
      `the CA's name constraints do not permit ${host}.`,
      'Issue a CA that permits the host, or do not terminate it.',
    );
  }
  return issueIdentity(ca, [host], 'serverAuth', publicKey, { days: LEAF_DAYS, ...options });
}

/**
 * A certificate for one or more hosts and one purpose; the first host names its subject.
 * @param hosts canonical names and IP literals, at least one
 */
export function issueIdentity(
  ca: SigningCa,
  hosts: readonly string[],
  purpose: extensions.Purpose,
  publicKey: KeyObject,
  options: IssueOptions & { readonly days: number },
): string {
  checkValidity(ca, options.now);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  // One key in CA and leaf broke Windows, and puts the CA's key into every TLS context (mitmproxy#6494, #6549).
  if (spki.equals(ca.spki)) {
    throw new CertificateError('ca_key_reused', "a leaf may not carry the CA's own key.", 'Make a key for the leaf.');
  }
  const subject = subjectFor(ca, hosts[0] ?? '');
  const content = {
    serial: options.serial,
    issuer: der.decode(ca.subjectDer),
    subject,
    notBefore: new Date(options.now.getTime() - BACKDATED_MS),
    notAfter: new Date(Math.min(options.now.getTime() + options.days * DAY_MS, ca.notAfter.getTime())),
    spki,
    extensions: [
      extensions.isLeaf(),
      extensions.keyUsage('digitalSignature'),
      extensions.extendedKeyUsage(purpose),
      extensions.subjectAltName(hosts, der.children(subject).length === 0),
      extensions.authorityKeyId(ca.subjectKeyId),
    ],
  };
  return issue(content, ca.key, ca.algorithm) + ca.chainPem;
}

/** Before all else, since a certificate that no client accepts is worse than a clear error here. */
export function checkValidity(ca: SigningCa, now: Date): void {
  if (now > ca.notAfter) {
    const message = `the CA expired on ${ca.notAfter.toISOString()}.`;
    throw new CertificateError('ca_expired', message, 'Issue a new CA and have its users trust it.');
  }
  if (now < ca.notBefore) {
    const message = `the CA is valid from ${ca.notBefore.toISOString()} only.`;
    throw new CertificateError('ca_not_yet_valid', message, "Check this machine's clock.");
  }
}

/**
 * A common name is a courtesy to people who look; clients go by the SAN. Addresses get none: OpenSSL holds a common
 * name that looks like a host against the CA's DNS constraints.
 */
function subjectFor(ca: SigningCa, host: string): der.Node {
  return hostKind(host) === 'ip' || ca.constraints.limitsSubjects ? der.sequence() : commonName(host);
}
