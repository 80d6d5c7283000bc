/**
 * The trust bundle: the system's roots plus the interception CA in one file. Most clients take one file *in place of*
 * the system's roots, so a file with the interception CA alone would break every tunnelled host.
 */

import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { OUR_ORGANIZATION } from './certificate.ts';
import { CertificateError } from './errors.ts';
import { readIfThere } from './files.ts';
import { certificatesIn } from './pem.ts';

/**
 * Where systems keep their roots in one file: Debian and Ubuntu, Fedora and RHEL, SUSE, Alpine and macOS. Looked at
 * before OpenSSL's variables, since SSL_CERT_FILE may already name the very bundle that is being written.
 */
const SYSTEM_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
] as const;

export interface SystemRoots {
  readonly certificates: readonly X509Certificate[];
  /** A file, the platform's store as Node reads it, or (on a machine without any) Mozilla's list inside Node. */
  readonly source: string;
}

/** @throws CertificateError roots_missing */
export async function systemRoots(files: readonly string[] = SYSTEM_FILES): Promise<SystemRoots> {
  for (const file of files) {
    const certificates = foreign(readable((await readIfThere(file)) ?? ''));
    if (certificates.length > 0) return { certificates, source: file };
  }
  for (const [type, source] of [
    ['system', "the system's store"],
    ['bundled', "Node's own list"],
  ] as const) {
    const certificates = foreign(getCACertificates(type).map((pem) => new X509Certificate(pem)));
    if (certificates.length > 0) return { certificates, source };
  }
  throw new CertificateError('roots_missing', 'no system roots were found.', 'Install the package ca-certificates.');
}

/** Interception CAs of ours, of an earlier day too, are not the system's, even where somebody installed them. */
function foreign(certificates: readonly X509Certificate[]): X509Certificate[] {
  const seen = new Map(certificates.map((cert) => [cert.fingerprint256, cert]));
  return [...seen.values()].filter((cert) => !cert.subject.split('\n').includes(`O=${OUR_ORGANIZATION}`));
}

/** A system file with one odd entry still serves with the others. */
function readable(pem: string): X509Certificate[] {
  const blocks = pem.split(/(?<=-----END CERTIFICATE-----)/);
  return blocks.flatMap((block) => {
    try {
      return certificatesIn(block);
    } catch {
      return [];
    }
  });
}

/** The bundle's text: what is trusted of the interception CA first, so that it is easily seen. */
export function bundleText(roots: SystemRoots, anchors: readonly X509Certificate[]): string {
  return [...anchors, ...roots.certificates].map((cert) => cert.toString()).join('');
}
