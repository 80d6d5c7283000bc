/** Which certificate authorities origins are checked against. Loaded once; there is no switch that turns checking off. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { CertificateError } from '../../certs-tool/errors.ts';

export interface Trust {
  /** For every TLS connection to an origin: TLS 1.2 or newer, the roots below. */
  readonly secureContext: SecureContext;
  /** How many authorities are trusted. */
  readonly authorities: number;
}

/**
 * The system's roots, or Node's bundled ones where the system has none (distroless images), with `NODE_EXTRA_CA_CERTS`
 * and the files of the operator beside them. The bundled roots are not added to a system store: an operator may have
 * removed an authority from it on purpose.
 * @param caFiles PEM files with one or more certificates
 * @throws CertificateError that names the file that cannot be read or holds no certificate
 */
export function loadTrust(caFiles: readonly string[]): Trust {
  const system = getCACertificates('system');
  const roots = system.length > 0 ? system : getCACertificates('bundled');
  const ca = [...roots, ...getCACertificates('extra'), ...caFiles.flatMap(readCertificates)];
  return { secureContext: createSecureContext({ ca, minVersion: 'TLSv1.2' }), authorities: ca.length };
}

function readCertificates(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(file, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw unusable(file, 'holds no certificate');
  for (const pem of certificates) {
    try {
      new X509Certificate(pem);
    } catch (error) {
      throw unusable(file, 'holds a certificate that cannot be read', error);
    }
  }
  return certificates;
}

function unusable(file: string, what: string, cause?: unknown): CertificateError {
  const remedy = 'Mend the file, or its path in the `ca_files` of the configuration.';
  return new CertificateError('file_failed', `The CA file ${file} ${what}.`, remedy, cause);
}
