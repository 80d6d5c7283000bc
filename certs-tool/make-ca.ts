/** New authorities: the chain's, and the one that intercepts. */

import { createHash, generateKeyPairSync } from 'node:crypto';
import { authorityName, DAY_MS, HOUR_MS, issue, signatureAlgorithm } from './certificate.ts';
import type * as der from './der.ts';
import { children, content, decode } from './der.ts';
import * as extensions from './extensions.ts';

/**
 * 825 days. Long enough that a CA which people install by hand is replaced less than every second year, with a warning
 * nine months ahead; short enough that nobody has forgotten how when it ends. It is also the longest that Apple takes
 * for anything below a root which its user installed (support.apple.com/103769), so no platform finds it too long.
 */
export const CA_DAYS = 825;

export interface NewCaOptions {
  readonly now: Date;
  /** `length` bytes that nobody can guess, for serial and name. */
  readonly random: (length: number) => Uint8Array;
}

export interface NewCa {
  readonly certPem: string;
  /** PKCS #8, PEM. Secret. */
  readonly keyPem: string;
}

/** The CA of the hop between Envoy and the judge proxy. Only those two trust it. */
export function makeChainCa(options: NewCaOptions): NewCa {
  return selfSigned('chain CA', [], options);
}

/**
 * The CA that clients trust for terminated hosts.
 * Critical name constraints permit the given subtrees and exclude every IP address; EKU serverAuth keeps it from
 * signing mail, code and client certificates, which no DNS constraint touches.
 * @param dns permitted subtrees, canonical names; empty permits every name, see `any-host` in the CLI
 */
export function makeInterceptionCa(dns: readonly string[], options: NewCaOptions): NewCa {
  const narrowed = [extensions.extendedKeyUsage('serverAuth'), extensions.nameConstraints(dns)];
  return selfSigned('interception CA', narrowed, options);
}

function selfSigned(title: string, more: readonly der.Node[], options: NewCaOptions): NewCa {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = signatureAlgorithm(privateKey);
  if (algorithm === undefined) throw new Error('an EC key has an algorithm');
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  // A name of its own for each: two CAs of one name and different keys confuse stores that look issuers up by name.
  const subject = authorityName(`${title} ${Buffer.from(options.random(4)).toString('hex')}`);
  const certPem = issue(
    {
      serial: options.random(16),
      issuer: subject,
      subject,
      notBefore: new Date(options.now.getTime() - HOUR_MS),
      notAfter: new Date(options.now.getTime() + CA_DAYS * DAY_MS),
      spki,
      extensions: [
        extensions.isCa(),
        extensions.keyUsage('certAndCrlSign'),
        extensions.subjectKeyId(keyId(spki)),
        ...more,
      ],
    },
    privateKey,
    algorithm,
  );
  return { certPem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

/** RFC 7093 §2 method 1: the first 160 bits of SHA-256 over the public key's BIT STRING, without its pad byte. */
function keyId(spki: Buffer): Buffer {
  const key = content(children(decode(spki))[1]).subarray(1);
  return createHash('sha256').update(key).digest().subarray(0, 20);
}
