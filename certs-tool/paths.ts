/** Where each certificate lives. Envoy's SDS files and the compose file name the same files. */

import { join } from 'node:path';

export interface CertificatePaths {
  readonly caCert: string;
  readonly caKey: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
  readonly interceptionCaCert: string;
  readonly interceptionCaKey: string;
  readonly trustBundle: string;
}

/** The files' names in one directory. */
export function pathsIn(directory: string): CertificatePaths {
  return {
    caCert: join(directory, 'ca.crt'),
    caKey: join(directory, 'ca.key'),
    serverCert: join(directory, 'server.crt'),
    serverKey: join(directory, 'server.key'),
    clientCert: join(directory, 'envoy-client.crt'),
    clientKey: join(directory, 'envoy-client.key'),
    interceptionCaCert: join(directory, 'intercept-ca.crt'),
    interceptionCaKey: join(directory, 'intercept-ca.key'),
    trustBundle: join(directory, 'trust-bundle.pem'),
  };
}
