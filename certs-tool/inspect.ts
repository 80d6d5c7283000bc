/** How the certificates on disk stand: for `certs show`, check-config and the expiry metric. Changes nothing. */

import type { X509Certificate } from 'node:crypto';
import { readConstraints } from './constraints.ts';
import type { CertificateName } from './ensure-context.ts';
import { daysLeft, type Freshness, freshness } from './expiry.ts';
import { OID, readParts, sansOf } from './extensions.ts';
import { readIfThere } from './files.ts';
import type { CertificatePaths } from './paths.ts';
import { certificatesIn } from './pem.ts';

export interface CertificateStatus {
  readonly name: CertificateName;
  readonly file: string;
  /** `due`: a third of its life or less is left. */
  readonly state: Freshness | 'missing' | 'damaged';
  readonly facts: CertificateFacts | null;
}

export interface CertificateFacts {
  readonly subject: string;
  /** What it is for: names of an end, permitted subtrees of the interception CA. */
  readonly hosts: readonly string[];
  readonly excludesAllIps: boolean;
  readonly from: Date;
  readonly expires: Date;
  readonly daysLeft: number;
  /** SHA-256, as browsers show it. */
  readonly fingerprint: string;
}

/** Chain CA, server, client and interception CA, in this order. */
export async function inspectCertificates(paths: CertificatePaths, now: Date): Promise<CertificateStatus[]> {
  const files: readonly (readonly [CertificateName, string])[] = [
    ['chain CA', paths.caCert],
    ['server', paths.serverCert],
    ['client', paths.clientCert],
    ['interception CA', paths.interceptionCaCert],
  ];
  return await Promise.all(files.map(async ([name, file]) => inspect(name, file, await readIfThere(file), now)));
}

function inspect(name: CertificateName, file: string, pem: string | null, now: Date): CertificateStatus {
  if (pem === null) return { name, file, state: 'missing', facts: null };
  try {
    const cert = certificatesIn(pem)[0];
    if (cert === undefined) return { name, file, state: 'damaged', facts: null };
    return { name, file, state: freshness(cert, now), facts: factsOf(cert, now) };
  } catch {
    return { name, file, state: 'damaged', facts: null };
  }
}

function factsOf(cert: X509Certificate, now: Date): CertificateFacts {
  const extension = readParts(cert.raw).extension(OID.nameConstraints);
  const constraints = extension === undefined ? null : readConstraints(extension);
  return {
    subject: cert.subject.replaceAll('\n', ', '),
    hosts: constraints === null ? sansOf(cert) : constraints.dns,
    excludesAllIps: constraints?.excludesAllIps ?? false,
    from: cert.validFromDate,
    expires: cert.validToDate,
    daysLeft: daysLeft(cert, now),
    fingerprint: cert.fingerprint256,
  };
}
