import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProxyError } from '../errors.ts';
import { bodyFraming, type RequestHead } from './framing.ts';

function head(rawHeaders: string[], more: Partial<RequestHead> = {}): RequestHead {
  return {
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders: ['Host', 'a.test', ...rawHeaders],
    endedWithHead: false,
    ...more,
  };
}

function outcome(request: RequestHead): string {
  const framing = bodyFraming(request);
  if (framing instanceof ProxyError) return `${framing.code} ${framing.reason}`;
  return framing.kind === 'length' ? `length ${framing.bytes}` : framing.kind;
}

const H10 = { httpVersionMinor: 0 };
const H2 = { httpVersionMajor: 2, httpVersionMinor: 0 };

describe('what the head says about the body', () => {
  test.each<[string, RequestHead, string]>([
    ['no header', head([]), 'none'],
    ['a length', head(['Content-Length', '12']), 'length 12'],
    ['in any case', head(['cOnTeNt-LeNgTh', '12']), 'length 12'],
    ['length zero', head(['Content-Length', '0']), 'none'],
    ['the largest length', head(['Content-Length', '999999999999999']), 'length 999999999999999'],
    ['chunked', head(['Transfer-Encoding', 'chunked']), 'stream'],
    ['chunked, shouted', head(['TRANSFER-ENCODING', 'Chunked']), 'stream'],
    ['a length on HTTP/1.0', head(['Content-Length', '3'], H10), 'length 3'],
    ['HTTP/0.9', head([], { httpVersionMajor: 0, httpVersionMinor: 9 }), 'bad_request http_version'],
    ['HTTP/2 with a body', head([], H2), 'stream'],
    ['HTTP/2 without', head([], { ...H2, endedWithHead: true }), 'none'],
    ['HTTP/2 with a length', head(['content-length', '3'], H2), 'length 3'],

    ['a coding before chunked', head(['Transfer-Encoding', 'gzip, chunked']), 'ambiguous_framing transfer_encoding'],
    ['a coding after chunked', head(['Transfer-Encoding', 'chunked, identity']), 'ambiguous_framing transfer_encoding'],
    ['an unknown coding', head(['Transfer-Encoding', 'xchunked']), 'ambiguous_framing transfer_encoding'],
    ['an empty coding', head(['Transfer-Encoding', '']), 'ambiguous_framing transfer_encoding'],
    ['a vertical tab in front', head(['Transfer-Encoding', '\u000bchunked']), 'ambiguous_framing transfer_encoding'],
    [
      'a coding on HTTP/1.0',
      head(['Transfer-Encoding', 'chunked'], H10),
      'ambiguous_framing transfer_encoding_version',
    ],
    ['a coding on HTTP/2', head(['transfer-encoding', 'chunked'], H2), 'ambiguous_framing transfer_encoding_version'],
    [
      'two codings',
      head(['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked']),
      'ambiguous_framing transfer_encoding_repeated',
    ],
    [
      'length and coding',
      head(['Content-Length', '3', 'Transfer-Encoding', 'chunked']),
      'ambiguous_framing both_lengths',
    ],
    [
      'coding and length',
      head(['Transfer-Encoding', 'chunked', 'Content-Length', '3']),
      'ambiguous_framing both_lengths',
    ],
    ['two lengths', head(['Content-Length', '3', 'Content-Length', '3']), 'ambiguous_framing content_length_repeated'],
    ['a list of lengths', head(['Content-Length', '3, 3']), 'ambiguous_framing content_length'],
    ['a signed length', head(['Content-Length', '+3']), 'ambiguous_framing content_length'],
    ['a hexadecimal length', head(['Content-Length', '0x3']), 'ambiguous_framing content_length'],
    ['an empty length', head(['Content-Length', '']), 'ambiguous_framing content_length'],
    ['a length beyond numbers', head(['Content-Length', '9'.repeat(20)]), 'ambiguous_framing content_length'],
    ['a second Host', head(['Host', 'b.test']), 'bad_request host_repeated'],
    ['the same Host twice', head(['hOST', 'a.test']), 'bad_request host_repeated'],
  ])('%s', (_name, request, expected) => {
    expect(outcome(request)).toBe(expected);
  });

  test('no coding but chunked passes, whatever its spelling', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (coding) => {
        fc.pre(coding.toLowerCase() !== 'chunked');
        expect(outcome(head(['Transfer-Encoding', coding]))).toBe('ambiguous_framing transfer_encoding');
      }),
    );
  });

  test('a length is its digits or nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String)), (length) => {
        const framing = bodyFraming(head(['Content-Length', length]));
        if (framing instanceof ProxyError) expect(length).not.toMatch(/^[0-9]{1,15}$/);
        else expect(framing.kind === 'length' ? framing.bytes : 0).toBe(Number(length));
      }),
    );
  });
});
