/**
 * Whatever the bytes and their labels: the text is a true prefix of what was sent, or a reason says what is missing;
 * output, memory and time stay under their caps. Bombs are the real ones: 158 bytes of brotli for 100 MB.
 */

import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CapturedBody } from './capture.ts';
import { type DecodedBody, decodeBody } from './decode.ts';

const MIB = 1 << 20;

function body(bytes: Uint8Array, over: Partial<CapturedBody> = {}): CapturedBody {
  return {
    bytes,
    total: bytes.length,
    cut: null,
    ended: true,
    contentType: 'application/json',
    contentEncoding: null,
    ...over,
  };
}

function decode(
  captured: CapturedBody,
  over: { maxBytes?: number; maxMs?: number; now?: () => number } = {},
): Promise<DecodedBody> {
  return decodeBody(captured, {
    side: 'response',
    maxBytes: 4 * MIB,
    maxMs: 60_000,
    now: () => performance.now(),
    ...over,
  });
}

const ENCODERS: readonly [label: string, encode: (bytes: Uint8Array) => Buffer][] = [
  ['gzip', zlib.gzipSync],
  ['x-gzip', zlib.gzipSync],
  ['GZip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
  ['deflate', zlib.deflateRawSync],
  ['br', zlib.brotliCompressSync],
  ['zstd', zlib.zstdCompressSync],
  ['identity', (bytes) => Buffer.from(bytes)],
  ['', (bytes) => Buffer.from(bytes)],
];

describe('content codings', () => {
  it.each(ENCODERS)('reads %s, whole, without a reason', async (label, encode) => {
    const text = '{"content":"Grüße, 世界 👋"}'.repeat(500);
    const read = await decode(body(encode(Buffer.from(text)), { contentEncoding: label }));
    expect(read).toEqual({ text, bytes: Buffer.byteLength(text), cut: false, reasons: [] });
  });

  it('undoes two codings in reverse order of their names', async () => {
    const bytes = zlib.brotliCompressSync(zlib.gzipSync(Buffer.from('{"a":1}')));
    expect(await decode(body(bytes, { contentEncoding: 'gzip, br' }))).toMatchObject({ text: '{"a":1}', reasons: [] });
    expect(await decode(body(bytes, { contentEncoding: 'br, gzip' }))).toMatchObject({
      text: null,
      reasons: ['decode_failed'],
    });
  });

  it.each(['compress', 'gzip, gzip, gzip', 'gzip;q=1', 'aws-chunked, gzip', '__proto__'])(
    'does not guess at %s',
    async (label) => {
      const read = await decode(body(zlib.gzipSync('x'), { contentEncoding: label }));
      expect(read).toEqual({ text: null, bytes: 0, cut: false, reasons: ['unknown_coding'] });
    },
  );

  it.each(['gzip', 'deflate', 'br', 'zstd'])('says so when %s is a lie', async (label) => {
    const read = await decode(
      body(Buffer.from('{"messages":[{"role":"user","content":"hi"}]}'), { contentEncoding: label }),
    );
    expect(read.reasons).toEqual(['decode_failed']);
  });

  it.each(ENCODERS.slice(0, 7))(
    'decodes what is there of a cut %s copy, and of a damaged one',
    async (label, encode) => {
      const words = Array.from({ length: 60_000 }, (_, at) => `word${(at * at * 7919) % 1_000_003}`).join(' ');
      const bytes = encode(Buffer.from(words));
      const half = bytes.subarray(0, bytes.length >> 1);
      const cut = await decode(body(half, { contentEncoding: label, cut: 'cap', total: bytes.length }));
      expect(cut.reasons).toEqual(['response_truncated']);
      expect(cut.cut).toBe(true);
      expect(cut.bytes).toBeGreaterThan(10_000);
      expect(words.startsWith(cut.text ?? '?')).toBe(true);
      const damaged = await decode(body(half, { contentEncoding: label }));
      expect(damaged.reasons).toEqual(['decode_failed']);
      expect(words.startsWith(damaged.text ?? '?')).toBe(true);
      const unfinished = await decode(body(half, { contentEncoding: label, ended: false }));
      expect(unfinished).toMatchObject({ text: cut.text, cut: true, reasons: [] });
    },
  );

  it('keeps an empty body empty, whatever its label', async () => {
    expect(await decode(body(new Uint8Array(0), { contentEncoding: 'gzip' }))).toEqual({
      text: '',
      bytes: 0,
      cut: false,
      reasons: [],
    });
  });

  it('names the side and the budget', async () => {
    const captured = body(Buffer.from('{'), { cut: 'cap', total: 5 });
    const options = { maxBytes: MIB, maxMs: 1000, now: () => 0 };
    expect((await decodeBody(captured, { side: 'request', ...options })).reasons).toEqual(['request_truncated']);
    expect((await decodeBody({ ...captured, cut: 'budget' }, { side: 'request', ...options })).reasons).toEqual([
      'copy_budget_exhausted',
    ]);
  });

  it('refuses a zstd frame that asks for a window above 8 MB (RFC 9659)', async () => {
    const params = { [zlib.constants.ZSTD_c_windowLog]: 27, [zlib.constants.ZSTD_c_contentSizeFlag]: 0 };
    const stream = zlib.createZstdCompress({ params });
    stream.end(Buffer.alloc(MIB));
    const bytes = Buffer.concat(await stream.toArray());
    expect(await decode(body(bytes, { contentEncoding: 'zstd' }))).toMatchObject({
      text: null,
      reasons: ['decode_failed'],
    });
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(100 * MIB);
  const bombs: readonly [label: string, bytes: Buffer][] = [
    ['br', zlib.brotliCompressSync(zeros)],
    ['gzip', zlib.gzipSync(zeros)],
    ['deflate', zlib.deflateSync(zeros)],
    ['zstd', zlib.zstdCompressSync(zeros)],
    ['br, gzip', zlib.gzipSync(zlib.brotliCompressSync(zeros))],
    ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(zeros))],
  ];

  it.each(bombs)('%s stops at the cap with its prefix kept', async (label, bytes) => {
    const before = process.memoryUsage().rss;
    const read = await decode(body(bytes, { contentEncoding: label }));
    expect(read).toMatchObject({ bytes: 4 * MIB, cut: true, reasons: ['decode_limit'] });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  });

  it('binds an uncoded copy to the same cap', async () => {
    expect(await decode(body(Buffer.from('abcdef')), { maxBytes: 4 })).toMatchObject({
      text: 'abcd',
      reasons: ['decode_limit'],
      cut: true,
    });
  });

  it('stops when the time is up', async () => {
    let time = 0;
    const now = () => {
      time += 100;
      return time;
    };
    const read = await decode(body(bombs[1]?.[1] ?? Buffer.alloc(0), { contentEncoding: 'gzip' }), { maxMs: 250, now });
    expect(read.reasons).toEqual(['decode_limit']);
    expect(read.bytes).toBeLessThan(MIB);
  });
});

describe('charset', () => {
  const CASES: readonly [name: string, bytes: Uint8Array, type: string | null, text: string, replaced: boolean][] = [
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFF{"a":"ü"}'), null, '{"a":"ü"}', false],
    [
      'Latin-1 by label',
      Buffer.from('{"a":"ü"}', 'latin1'),
      'application/json; charset=ISO-8859-1',
      '{"a":"ü"}',
      false,
    ],
    ['quoted label', Buffer.from('{"a":"ü"}', 'latin1'), 'text/plain; Charset="latin1"', '{"a":"ü"}', false],
    ['US-ASCII by label', Buffer.from('{"a":1}'), 'application/json; charset=us-ascii', '{"a":1}', false],
    ['UTF-16LE by label', Buffer.from('{"a":"ü"}', 'utf16le'), 'application/json; charset=utf-16', '{"a":"ü"}', false],
    [
      'UTF-16BE by label',
      Buffer.from('{"a":"ü"}', 'utf16le').swap16(),
      'application/json; charset=utf-16be',
      '{"a":"ü"}',
      false,
    ],
    ['UTF-16LE by mark', Buffer.from('\uFEFF{"a":"ü"}', 'utf16le'), null, '{"a":"ü"}', false],
    ['UTF-8 under a false label', Buffer.from('{"a":"ü"}'), 'application/json; charset=utf-16', '{"a":"ü"}', false],
    [
      'UTF-8 under a Latin-1 label, as JSON parsers read it',
      Buffer.from('{"a":"ü"}'),
      'application/json; charset=latin1',
      '{"a":"ü"}',
      false,
    ],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'application/json', '{\uFFFD}', true],
    [
      'a label that names nothing',
      Buffer.from([0x7b, 0xff, 0x7d]),
      'application/json; charset=klingon',
      '{\uFFFD}',
      true,
    ],
  ];

  it.each(CASES)('%s', async (_name, bytes, contentType, text, replaced) => {
    const read = await decode(body(bytes, { contentType }));
    expect(read).toMatchObject({ text, reasons: replaced ? ['decode_failed'] : [] });
  });

  it('drops a character that the cap cut in two, and blames the cap alone', async () => {
    const bytes = Buffer.from('ab世').subarray(0, 4);
    expect(await decode(body(bytes, { cut: 'cap', total: 5 }))).toMatchObject({
      text: 'ab',
      reasons: ['response_truncated'],
    });
  });
});

describe('properties', () => {
  it('never rejects, never exceeds the cap, never returns a cut text without saying so', async () => {
    const label = fc.constantFrom(null, 'gzip', 'br', 'zstd', 'deflate', 'gzip, br', 'nonsense');
    const type = fc.constantFrom(null, 'application/json', 'text/plain; charset=utf-16', 'x; charset=shift_jis');
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        label,
        type,
        fc.boolean(),
        async (bytes, contentEncoding, contentType, ended) => {
          const read = await decode(body(bytes, { contentEncoding, contentType, ended }), { maxBytes: 100 });
          expect(read.bytes).toBeLessThanOrEqual(100);
          if (read.text === null) expect(read.reasons).not.toEqual([]);
          if (read.bytes < bytes.length && contentEncoding === null) expect(read.reasons).toContain('decode_limit');
        },
      ),
    );
  });

  it('gives back any text through any coding', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(...ENCODERS),
        async (text, [contentEncoding, encode]) => {
          fc.pre(!text.startsWith('\uFEFF') && text.isWellFormed());
          const read = await decode(body(encode(Buffer.from(text)), { contentEncoding }));
          expect(read).toMatchObject({ text, reasons: [] });
        },
      ),
    );
  });
});
