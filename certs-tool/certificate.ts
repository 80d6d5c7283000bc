/** One certificate: what it says, signed and in PEM (RFC 5280 §4.1). */

import { type KeyObject, sign } from 'node:crypto';
import * as der from './der.ts';
import { toPem } from './pem.ts';

/** An AlgorithmIdentifier, and the digest that node:crypto signs with for it. */
export interface SignatureAlgorithm {
  readonly identifier: () => der.Node;
  readonly digest: 'sha256';
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
/** ub-common-name of RFC 5280 appendix A.1. */
const LONGEST_COMMON_NAME = 64;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/**
 * The signature algorithm for a CA key; undefined for keys that we do not sign with. Ours are P-256; an operator's own
 * CA may be any EC or RSA.
 */
export function signatureAlgorithm(key: KeyObject): SignatureAlgorithm | undefined {
  // RFC 5758 §3.2: parameters absent. RFC 4055 §5: parameters NULL.
  if (key.asymmetricKeyType === 'ec') return { digest: 'sha256', identifier: ecdsaWithSha256 };
  if (key.asymmetricKeyType === 'rsa') return { digest: 'sha256', identifier: sha256WithRsa };
  return undefined;
}

const ecdsaWithSha256 = (): der.Node => der.sequence(der.oid('1.2.840.10045.4.3.2'));
const sha256WithRsa = (): der.Node => der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nothing());

export interface CertificateContent {
  readonly serial: Uint8Array;
  readonly issuer: der.Node;
  readonly subject: der.Node;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly extensions: readonly der.Node[];
}

/** Assembles and signs. @returns PEM */
export function issue(content: CertificateContent, key: KeyObject, algorithm: SignatureAlgorithm): string {
  const tbs = der.sequence(
    der.tagged(0, der.integer(2)), // v3
    der.integerBytes(positive(content.serial)),
    algorithm.identifier(),
    content.issuer,
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    content.subject,
    der.decode(content.spki),
    der.tagged(3, der.sequence(...content.extensions)),
  );
  // node:crypto gives the signature of an EC key in the DER form that X.509 wants.
  const signature = sign(algorithm.digest, der.encode(tbs), key);
  return toPem(der.encode(der.sequence(tbs, algorithm.identifier(), der.bits(signature))));
}

/**
 * RFC 5280 §4.1.2.2: positive, at most 20 bytes; DER: no superfluous leading zero. Clearing the top bit and setting the
 * next one gives all three and leaves 126 of 128 random bits.
 */
function positive(serial: Uint8Array): Uint8Array {
  if (serial.length < 8 || serial.length > 20) throw new RangeError('a serial has 8 to 20 bytes');
  const bytes = Uint8Array.from(serial);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** A subject of one common name; none at all when the name is longer than a common name may be. */
export function commonName(name: string): der.Node {
  return [...name].length > LONGEST_COMMON_NAME ? der.sequence() : der.sequence(attribute(COMMON_NAME, name));
}

/** The name of an authority of ours. */
export function authorityName(name: string): der.Node {
  return der.sequence(attribute(ORGANIZATION, OUR_ORGANIZATION), attribute(COMMON_NAME, name));
}

/** In the subject of each authority that this tool makes; trust bundles know our own by it. */
export const OUR_ORGANIZATION = 'llm-as-judge-proxy';

const attribute = (type: string, value: string): der.Node => der.set(der.sequence(der.oid(type), der.utf8(value)));
