/** The X.509 v3 extensions that our certificates carry (RFC 5280 §4.2), and where to find those of a CA. */

import type { X509Certificate } from 'node:crypto';
import { constraintsNode } from './constraints.ts';
import * as der from './der.ts';
import { hostKind, ipBytes, ipText } from './hosts.ts';

export const OID = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

export type Purpose = 'serverAuth' | 'clientAuth';

/** Bits of keyUsage, as bytes of its BIT STRING with the count of unused ones. */
const KEY_USAGE = {
  // No keyEncipherment: it is RSA key transport, and our keys are EC.
  digitalSignature: der.bits(Buffer.of(0b1000_0000), 7),
  certAndCrlSign: der.bits(Buffer.of(0b0000_0110), 1),
} as const;

function extension(id: string, critical: boolean, value: der.Node): der.Node {
  const wrapped = der.octets(der.encode(value));
  return der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), wrapped);
}

/** @param pathLength how many CAs may stand below: 0 signs leaves alone */
export const isCa = (pathLength: number): der.Node =>
  extension(OID.basicConstraints, true, der.sequence(der.boolean(true), der.integer(pathLength)));
/** CA:FALSE is the default value and DER leaves defaults out, so the sequence is empty. */
export const isLeaf = (): der.Node => extension(OID.basicConstraints, true, der.sequence());
export const keyUsage = (usage: keyof typeof KEY_USAGE): der.Node => extension(OID.keyUsage, true, KEY_USAGE[usage]);
export const extendedKeyUsage = (...purposes: Purpose[]): der.Node =>
  extension(OID.extendedKeyUsage, false, der.sequence(...purposes.map((purpose) => der.oid(OID[purpose]))));
export const subjectKeyId = (id: Uint8Array): der.Node => extension(OID.subjectKeyId, false, der.octets(id));
/** @param id the issuer's subjectKeyIdentifier as it is stored there, never recomputed */
export const authorityKeyId = (id: Uint8Array): der.Node =>
  extension(OID.authorityKeyId, false, der.sequence(der.taggedBytes(0, id)));
export const nameConstraints = (dns: readonly string[]): der.Node =>
  extension(OID.nameConstraints, true, constraintsNode(dns));

/**
 * @param hosts canonical names and IP literals; addresses go to iPAddress, never to dNSName
 * @param subjectIsEmpty RFC 5280 §4.1.2.6: critical exactly then
 */
export function subjectAltName(hosts: readonly string[], subjectIsEmpty: boolean): der.Node {
  const names = hosts.map((host) =>
    hostKind(host) === 'ip' ? der.taggedBytes(7, ipBytes(host)) : der.taggedBytes(2, Buffer.from(host, 'latin1')),
  );
  return extension(OID.subjectAltName, subjectIsEmpty, der.sequence(...names));
}

/** Where reading a certificate starts: its tbsCertificate's subject and extensions. */
export interface CertificateParts {
  readonly subject: der.Node;
  /** Value of an extension by its OID, already decoded; undefined when it is not there. */
  extension(id: string): der.Node | undefined;
}

/**
 * Takes our own certificate, or the operator's CA, apart.
 * @param certificateDer bytes that X509Certificate has accepted before
 * @throws Error when they are not a v3 certificate
 */
export function readParts(certificateDer: Uint8Array): CertificateParts {
  const tbs = der.children(der.children(der.decode(certificateDer))[0]);
  // version [0], serial, algorithm, issuer, validity, subject, key, then [3] extensions among the optional rest.
  const subject = tbs[5];
  if (!der.isTagged(tbs[0], 0) || subject === undefined) throw new Error('not an X.509 v3 certificate');
  const extensions = der.children(der.children(tbs.find((part) => der.isTagged(part, 3)))[0]);
  return {
    subject,
    extension(id) {
      const found = extensions.find((candidate) => der.readOid(der.children(candidate)[0]) === id);
      return found === undefined ? undefined : extensionValue(found);
    },
  };
}

function extensionValue(node: der.Node): der.Node {
  return der.decode(der.content(der.children(node).at(-1)));
}

/** DNS names and addresses of a certificate of ours, in the order that they stand there. */
export function sansOf(cert: X509Certificate): string[] {
  return der.children(readParts(cert.raw).extension(OID.subjectAltName)).flatMap((name) => {
    if (der.isTagged(name, 2)) return [der.content(name).toString('latin1')];
    return der.isTagged(name, 7) ? [ipText(der.content(name))] : [];
  });
}
