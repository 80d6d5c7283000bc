/** New authorities: the chain's, and the one that intercepts. */

import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { authorityName, DAY_MS, HOUR_MS, issue, signatureAlgorithm } from './certificate.ts';
import * as der from './der.ts';
import * as extensions from './extensions.ts';

/**
 * 825 days. Long enough that a CA which people install by hand is replaced less than every second year, with a warning
 * nine months ahead; short enough that nobody has forgotten how when it ends. It is also the longest that Apple takes
 * for anything below a root which its user installed (support.apple.com/103769), so no platform finds it too long.
 */
const CA_DAYS = 825;

export interface NewCaOptions {
  readonly now: Date;
  /** `length` bytes that nobody can guess, for serials and names. */
  readonly random: (length: number) => Uint8Array;
}

export interface NewCa {
  /** The CA file: what is to be trusted comes first. */
  readonly certPem: string;
  /** PKCS #8, PEM. Secret. */
  readonly keyPem: string;
}

/** The CA of the hop between Envoy and the judge proxy: one self-signed certificate. Only those two trust it. */
export function makeChainCa(options: NewCaOptions): NewCa {
  const authority = newAuthority(`chain CA ${mark(options)}`);
  return { certPem: certify(authority, authority, [extensions.isCa(0)], options), keyPem: pem(authority.privateKey) };
}

/**
 * The CA that clients trust for terminated hosts: a root, whose key is gone when this function returns, and below it
 * the CA that signs leaves. Clients are given the root; servers send the CA with each leaf.
 *
 * Two certificates, because a verifier need not look at a trust anchor's extensions (RFC 5280 §6.1 takes its name and
 * key alone), and Java does not: measured with OpenJDK 17, a self-signed CA with the same constraints could sign for
 * any host and address. In a CA below the root they are part of every path.
 *
 * Critical name constraints permit the given subtrees and exclude every IP address; EKU serverAuth keeps the CA from
 * signing mail, code and client certificates, which no DNS constraint touches. The root carries both too.
 * @param dns permitted subtrees, canonical names; empty permits every name, see `--danger-any-host` in the CLI
 */
export function makeInterceptionCa(dns: readonly string[], options: NewCaOptions): NewCa {
  const narrowed = [extensions.extendedKeyUsage('serverAuth'), extensions.nameConstraints(dns)];
  const id = mark(options);
  const root = newAuthority(`interception root ${id}`);
  const ca = newAuthority(`interception CA ${id}`);
  const rootPem = certify(root, root, [extensions.isCa(1), ...narrowed], options);
  const caPem = certify(ca, root, [extensions.isCa(0), ...narrowed], options);
  return { certPem: rootPem + caPem, keyPem: pem(ca.privateKey) };
}

interface Authority {
  readonly name: der.Node;
  readonly spki: Buffer;
  readonly keyId: Buffer;
  readonly privateKey: KeyObject;
}

function newAuthority(title: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return { name: authorityName(title), spki, keyId: keyIdOf(spki), privateKey };
}

/** In each name: two CAs of one name and different keys confuse stores that look issuers up by name. */
function mark(options: NewCaOptions): string {
  return Buffer.from(options.random(4)).toString('hex');
}

function certify(subject: Authority, issuer: Authority, more: readonly der.Node[], options: NewCaOptions): string {
  const algorithm = signatureAlgorithm(issuer.privateKey);
  if (algorithm === undefined) throw new Error('an EC key has an algorithm');
  const content = {
    serial: options.random(16),
    issuer: issuer.name,
    subject: subject.name,
    notBefore: new Date(options.now.getTime() - HOUR_MS),
    notAfter: new Date(options.now.getTime() + CA_DAYS * DAY_MS),
    spki: subject.spki,
    extensions: [
      ...more,
      extensions.keyUsage('certAndCrlSign'),
      extensions.subjectKeyId(subject.keyId),
      ...(subject === issuer ? [] : [extensions.authorityKeyId(issuer.keyId)]),
    ],
  };
  return issue(content, issuer.privateKey, algorithm);
}

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

/** RFC 7093 §2 method 1: the first 160 bits of SHA-256 over the public key's BIT STRING, without its pad byte. */
function keyIdOf(spki: Buffer): Buffer {
  const key = der.content(der.children(der.decode(spki))[1]).subarray(1);
  return createHash('sha256').update(key).digest().subarray(0, 20);
}
