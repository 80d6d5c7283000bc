/** The interception CA as the config names it, and the watch over everything that expires. */

import { readFileSync } from 'node:fs';
import { loadCa, type SigningCa } from '../certs-tool/authority.ts';
import { CertificateError } from '../certs-tool/errors.ts';
import { freshness } from '../certs-tool/expiry.ts';
import { inspectCertificates } from '../certs-tool/inspect.ts';
import { setupFor } from '../certs-tool/paths.ts';
import { covers } from '../certs-tool/subtrees.ts';
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
  const refused = hosts.filter((host) => !covers(ca.constraints, host));
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
  const { paths } = setupFor(config);
  const report = async () => {
    for (const { name, file, state, facts } of await inspectCertificates(paths, new Date())) {
      if (facts === null) continue; // Envoy's own pair need not be on this machine, nor a CA that nothing needs
      metrics.certificate(LABELS[name], facts.expires.getTime());
      if (state === 'fresh') continue;
      log.write('warn', 'certificate_ends', {
        file,
        reason: state,
        count: facts.daysLeft,
        expires: facts.expires.toISOString(),
      });
    }
  };
  const run = () => void report().catch(() => log.write('warn', 'certificates_unreadable'));
  run();
  const timer = setInterval(run, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

const LABELS = {
  'chain CA': 'chain_ca',
  server: 'server',
  client: 'client',
  'interception CA': 'intercept_ca',
  'trust bundle': 'intercept_ca',
} as const;
