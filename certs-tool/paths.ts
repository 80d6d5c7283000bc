/** Where each certificate lives. Envoy's SDS files and the compose file name the same files. */

import { dirname, join } from 'node:path';

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

/** The keys of the proxy's config that say where certificates are and what is terminated. */
export interface CertificateConfig {
  readonly listen: { readonly proxy: { readonly cert: string; readonly key: string; readonly client_ca: string } };
  readonly interception: { readonly ca_cert: string; readonly ca_key: string };
  readonly routes: readonly { readonly action: string; readonly hosts: readonly string[] }[];
}

/** Everything that `ensureCertificates` needs to know of a config. */
export interface CertificateSetup {
  readonly certDir: string;
  readonly paths: CertificatePaths;
  readonly terminatedHosts: readonly string[];
}

/** Files that the config does not name (keys of the chain CA, Envoy's pair, the bundle) lie beside those that it does. */
export function setupFor(config: CertificateConfig): CertificateSetup {
  const { cert, key, client_ca } = config.listen.proxy;
  const certDir = dirname(cert);
  return {
    certDir,
    paths: {
      ...pathsIn(certDir),
      serverCert: cert,
      serverKey: key,
      caCert: client_ca,
      caKey: `${client_ca.replace(/\.(crt|pem|cert)$/, '')}.key`,
      interceptionCaCert: config.interception.ca_cert,
      interceptionCaKey: config.interception.ca_key,
      trustBundle: join(dirname(config.interception.ca_cert), 'trust-bundle.pem'),
    },
    terminatedHosts: config.routes.filter(({ action }) => action === 'terminate').flatMap(({ hosts }) => hosts),
  };
}
