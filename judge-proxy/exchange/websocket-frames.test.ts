/**
 * Contract: whatever the reads, the pieces are all the bytes, in order; each frame's payload comes out unmasked; what
 * RFC 6455 §5.2 forbids stops the parser at that frame, with every byte from there on in `rest`.
 */

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  closePayload,
  type FrameFault,
  FrameParser,
  OPCODE,
  type Piece,
  unmasked,
  writeFrame,
} from './websocket-frames.ts';

const MASK = Uint8Array.of(1, 2, 3, 4);

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...chunks, bytes.subarray(at)];
}

function parse(parser: FrameParser, chunks: readonly Uint8Array[]): Piece[] {
  return chunks.flatMap((chunk) => [...parser.push(chunk)]);
}

/** Payload of each frame that is complete, with its opcode. */
function frames(pieces: readonly Piece[]): [number, string][] {
  const found: [number, string][] = [];
  let payload: Uint8Array[] = [];
  for (const piece of pieces) {
    payload.push(unmasked(piece));
    if (!piece.last) continue;
    found.push([piece.head.opcode, Buffer.concat(payload).toString('latin1')]);
    payload = [];
  }
  return found;
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const joined = (pieces: readonly Piece[]) => text(Buffer.concat(pieces.map(({ raw }) => raw)));

describe.each([
  ['client', MASK],
  ['server', null],
] as const)('frames of a %s', (_side, mask) => {
  const rules = { masked: mask !== null, rsv1: false };

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('of %i bytes', (length) => {
    const payload = Buffer.alloc(length, 'abc');
    const parser = new FrameParser(rules);
    const pieces = parse(parser, [writeFrame(OPCODE.binary, payload, mask)]);
    expect(pieces).toHaveLength(1);
    expect(frames(pieces)).toEqual([[OPCODE.binary, text(payload)]]);
    expect(parser.betweenMessages).toBe(true);
  });

  it('in any reads: every byte once, every payload whole', () => {
    const frame = fc.record({
      opcode: fc.constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong, OPCODE.close),
      payload: fc.oneof(fc.uint8Array({ maxLength: 125 }), fc.uint8Array({ minLength: 120, maxLength: 125 })),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(40)), (sent, lengths) => {
        const bytes = Buffer.concat(sent.map(({ opcode, payload }) => writeFrame(opcode, payload, mask)));
        const parser = new FrameParser(rules);
        const pieces = parse(parser, cut(bytes, lengths));
        expect(joined(pieces)).toBe(text(bytes));
        expect(frames(pieces)).toEqual(sent.map(({ opcode, payload }) => [opcode, text(payload)]));
        expect(parser.fault).toBeNull();
        expect(parser.betweenFrames).toBe(true);
      }),
    );
  });
});

test('hostile bytes in any reads: the same faults, and nothing lost', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(9)), fc.boolean(), (bytes, lengths, masked) => {
      const whole = new FrameParser({ masked, rsv1: true });
      const pieces = whole.push(bytes);
      const split = new FrameParser({ masked, rsv1: true });
      const chunks = cut(bytes, lengths);
      let after = '';
      const found: Piece[] = [];
      for (const chunk of chunks) {
        if (split.fault === null) found.push(...split.push(chunk));
        else after += text(chunk);
      }
      expect(split.fault).toBe(whole.fault);
      expect(joined(found)).toBe(joined(pieces));
      if (whole.fault === null) return;
      expect(joined(pieces) + text(whole.rest)).toBe(text(bytes));
      expect(joined(found) + text(split.rest) + after).toBe(text(bytes));
    }),
    { numRuns: 500 },
  );
});

const plain = (opcode: number, fin = true, extra = 0) => Uint8Array.of((fin ? 0x80 : 0) | extra | opcode, 0);

test.each<[string, FrameFault, Uint8Array[]]>([
  ['a bit that nobody agreed on', 'reserved_bits', [plain(OPCODE.text, true, 0x40)]],
  ['RSV2', 'reserved_bits', [plain(OPCODE.text, true, 0x20)]],
  ['an unknown opcode', 'opcode', [plain(3)]],
  ['an unknown control opcode', 'opcode', [plain(11)]],
  ['a ping in pieces', 'control_frame', [plain(OPCODE.ping, false)]],
  ['a long ping', 'control_frame', [Uint8Array.of(0x89, 126, 0, 126)]],
  ['a mask where there must be none', 'mask', [writeFrame(OPCODE.text, new Uint8Array(1), MASK)]],
  ['a length that is not the shortest', 'length', [Uint8Array.of(0x82, 126, 0, 5)]],
  ['a long length that is not the shortest', 'length', [Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255)]],
  ['a length of 2^63', 'length', [Uint8Array.of(0x82, 127, 128, 0, 0, 0, 0, 0, 0, 0)]],
  ['a continuation of nothing', 'fragmentation', [plain(OPCODE.continuation)]],
  ['a message within a message', 'fragmentation', [plain(OPCODE.text, false), plain(OPCODE.text)]],
])('%s: %s', (_name, fault, sent) => {
  const parser = new FrameParser({ masked: false, rsv1: false });
  parse(parser, sent);
  expect(parser.fault).toBe(fault);
  expect(parser.push(plain(OPCODE.text))).toEqual([]);
});

test('compression is said by the first frame of a message, where it was agreed on', () => {
  const agreed = { masked: false, rsv1: true };
  const good = new FrameParser(agreed);
  parse(good, [plain(OPCODE.text, false, 0x40), plain(OPCODE.ping), plain(OPCODE.continuation)]);
  expect(good.fault).toBeNull();
  const bad = new FrameParser(agreed);
  parse(bad, [plain(OPCODE.text, false, 0x40), plain(OPCODE.continuation, true, 0x40)]);
  expect(bad.fault).toBe('fragmentation');
  const control = new FrameParser(agreed);
  parse(control, [plain(OPCODE.ping, true, 0x40)]);
  expect(control.fault).toBe('control_frame');
});

test('a message of endless fragments is a fault', () => {
  const parser = new FrameParser({ masked: false, rsv1: false });
  parser.push(plain(OPCODE.text, false));
  for (let i = 0; i < 16_384; i += 1) parser.push(plain(OPCODE.continuation, false));
  expect(parser.fault).toBeNull();
  parser.push(plain(OPCODE.continuation, false));
  expect(parser.fault).toBe('fragments');
});

test('in the middle of a message no frame of ours may stand', () => {
  const parser = new FrameParser({ masked: false, rsv1: false });
  parser.push(plain(OPCODE.text, false));
  expect([parser.betweenFrames, parser.betweenMessages]).toEqual([true, false]);
  parser.push(Uint8Array.of(0x80));
  expect(parser.betweenFrames).toBe(false);
});

test('the reason of a close frame is cut to what a control frame holds', () => {
  expect(closePayload(1001, 'x'.repeat(200))).toHaveLength(125);
});
