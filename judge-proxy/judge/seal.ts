/**
 * The original of an exchange, encrypted to the operator's public keys in the age format (C2SP age, v1). This program has
 * no private key and cannot open what it wrote; `age --decrypt -i KEY` can.
 *
 * Inside is one JSON document (docs/redaction.md): bodies as they were after content codings were undone, and of headers
 * none but the types of the bodies.
 */

import { hash } from 'node:crypto';
import { Encrypter } from 'age-encryption';
import type { Capture, CapturedBody } from '../exchange/capture.ts';
import type { DecodedBody } from '../exchange/decode.ts';
import type { Sealed } from '../ledger/ledger.ts';

/** Encrypts a document. */
export type Seal = (document: string) => Promise<Sealed>;

/**
 * @param recipients public keys, as the config was checked for
 * @returns null without any
 */
export function createSeal(recipients: readonly string[]): Seal | null {
  if (recipients.length === 0) return null;
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return async (document) => {
    const bytes = await encrypter.encrypt(document);
    return { sha256: hash('sha256', bytes), bytes };
  };
}

/** @returns null where the exchange is not to be sealed, or nobody could open it */
export async function sealedOriginal(
  capture: Capture,
  request: DecodedBody,
  response: DecodedBody,
  seal: Seal | undefined,
): Promise<Sealed | null> {
  if (capture.seal !== true || seal === undefined) return null;
  const { exchangeId, method, host, path, status } = capture;
  const document = {
    version: 1,
    exchange_id: exchangeId,
    method,
    host,
    path,
    status,
    request: originalBody(capture.request, request),
    response: originalBody(capture.response, response),
  };
  return seal(`${JSON.stringify(document)}\n`);
}

/** `complete` false: the copy is shorter than what passed, or what passed did not come to its end. */
function originalBody(body: CapturedBody, decoded: DecodedBody) {
  const { total: bytes, contentType: content_type, contentEncoding: content_encoding } = body;
  const readable = decoded.text !== null && !decoded.reasons.includes('decode_failed');
  if (readable) return { content_type, bytes, complete: !decoded.cut, text: decoded.text };
  // What its coding does not explain is kept as it was on the wire.
  const complete = body.cut === null && body.ended;
  return { content_type, bytes, complete, content_encoding, base64: Buffer.from(body.bytes).toString('base64') };
}
