/** Exchanges for the tests of wire formats. */

import fc from 'fast-check';
import type { DecodedExchange, Reading } from '../api.ts';
import type { Json } from '../json.ts';

/** An exchange as JSON request and answer, whole and successful unless said otherwise. */
export function exchange(path: string, over: Partial<DecodedExchange> = {}): DecodedExchange {
  return {
    method: 'POST',
    path,
    status: 200,
    request: null,
    response: null,
    responseContentType: 'application/json',
    requestCut: false,
    responseCut: false,
    responseEnded: true,
    ...over,
  };
}

/** Payloads as an event stream, strings as they are. */
export function sse(payloads: readonly (Json | object)[], named = false): string {
  return payloads
    .map((payload) => {
      const data = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const type =
        named && typeof payload === 'object' && payload !== null && 'type' in payload
          ? `event: ${String(payload.type)}\n`
          : '';
      return `${type}data: ${data}\n\n`;
    })
    .join('');
}

/** Parts as `place role kind <name>: text`, hashes as `#`. */
export function lines(reading: Reading): string[] {
  return reading.transcript.parts.map((part) => {
    const name = part.name === undefined ? '' : ` <${part.name}>`;
    return `${part.place} ${part.role} ${part.kind}${name}: ${part.text.replace(/sha256 [0-9a-f]{64}/, '#')}`;
  });
}

/** Texts of all parts. */
export function texts(reading: Reading): string[] {
  return reading.transcript.parts.map((part) => part.text);
}

/** Any string at all, lone surrogates included. (fast-check's `binary` unit takes seconds to set up.) */
export const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
});
