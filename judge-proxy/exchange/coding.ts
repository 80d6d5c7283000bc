/** Content codings (RFC 9110 §8.4) undone under an absolute cap of bytes and time: ratios do not stop a bomb. */

import type { Transform } from 'node:stream';
import zlib from 'node:zlib';

const { constants } = zlib;

/** `limit`: size or time ran out · `damaged`: the bytes are not what their coding says. */
export type CodingEnd = 'complete' | 'limit' | 'damaged';

export interface Uncoded {
  /** What could be decoded, always a true prefix. */
  readonly bytes: Buffer;
  readonly end: CodingEnd;
}

export interface Bounds {
  /** Most bytes that come out of one coding. */
  readonly maxBytes: number;
  /** Value of `now` after which decoding stops. */
  readonly deadline: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A chain longer than this serves nobody but an attacker. */
const MAX_CODINGS = 2;

/**
 * RFC 9659 limits the window of the zstd content coding to 8 MB; the library's own default accepts 128 MiB, which the
 * first bytes of a frame can ask for.
 */
const ZSTD_WINDOW_LOG = 23;

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
] as const);

/**
 * Reads a Content-Encoding value.
 * @returns codings in the order in which they must be undone, or null when one is unknown or there are too many
 */
export function parseCodings(header: string | null): readonly Coding[] | null {
  const found: Coding[] = [];
  for (const token of (header ?? '').split(',')) {
    const name = token.trim().toLowerCase();
    if (name === '' || name === 'identity') continue;
    const coding = CODINGS.get(name);
    if (coding === undefined || found.length === MAX_CODINGS) return null;
    found.unshift(coding);
  }
  return found;
}

/**
 * Undoes one coding.
 * @param cut the bytes are known to be a prefix: their sudden end is no damage
 */
export function uncode(coding: Coding, bytes: Uint8Array, cut: boolean, bounds: Bounds): Promise<Uncoded> {
  const decoder = createDecoder(coding, bytes, cut);
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const finish = (end: CodingEnd): void => {
      decoder.destroy();
      resolve({ bytes: Buffer.concat(pieces, size), end });
    };
    // maxOutputLength guards only the one-shot calls, and those lose the prefix when it strikes: count here.
    decoder.on('data', (piece: Buffer) => {
      const room = bounds.maxBytes - size;
      const kept = piece.length > room ? piece.subarray(0, room) : piece;
      pieces.push(kept);
      size += kept.length;
      if (piece.length > room || bounds.now() > bounds.deadline) finish('limit');
    });
    decoder.once('end', () => finish('complete'));
    decoder.on('error', () => finish('damaged'));
    decoder.end(bytes);
  });
}

/** A decoder of one coding. @param bytes the first ones, which tell the forms of `deflate` apart */
export function createDecoder(coding: Coding, bytes: Uint8Array, cut: boolean): Transform {
  switch (coding) {
    case 'gzip':
      return zlib.createGunzip(cut ? { finishFlush: constants.Z_SYNC_FLUSH } : {});
    case 'deflate': {
      const options = cut ? { finishFlush: constants.Z_SYNC_FLUSH } : {};
      return isZlib(bytes) ? zlib.createInflate(options) : zlib.createInflateRaw(options);
    }
    case 'br':
      return zlib.createBrotliDecompress(cut ? { finishFlush: constants.BROTLI_OPERATION_FLUSH } : {});
    case 'zstd':
      return zlib.createZstdDecompress({
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
        ...(cut ? { finishFlush: constants.ZSTD_e_flush } : {}),
      });
    default:
      return coding satisfies never;
  }
}

/** `deflate` is zlib (RFC 1950), yet some senders leave its header out (RFC 9110 §8.4.1.2): two bytes tell. */
function isZlib(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return true;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
