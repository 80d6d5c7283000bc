/**
 * DER, built by node-forge's ASN.1 tree and nothing else of it: forge cannot sign with EC keys, and its parsing of
 * certificates has a history (CVE-2025-12816, -66031, -66030; CVE-2026-33891, -33894, -33895, -33896). What it reads
 * here is our own DER or the operator's CA file; a peer's bytes never come near it.
 *
 * forge's strings are binary: one character a byte (latin1).
 */

import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;

export type Node = forge.asn1.Asn1;

/** Tags as this tool meets them when it reads. */
export const TAG = {
  oid: Type.OID,
  sequence: Type.SEQUENCE,
} as const;

const binary = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
const primitive = (type: forge.asn1.Type, value: string): Node => asn1.create(Class.UNIVERSAL, type, false, value);

export const sequence = (...items: Node[]): Node => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, items);
export const set = (...items: Node[]): Node => asn1.create(Class.UNIVERSAL, Type.SET, true, items);
export const oid = (dotted: string): Node => primitive(Type.OID, asn1.oidToDer(dotted).getBytes());
export const boolean = (value: boolean): Node => primitive(Type.BOOLEAN, value ? '\xff' : '\0');
export const nothing = (): Node => primitive(Type.NULL, '');
export const utf8 = (text: string): Node => primitive(Type.UTF8, binary(Buffer.from(text, 'utf8')));
export const octets = (content: Uint8Array): Node => primitive(Type.OCTETSTRING, binary(content));
/** A small non-negative number. */
export const integer = (value: number): Node => primitive(Type.INTEGER, asn1.integerToDer(value).getBytes());
/** A big-endian number that is already minimal and positive. */
export const integerBytes = (bytes: Uint8Array): Node => primitive(Type.INTEGER, binary(bytes));
/** @param unused how many low bits of the last byte do not count (X.690 §8.6.2.2) */
export const bits = (content: Uint8Array, unused = 0): Node =>
  primitive(Type.BITSTRING, String.fromCharCode(unused) + binary(content));
/** `[n]` around a value, for EXPLICIT tags and for IMPLICIT ones on constructed types. */
export const tagged = (n: number, ...items: Node[]): Node => asn1.create(Class.CONTEXT_SPECIFIC, n, true, items);
/** `[n] IMPLICIT` on a primitive type. */
export const taggedBytes = (n: number, content: Uint8Array): Node =>
  asn1.create(Class.CONTEXT_SPECIFIC, n, false, binary(content));

/** Time as RFC 5280 §4.1.2.5 wants it: UTCTime to the end of 2049, GeneralizedTime from 2050. Whole seconds. */
export function time(at: Date): Node {
  return at.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, asn1.dateToUtcTime(at))
    : primitive(Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(at));
}

export function encode(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/**
 * Reads DER of our own making or out of the operator's CA file.
 * @throws Error of forge's when the bytes are not DER
 */
export function decode(der: Uint8Array): Node {
  return asn1.fromDer(binary(der));
}

/** The parts of a constructed value; none of a primitive one. */
export function children(node: Node | undefined): readonly Node[] {
  return node !== undefined && Array.isArray(node.value) ? node.value : [];
}

/** The content of a primitive value; empty for a constructed one. */
export function content(node: Node | undefined): Buffer {
  return typeof node?.value === 'string' ? Buffer.from(node.value, 'latin1') : Buffer.alloc(0);
}

export function isUniversal(node: Node | undefined, type: number): boolean {
  return node !== undefined && node.tagClass === Class.UNIVERSAL && node.type === type;
}

export function isTagged(node: Node | undefined, n: number): boolean {
  return node !== undefined && node.tagClass === Class.CONTEXT_SPECIFIC && node.type === n;
}

/** Dotted form of an object identifier; undefined for anything else. */
export function readOid(node: Node | undefined): string | undefined {
  if (!isUniversal(node, TAG.oid) || typeof node?.value !== 'string' || node.value === '') return undefined;
  return asn1.derToOid(node.value);
}
