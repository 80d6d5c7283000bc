/**
 * Errors of the certificate tools. They are read by whoever runs the proxy, never by its clients, so they name files
 * and the command that mends them. A code is API; the text is not.
 */

export type CertificateErrorCode =
  | 'ca_unreadable'
  | 'ca_key_unreadable'
  | 'ca_key_mismatch'
  | 'ca_key_missing'
  | 'ca_cert_missing'
  | 'ca_key_unsupported'
  | 'ca_not_a_ca'
  | 'ca_without_key_id'
  | 'ca_expired'
  | 'ca_not_yet_valid'
  | 'ca_too_narrow'
  | 'ca_exists'
  | 'ca_key_reused'
  | 'certificate_unreadable'
  | 'certificate_foreign'
  | 'host_invalid'
  | 'host_not_permitted'
  | 'any_host_refused'
  | 'no_hosts'
  | 'key_exposed'
  | 'file_failed'
  | 'roots_missing';

/** What goes wrong with a certificate, key or file, and what its reader can do about it: `message` says both. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly code: CertificateErrorCode;
  /** The first part of the message: what is wrong. */
  readonly problem: string;
  /** The second: a sentence or a command. */
  readonly remedy: string;

  constructor(code: CertificateErrorCode, problem: string, remedy: string, cause?: unknown) {
    super(`${problem} ${remedy}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** Runs `work`; a CertificateError that comes out of it is told again with the file it concerns and a better remedy. */
export function concerning<T>(file: string, remedy: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(error.code, `${file}: ${error.problem}`, remedy, error);
  }
}
