/** The certificate of the admin listener: read at the start, and again when it is renewed. */

import type { SecureContextOptions } from 'node:tls';
import type { Config } from '../../config/schema.ts';
import { CertificateWatcher, readCertificates } from '../../ingress/certificates.ts';
import type { Log } from '../../telemetry/log.ts';

type TlsFiles = Config['listen']['admin']['tls'];

export interface AdminTls {
  readonly context: SecureContextOptions;
  /** Calls back with each new certificate. Returns what ends it. */
  watch(onChange: (context: SecureContextOptions) => void): () => void;
}

/** @throws CertificateError that names file and option */
export async function readAdminTls({ cert, key }: TlsFiles, log: Log): Promise<AdminTls> {
  const files = { cert, key, option: 'listen.admin.tls' };
  const context = await readCertificates(files);
  return {
    context,
    watch: (onChange) => {
      const watcher = new CertificateWatcher(files, context, log, onChange);
      return () => watcher.close();
    },
  };
}
