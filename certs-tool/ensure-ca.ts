/** Opens a CA from its two files, or makes it where both are missing. What exists is never changed without being asked. */

import { loadCa, type SigningCa } from './authority.ts';
import {
  type CertificateName,
  type Done,
  type EnsureContext,
  type EnsuredItem,
  failure,
  item,
  KEPT,
} from './ensure-context.ts';
import { concerning } from './errors.ts';
import { daysLeft, freshness } from './expiry.ts';
import { createPair, guardKey, type Pair, readIfThere, writePair } from './files.ts';
import { checkValidity } from './leaf.ts';
import type { NewCa } from './make-ca.ts';

/** One of the two authorities: its files, how it is made, and what its users are told. */
export interface CaKind {
  readonly name: CertificateName;
  readonly files: Pair;
  /** The command that replaces it, with what follows from that. */
  readonly mend: string;
  make(): NewCa;
}

export interface EnsuredCa {
  readonly ca: SigningCa;
  readonly item: EnsuredItem;
}

/**
 * @returns the CA; null when its certificate is there and its key is not
 * @throws CertificateError that names file and command
 */
export async function ensureCa(kind: CaKind, context: EnsureContext): Promise<EnsuredCa | null> {
  const { certFile, keyFile } = kind.files;
  const certPem = await readIfThere(certFile);
  const keyPem = await readIfThere(keyFile);
  if (certPem === null && keyPem === null) return makeCa(kind, 'missing', createPair);
  if (certPem === null) {
    const mend = `Restore it, or run: ${kind.mend}`;
    throw failure('ca_cert_missing', certFile, `the certificate is missing, its key ${keyFile} is there.`, mend);
  }
  if (keyPem === null) return null;
  const ensured = read(kind, { certPem, keyPem }, KEPT);
  concerning(certFile, `Run: ${kind.mend}`, () => checkValidity(ensured.ca, context.now));
  await warnOf(kind, ensured.ca, context);
  return ensured;
}

/** Replaces a CA, existing or not: the caller has been told to. */
export function replaceCa(kind: CaKind): Promise<EnsuredCa> {
  return makeCa(kind, 'asked for', writePair);
}

export function missingKey(kind: CaKind, what: string): Error {
  return failure('ca_key_missing', kind.files.keyFile, what, `Restore it, or run: ${kind.mend}`);
}

async function makeCa(kind: CaKind, reason: string, write: typeof writePair): Promise<EnsuredCa> {
  const made = kind.make();
  await write(kind.files, made);
  return read(kind, made, { action: 'made', reason });
}

function read(kind: CaKind, { certPem, keyPem }: NewCa, done: Done): EnsuredCa {
  const ca = concerning(kind.files.certFile, `Run: ${kind.mend}`, () => loadCa(certPem, keyPem));
  return { ca, item: item(kind.name, kind.files.certFile, done, ca.cert) };
}

async function warnOf(kind: CaKind, ca: SigningCa, context: EnsureContext): Promise<void> {
  const { certFile, keyFile } = kind.files;
  if (await guardKey(keyFile)) {
    context.warnings.push(`${keyFile} was open to others; their permissions are removed.`);
  }
  if (freshness(ca.cert, context.now) === 'due') {
    context.warnings.push(`${certFile} ends in ${daysLeft(ca.cert, context.now)} days. To replace it: ${kind.mend}`);
  }
}
