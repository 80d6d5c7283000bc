import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createStreamDecoder, isReadableCoding } from './stream-decoder.ts';

const TEXT = Buffer.from('data: {"a":"ü"}\n\n'.repeat(2_000));

/** Feeds bytes in pieces and waits for the end. */
async function decode(encoding: string, bytes: Buffer, size: number): Promise<{ text: Buffer; end: string }> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const pieces: Buffer[] = [];
  let drained = () => {};
  const decoder = createStreamDecoder(encoding, {
    data: (piece) => pieces.push(piece),
    drained: () => drained(),
    over: resolve,
  });
  if (decoder === null) throw new Error('no decoder');
  for (let at = 0; at < bytes.length; at += size) {
    if (decoder.write(bytes.subarray(at, at + size))) continue;
    await Promise.race([promise, new Promise<void>((free) => (drained = free))]);
  }
  decoder.end();
  const end = await promise;
  return { text: Buffer.concat(pieces), end };
}

describe('a coding is undone as it comes', () => {
  test.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
  ])('%s', async (encoding, bytes) => {
    for (const size of [1_000_000, 7]) {
      const { text, end } = await decode(encoding, bytes, size);
      expect(end).toBe('complete');
      expect(text.equals(TEXT)).toBe(true);
    }
  });

  test('an empty body is whole', async () => {
    expect(await decode('gzip', Buffer.alloc(0), 1)).toEqual({ text: Buffer.alloc(0), end: 'complete' });
  });
});

test.each([
  ['of another coding', 'gzip', Buffer.from('this is no gzip at all')],
  ['cut short', 'gzip', gzipSync(TEXT).subarray(0, 100)],
  ['damaged', 'zstd', Buffer.concat([zstdCompressSync(TEXT).subarray(0, 20), Buffer.alloc(50)])],
])('bytes %s are damaged', async (_name, encoding, bytes) => {
  expect((await decode(encoding, bytes, 10)).end).toBe('damaged');
});

test('nothing comes after a close', async () => {
  const decoder = createStreamDecoder('gzip', {
    data: () => expect.unreachable(),
    drained: () => expect.unreachable(),
    over: () => expect.unreachable(),
  });
  decoder?.write(gzipSync(TEXT));
  decoder?.close();
  decoder?.close();
  await new Promise(setImmediate);
});

test('a bomb waits while it is paused', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const decoder = createStreamDecoder('gzip', {
    data: (piece) => {
      bytes += piece.length;
      decoder?.pause();
      resolve();
    },
    drained: () => {},
    over: () => {},
  });
  decoder?.write(bomb);
  await promise;
  await new Promise(setImmediate);
  expect(bytes).toBeLessThan(2 ** 20);
  decoder?.close();
});

test('what can be read', () => {
  expect(['gzip', 'br, zstd', 'identity', null].map(isReadableCoding)).toEqual([true, true, true, true]);
  expect(['compress', 'gzip, gzip, gzip', 'aes128gcm'].map(isReadableCoding)).toEqual([false, false, false]);
  expect(createStreamDecoder('identity', { data: () => {}, drained: () => {}, over: () => {} })).toBeNull();
});
