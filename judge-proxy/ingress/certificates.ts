/** The certificates of a listener, and taking up new ones without a restart. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { CertificateError } from '../../certs-tool/errors.ts';
import type { Log } from '../telemetry/log.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** CA of client certificates. CRLs in the same file are enforced. Absent: clients are not asked for one. */
  readonly client_ca?: string;
  /** The option that names the files, for errors; `listen.proxy` unless given. */
  readonly option?: string;
}

/** Oldest TLS: at the door the only peer is our own Envoy, and 1.2 would show its certificate to the wire. */
const MIN_VERSION = 'TLSv1.3';
/** Certificate and key are two files: a change of both is read once it has settled. */
const SETTLE_MS = 200;
/** Where no change is reported (network file systems, swapped directories) the files are compared this often. */
const POLL_MS = 60_000;

/**
 * Reads and checks the three files.
 * @throws CertificateError that names the file, what is wrong with it and the command that mends it
 */
export async function readCertificates(files: CertificateFiles): Promise<SecureContextOptions> {
  const fail = failures(files.option ?? 'listen.proxy');
  const cert = await fail.read(files.cert);
  const key = await fail.read(files.key);
  const clients =
    files.client_ca === undefined ? {} : clientTrust(files.client_ca, await fail.read(files.client_ca), fail);
  const leaf = fail.attempt(files.cert, () => new X509Certificate(cert));
  const privateKey = fail.attempt(files.key, () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw fail.unusable(files.key, `is not the key of ${files.cert}`);
  const context = { cert, key, minVersion: MIN_VERSION, ...clients } as const;
  fail.attempt(files.cert, () => createSecureContext(context));
  return context;
}

function clientTrust(file: string, pems: string, fail: Failures): Pick<SecureContextOptions, 'ca' | 'crl'> {
  const ca = blocks(pems, 'CERTIFICATE');
  const crl = blocks(pems, 'X509 CRL');
  if (ca.length === 0) throw fail.unusable(file, 'holds no certificate');
  for (const pem of ca) fail.attempt(file, () => new X509Certificate(pem));
  return { ca, ...(crl.length > 0 ? { crl } : {}) };
}

/** Calls back with each new, usable set of certificates. Unusable ones are reported and change nothing. */
export class CertificateWatcher {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #onChange: (context: SecureContextOptions) => void;
  readonly #watchers: FSWatcher[] = [];
  readonly #poll: NodeJS.Timeout;
  #settle: NodeJS.Timeout | undefined;
  #current: string;
  #complained = '';
  #closed = false;

  constructor(
    files: CertificateFiles,
    current: SecureContextOptions,
    log: Log,
    onChange: (context: SecureContextOptions) => void,
  ) {
    this.#files = files;
    this.#log = log;
    this.#onChange = onChange;
    this.#current = fingerprint(current);
    // Directories, not files: a rename puts another inode in the file's place, and a watch would stay on the old one.
    const named = [files.cert, files.key, files.client_ca].filter((file) => file !== undefined);
    for (const folder of new Set(named.map((file) => dirname(file)))) {
      const watcher = watch(folder, { persistent: false }, () => this.#changed());
      watcher.on('error', () => watcher.close()); // the poll goes on
      this.#watchers.push(watcher);
    }
    this.#poll = setInterval(() => void this.#check(), POLL_MS).unref();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
  }

  #changed(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.#check(), SETTLE_MS).unref();
  }

  async #check(): Promise<void> {
    try {
      const context = await readCertificates(this.#files);
      const print = fingerprint(context);
      if (this.#closed || print === this.#current) return;
      this.#onChange(context);
      this.#current = print;
      this.#complained = '';
      this.#log.write('info', 'certificates_changed', { file: this.#files.cert, expires: expiry(context) });
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (this.#closed || message === this.#complained) return;
      this.#complained = message;
      this.#log.write('warn', 'certificates_unusable', { file: this.#files.cert, reason: message });
    }
  }
}

/** End of the validity of the server certificate, RFC 3339. */
function expiry(context: SecureContextOptions): string {
  return new X509Certificate(String(context.cert)).validToDate.toISOString();
}

function fingerprint(context: SecureContextOptions): string {
  return JSON.stringify([context.cert, context.key, context.ca, context.crl]);
}

function blocks(pem: string, label: string): string[] {
  return pem.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g')) ?? [];
}

type Failures = ReturnType<typeof failures>;

/** Errors that name the option. */
function failures(option: string) {
  const unusable = (file: string, what: string, cause?: unknown): CertificateError => {
    const remedy = `Check the paths in ${option}, or make a new pair: npm run certs -- server --force`;
    return new CertificateError('certificate_unreadable', `${file} ${what}.`, remedy, cause);
  };
  return {
    unusable,
    async read(file: string): Promise<string> {
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
        const remedy = `Check the path in ${option}; npm run certs -- init makes what is missing.`;
        throw new CertificateError('file_failed', `${file} cannot be read (${code}).`, remedy, error);
      }
    },
    attempt<T>(file: string, parse: () => T): T {
      try {
        return parse();
      } catch (error) {
        throw unusable(file, 'cannot be used', error);
      }
    },
  };
}
