/**
 * The two ends of the hop from Envoy to the judge proxy: a server certificate for us, a client certificate for Envoy.
 * Both come from the chain CA, last 90 days, and are replaced when 30 are left: a missed renewal has a month to be
 * noticed, and nothing that was stolen stays good for long. Each renewal has a new key.
 */

import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { OUR_ORGANIZATION } from './certificate.ts';
import { type CaKind, type EnsuredCa, missingKey } from './ensure-ca.ts';
import { type CertificateName, type EnsureContext, type EnsuredItem, failure, item, KEPT } from './ensure-context.ts';
import { freshness } from './expiry.ts';
import { OID, type Purpose, sansOf } from './extensions.ts';
import { guardKey, type Pair, readIfThere, writePair } from './files.ts';
import { comparable } from './hosts.ts';
import { issueIdentity } from './leaf.ts';
import { certificatesIn } from './pem.ts';
import { certsCommand } from './remedy.ts';

const END_DAYS = 90;

/** The names under which Envoy, compose and people on the machine reach the judge proxy. */
const SERVER_HOSTS = ['llm-as-judge-proxy', 'localhost', '127.0.0.1'] as const;
/** What the judge proxy asks of whoever may say who the client is. */
const CLIENT_HOSTS = ['envoy-proxy'] as const;

/** One end of the hop. */
interface End {
  readonly name: CertificateName;
  readonly files: Pair;
  readonly purpose: Purpose;
  /** Names that it must have; more are kept at renewal. */
  readonly hosts: readonly string[];
  readonly mend: string;
}

export function serverEnd(context: EnsureContext, extraHosts: readonly string[] = []): End {
  return {
    name: 'server',
    files: { certFile: context.paths.serverCert, keyFile: context.paths.serverKey },
    purpose: 'serverAuth',
    hosts: [...SERVER_HOSTS, ...extraHosts],
    mend: certsCommand('server --force', context),
  };
}

export function clientEnd(context: EnsureContext): End {
  return {
    name: 'client',
    files: { certFile: context.paths.clientCert, keyFile: context.paths.clientKey },
    purpose: 'clientAuth',
    hosts: CLIENT_HOSTS,
    mend: certsCommand('client --force', context),
  };
}

/** The chain CA as the ends need it: with its key to sign, or as certificates alone to check against. */
export interface ChainSigner {
  readonly kind: CaKind;
  readonly ensured: EnsuredCa | null;
  readonly certificates: readonly X509Certificate[];
}

/** What is on disk of an end. */
interface Found {
  readonly cert: X509Certificate;
  readonly keyPem: string | null;
}

/**
 * Issues the end's certificate if it is missing, due, or not what it should be; a certificate that this tool did not
 * make is never replaced without `force`.
 * @throws CertificateError that names file and command
 */
export async function ensureEnd(
  end: End,
  chain: ChainSigner,
  context: EnsureContext,
  force = false,
): Promise<EnsuredItem> {
  const found = await find(end, force);
  const reason = force ? 'asked for' : reasonToIssue(end, found, chain, context);
  if (found !== null && reason === null) {
    if (await guardKey(end.files.keyFile)) {
      context.warnings.push(`${end.files.keyFile} was open to others; their permissions are removed.`);
    }
    return item(end.name, end.files.certFile, KEPT, found.cert);
  }
  return issueEnd(end, found, reason ?? 'missing', chain, context);
}

async function find({ files, mend }: End, force: boolean): Promise<Found | null> {
  const certPem = await readIfThere(files.certFile);
  if (certPem === null) return null;
  try {
    return { cert: new X509Certificate(certPem), keyPem: await readIfThere(files.keyFile) };
  } catch {
    if (force) return null;
    throw failure('certificate_unreadable', files.certFile, 'the certificate is damaged.', `Run: ${mend}`);
  }
}

/** Null when all is well. */
function reasonToIssue(end: End, found: Found | null, chain: ChainSigner, context: EnsureContext): string | null {
  if (found === null) return 'missing';
  const { cert, keyPem } = found;
  if (!chain.certificates.some((ca) => cert.checkIssued(ca) && cert.verify(ca.publicKey))) {
    // Our own name as issuer: made by this tool under a chain CA that has been replaced since.
    if (cert.issuer.split('\n').includes(`O=${OUR_ORGANIZATION}`)) return 'issued by an earlier chain CA';
    const what = `the certificate was not issued by ${context.paths.caCert}.`;
    throw failure('certificate_foreign', end.files.certFile, what, `To replace it, run: ${end.mend}`);
  }
  if (keyPem === null) return 'its key is missing';
  if (!belongs(cert, keyPem)) return 'the key beside it is another';
  if (cert.keyUsage?.includes(OID[end.purpose]) !== true) return `not for ${end.purpose}`;
  const has = new Set(sansOf(cert).map(comparable));
  const missing = end.hosts.filter((host) => !has.has(comparable(host)));
  if (missing.length > 0) return `without the name ${missing.join(', ')}`;
  return staleReason(cert, context.now);
}

function staleReason(cert: X509Certificate, now: Date): string | null {
  const state = freshness(cert, now);
  switch (state) {
    case 'fresh':
      return null;
    case 'due':
      return 'less than a third of its life is left';
    case 'expired':
      return 'expired';
    case 'not_yet_valid':
      return 'not valid yet';
    default:
      return state satisfies never;
  }
}

function belongs(cert: X509Certificate, keyPem: string): boolean {
  try {
    return cert.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

async function issueEnd(
  end: End,
  found: Found | null,
  reason: string,
  chain: ChainSigner,
  context: EnsureContext,
): Promise<EnsuredItem> {
  if (chain.ensured === null) {
    const what = `the private key of ${chain.kind.files.certFile} is missing, but ${end.files.certFile} is to be issued (${reason}).`;
    throw missingKey(chain.kind, what);
  }
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const options = { now: context.now, serial: context.random(16), days: END_DAYS };
  const hosts = [...end.hosts, ...namesToKeep(end, found)];
  const certPem = issueIdentity(chain.ensured.ca, hosts, end.purpose, publicKey, options);
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writePair(end.files, { certPem, keyPem });
  const action = found === null ? 'made' : 'renewed';
  return item(end.name, end.files.certFile, { action, reason }, certificatesIn(certPem)[0] ?? null);
}

/** Names that an operator added with --san stay through renewals. */
function namesToKeep(end: End, found: Found | null): string[] {
  if (found === null) return [];
  const wanted = new Set(end.hosts.map(comparable));
  return sansOf(found.cert).filter((name) => !wanted.has(comparable(name)));
}
