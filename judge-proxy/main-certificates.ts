/** The interception CA as the config names it, and the watch over everything that expires. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadCa, permits, type SigningCa } from '../certs-tool/authority.ts';
import { CertificateError } from '../certs-tool/errors.ts';
import { daysLeft, freshness } from '../certs-tool/expiry.ts';
import type { Config } from './config/schema.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

const REMEDY = 'Run: npm run certs -- intercept-ca';
const CHECK_MS = 3_600_000;

/**
 * The CA that signs for terminated hosts. Without a `terminate` route none is needed; then signing throws.
 * @throws {CertificateError} when it is missing, unreadable, expired, or may not sign for a terminated host
 */
export function loadInterceptionCa(config: Config): () => SigningCa {
  const hosts = config.routes.filter((route) => route.action === 'terminate').flatMap((route) => route.hosts);
  if (hosts.length === 0) return noCa;
  const { ca_cert, ca_key } = config.interception;
  const ca = loadCa(read(ca_cert), read(ca_key));
  if (freshness(ca.cert, new Date()) === 'expired') {
    throw new CertificateError(
      'ca_expired',
      `The interception CA ${ca_cert} has expired.`,
      `${REMEDY} --force issues a new one, which clients then have to trust.`,
    );
  }
  const refused = hosts.filter((host) => !permits(ca, host.replace(/^\*\./, '')));
  if (refused.length > 0) {
    throw new CertificateError(
      'ca_too_narrow',
      `The interception CA ${ca_cert} may not sign for ${refused.join(', ')}.`,
      `${REMEDY} --force issues one for all terminated hosts, which clients then have to trust.`,
    );
  }
  return () => ca;
}

function noCa(): never {
  throw new Error('no route terminates: nothing is signed');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CertificateError(
      'ca_cert_missing',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'failed'}).`,
      'Run: npm run certs -- init',
      error,
    );
  }
}

/**
 * Tells metrics and log when certificates end: now and every hour. Warns when a third of the lifetime is left.
 * @returns the function that ends the watch
 */
export function reportExpiry(config: Config, metrics: Metrics, log: Log): () => void {
  const files = [
    ['server', config.listen.proxy.cert],
    ['chain_ca', config.listen.proxy.client_ca],
    ['intercept_ca', config.interception.ca_cert],
  ] as const;
  const report = () => {
    for (const [name, file] of files) {
      const cert = tryRead(file);
      if (cert === null) continue;
      metrics.certificate(name, cert.validToDate.getTime());
      const state = freshness(cert, new Date());
      if (state === 'fresh') continue;
      log.write('warn', 'certificate_ends', {
        file,
        reason: state,
        count: daysLeft(cert, new Date()),
        expires: cert.validToDate.toISOString(),
      });
    }
  };
  report();
  const timer = setInterval(report, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** null when the file is not there: an interception CA is not needed by every config. */
function tryRead(file: string): X509Certificate | null {
  try {
    return new X509Certificate(readFileSync(file));
  } catch {
    return null;
  }
}
