/**
 * Contract: messages come out of any fragments and any reads as they were sent, with and without permessage-deflate and
 * its context takeover; no more is kept of one than the cap; a bomb, damage, or too much work end the reading of the side.
 */

import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { CopyBudget } from './tap.ts';
import { agreedDeflate, MessageInflater, TimeBudget } from './websocket-deflate.ts';
import { FrameParser, OPCODE, writeFrame } from './websocket-frames.ts';
import { type Message, MessageAssembler } from './websocket-messages.ts';

const CAP = 64 * 1024;
const steady = () => 0;

function reader(compressed: boolean, takeover: boolean, cap = CAP, budget = new CopyBudget(1 << 30)) {
  const parser = new FrameParser({ masked: false, rsv1: compressed });
  const inflater = new MessageInflater(takeover, cap, new TimeBudget(1_000, steady));
  const messages = new MessageAssembler(cap, compressed ? inflater : null, budget);
  const read = (bytes: Uint8Array): Message[] =>
    parser
      .push(bytes)
      .filter(({ head }) => head.opcode < OPCODE.close)
      .flatMap((piece) => messages.push(piece) ?? []);
  return { read, messages, parser };
}

/** Compressed messages as RFC 7692 §7.2.1 has them, with one stream for all or one for each. */
async function written(texts: readonly string[], takeover: boolean): Promise<Buffer> {
  const frames: Uint8Array[] = [];
  let stream = createDeflateRaw();
  for (const text of texts) {
    if (!takeover) stream = createDeflateRaw();
    stream.write(text);
    await new Promise<void>((resolve) => {
      stream.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    const bytes = (stream.read() as Buffer | null) ?? Buffer.of(0, 0, 0, 0xff, 0xff); // nothing to flush: an empty block
    frames.push(compressed(bytes.subarray(0, bytes.length - 4)));
  }
  return Buffer.concat(frames);
}

describe.each([true, false])('compressed, context takeover %s', (takeover) => {
  it('in any reads', async () => {
    const texts = fc.array(fc.string({ maxLength: 300 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 90 }), async (sent, length) => {
        const bytes = await written(sent, takeover);
        const { read } = reader(true, takeover);
        const got: Message[] = [];
        for (let at = 0; at < bytes.length; at += length) got.push(...read(bytes.subarray(at, at + length)));
        expect(got.map((message) => Buffer.from(message.bytes).toString())).toEqual(sent);
      }),
      { numRuns: 60 },
    );
  });

  it('beyond the window of 32 KiB', async () => {
    const sent = Array.from({ length: 9 }, (_, index) => `${index} `.repeat(4_000 + index * 1_000));
    const { read } = reader(true, takeover);
    const got = read(await written([...sent, ...sent], takeover));
    expect(got.map((message) => Buffer.from(message.bytes).toString())).toEqual([...sent, ...sent]);
  });
});

test('fragments with control frames between them are one message', () => {
  const { read } = reader(false, false);
  const first = writeFrame(OPCODE.text, Buffer.from('one '), null);
  first[0] = OPCODE.text;
  const got = read(
    Buffer.concat([
      first,
      writeFrame(OPCODE.ping, Buffer.from('not this'), null),
      writeFrame(OPCODE.continuation, Buffer.from('two'), null),
      writeFrame(OPCODE.binary, Buffer.from('three'), null),
    ]),
  );
  expect(got.map(({ bytes, text }) => [Buffer.from(bytes).toString(), text])).toEqual([
    ['one two', true],
    ['three', false],
  ]);
});

test('of a longer message its beginning is kept, and the next one is whole again', () => {
  const { read, messages } = reader(false, false, 10);
  const long = writeFrame(OPCODE.text, Buffer.from('0123456789abc'), null);
  expect(read(long.subarray(0, 14))).toEqual([]);
  expect([messages.overflowing, Buffer.from(messages.prefix()?.bytes ?? []).toString()]).toEqual([true, '0123456789']);
  const [cut] = read(long.subarray(14));
  expect([Buffer.from(cut?.bytes ?? []).toString(), cut?.cut]).toEqual(['0123456789', true]);
  const [next] = read(writeFrame(OPCODE.text, Buffer.from('next'), null));
  expect([Buffer.from(next?.bytes ?? []).toString(), next?.cut]).toEqual(['next', false]);
});

function compressed(payload: Uint8Array): Uint8Array {
  const frame = writeFrame(OPCODE.text, payload, null);
  frame[0] = 0xc0 | OPCODE.text;
  return frame;
}

test.each([
  ['a bomb', 'decode_limit', deflateRawSync(Buffer.alloc(100 << 20)).subarray(0, CAP)],
  ['more compressed bytes than are kept', 'decode_limit', Buffer.alloc(CAP + 1)],
  ['no deflate data', 'decode_failed', Buffer.from('ffffffff', 'hex')],
])('%s ends the reading: %s', (_name, fault, payload) => {
  const { read, messages } = reader(true, true);
  expect(read(compressed(payload))).toEqual([]);
  expect(messages.fault).toBe(fault);
  expect(read(compressed(deflateRawSync('fine')))).toEqual([]);
});

test('a connection that costs too much time is not read on, and may be again when time has passed', () => {
  let now = 0;
  const budget = new TimeBudget(10, () => now);
  const inflater = new MessageInflater(false, CAP, budget);
  budget.run(() => {
    now += 30;
  });
  expect(inflater.inflate(deflateRawSync('x'))).toBe('limit');
  now += 200;
  expect(inflater.inflate(deflateRawSync('x'))).toEqual(Buffer.from('x'));
});

test.each([
  [null, null],
  ['', null],
  ['permessage-deflate', { clientTakeover: true, serverTakeover: true }],
  ['permessage-deflate; server_no_context_takeover', { clientTakeover: true, serverTakeover: false }],
  [
    'Permessage-Deflate;client_no_context_takeover ; server_max_window_bits=12',
    { clientTakeover: false, serverTakeover: true },
  ],
  ['permessage-deflate, x-other', 'unknown'],
  ['x-webkit-deflate-frame', 'unknown'],
])('Sec-WebSocket-Extensions: %s', (header, agreed) => {
  expect(agreedDeflate(header)).toEqual(agreed);
});

describe('what all connections together may keep', () => {
  it('cuts a message that finds no room, without a hole, and comes back', () => {
    const budget = new CopyBudget(100);
    const { read, messages } = reader(false, false, CAP, budget);
    const frame = writeFrame(OPCODE.text, Buffer.from(`${'a'.repeat(90)}${'b'.repeat(60)}c`), null);
    expect(read(frame.subarray(0, 92 + 2))).toEqual([]);
    expect(budget.held).toBeGreaterThan(0);
    read(frame.subarray(94, 152 + 2));
    expect(messages.overflowing).toBe(true);
    const [message] = read(frame.subarray(154));
    expect(message?.cut).toBe(true);
    expect(Buffer.from(message?.bytes ?? []).toString()).toMatch(/^a{90}$/);
    expect(budget.held).toBe(0);
  });

  it('is given back when a connection ends within a message', () => {
    const budget = new CopyBudget(100);
    const { read, messages } = reader(false, false, CAP, budget);
    read(writeFrame(OPCODE.text, Buffer.from('half'), null).subarray(0, 4));
    expect(budget.held).toBe(2);
    messages.release();
    expect(budget.held).toBe(0);
  });
});
