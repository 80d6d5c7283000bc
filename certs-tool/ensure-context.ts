/** What every step of making certificates sure is given, and what it gives back. */

import type { X509Certificate } from 'node:crypto';
import { CertificateError, type CertificateErrorCode } from './errors.ts';
import type { CertificatePaths } from './paths.ts';

export type CertificateName = 'chain CA' | 'server' | 'client' | 'interception CA' | 'trust bundle';

/** One file that was looked at. */
export interface EnsuredItem {
  readonly name: CertificateName;
  readonly file: string;
  readonly action: 'made' | 'renewed' | 'kept';
  /** Why it was made or renewed; empty when kept. */
  readonly reason: string;
  /** End of validity; null for the bundle. */
  readonly expires: Date | null;
}

export interface EnsureContext {
  readonly certDir: string;
  readonly paths: CertificatePaths;
  /** Host patterns of the `terminate` routes. */
  readonly hosts: readonly string[];
  readonly configFile: string | undefined;
  readonly now: Date;
  readonly random: (length: number) => Uint8Array;
  /** Sentences for the operator; steps add to it. */
  readonly warnings: string[];
}

export type Done = Pick<EnsuredItem, 'action' | 'reason'>;
export const KEPT: Done = { action: 'kept', reason: '' };

export function item(name: CertificateName, file: string, done: Done, cert: X509Certificate | null): EnsuredItem {
  return { name, file, ...done, expires: cert?.validToDate ?? null };
}

export function failure(code: CertificateErrorCode, file: string, what: string, remedy: string): CertificateError {
  return new CertificateError(code, `${file}: ${what}`, remedy);
}
