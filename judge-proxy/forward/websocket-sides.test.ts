/**
 * Contract, each direction alone, for any messages, fragments and reads: what goes out are the bytes that came in, in
 * order, whatever waits for how long; only pings and pongs go ahead of messages that wait. Messages of different lanes
 * may overtake each other where requests are held, those of one lane never.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CopyBudget } from '../exchange/tap.ts';
import { FrameParser, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import { MessageAssembler } from '../exchange/websocket-messages.ts';
import { DownSide } from './websocket-down.ts';
import type { SideReader } from './websocket-readers.ts';
import { UpSide } from './websocket-up.ts';

const CAP = 100;
const MASK = Uint8Array.of(5, 6, 7, 8);

function reader(masked: boolean): SideReader {
  return {
    parser: new FrameParser({ masked, rsv1: false }),
    messages: new MessageAssembler(CAP, null, new CopyBudget(1 << 30)),
  };
}

/** One message in fragments, as the bytes of its frames, with a ping behind each that is said to have one. */
interface Sent {
  readonly lane: string;
  readonly frames: readonly Buffer[];
  readonly pings: readonly Buffer[];
}

function sent(mask: Uint8Array | null): fc.Arbitrary<Sent> {
  return fc
    .record({
      lane: fc.constantFrom('a', 'b'),
      size: fc.nat(2 * CAP),
      cuts: fc.array(fc.nat(2 * CAP), { maxLength: 3 }),
      ping: fc.boolean(),
    })
    .map(({ lane, size, cuts, ping }) => {
      const text = Buffer.from(JSON.stringify({ type: 'response.create', stream_id: lane, input: 'x'.repeat(size) }));
      const at = [0, ...cuts.filter((cut) => cut < text.length).toSorted((a, b) => a - b), text.length];
      const frames = at.slice(1).map((end, index) => {
        const frame = Buffer.from(
          writeFrame(index === 0 ? OPCODE.text : OPCODE.continuation, text.subarray(at[index], end), mask),
        );
        if (end !== text.length || index + 2 < at.length) frame[0] = (frame[0] ?? 0) & 0x7f;
        return frame;
      });
      return { lane, frames, pings: ping ? [Buffer.from(writeFrame(OPCODE.ping, Buffer.from('ping'), mask))] : [] };
    });
}

function reads(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return [...chunks, bytes.subarray(at)].filter((chunk) => chunk.length > 0);
}

const all = (messages: readonly Sent[]) =>
  Buffer.concat(messages.flatMap(({ frames, pings }) => [...frames, ...pings]));
const LENGTHS = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });

describe('from the client', () => {
  /** Runs all reads, lets what waits go in the given order, and shows what went out. */
  async function run(messages: readonly Sent[], lengths: readonly number[], order: readonly number[], turns: boolean) {
    const out: Buffer[] = [];
    const waiting: (() => void)[] = [];
    let picked = 0;
    const release = async (): Promise<void> => {
      const index = (order[picked % Math.max(1, order.length)] ?? 0) % Math.max(1, waiting.length);
      picked += 1;
      waiting.splice(index, 1)[0]?.();
      await Promise.resolve();
      await Promise.resolve();
    };
    const side = new UpSide(reader(true), {
      send: (bytes) => void out.push(Buffer.from(bytes)),
      message: (envelope) => {
        const { promise, resolve } = Promise.withResolvers<'send'>();
        waiting.push(() => resolve('send'));
        return { wait: promise, turn: turns ? (envelope?.lane ?? '') : '' };
      },
      unreadable: () => Promise.reject(new Error('nothing here is unreadable')),
      closing: () => {},
      waiting: () => {},
    });
    for (const [index, chunk] of reads(all(messages), lengths).entries()) {
      side.take(chunk);
      if (index % 3 === 2) await release();
    }
    let ended = false;
    side.end(() => {
      ended = true;
    });
    while (waiting.length > 0) await release();
    expect(ended).toBe(true);
    return Buffer.concat(out);
  }

  test('in order, but for pings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent(MASK), { maxLength: 6 }),
        LENGTHS,
        fc.array(fc.nat(5)),
        async (messages, lengths, order) => {
          const out = await run(messages, lengths, order, false);
          const data = Buffer.concat(messages.flatMap(({ frames }) => frames));
          expect(out).toHaveLength(all(messages).length);
          expect(withoutPings(out, true)).toEqual(data);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('in order within each lane, whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent(MASK), { maxLength: 6 }),
        LENGTHS,
        fc.array(fc.nat(5)),
        async (messages, lengths, order) => {
          const out = withoutPings(await run(messages, lengths, order, true), true);
          const got = wholeMessages(out, true);
          for (const lane of ['a', 'b']) {
            const asked = messages.filter((message) => message.lane === lane);
            expect(got.filter(({ envelope }) => envelope === lane).map(({ text }) => text)).toEqual(
              asked.map(({ frames }) => wholeMessages(Buffer.concat(frames), true)[0]?.text),
            );
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('from the origin', () => {
  test('in order, whatever waits for its record', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent(null), { maxLength: 6 }),
        LENGTHS,
        fc.array(fc.boolean()),
        async (messages, lengths, waits) => {
          const out: Buffer[] = [];
          const open: (() => void)[] = [];
          let count = 0;
          const side = new DownSide(reader(false), false, {
            send: (bytes) => void out.push(Buffer.from(bytes)),
            message: (_envelope, _message, frames) => {
              expect(frames).toBeNull();
              count += 1;
              if (waits[count] !== true) return null;
              const { promise, resolve } = Promise.withResolvers<void>();
              open.push(resolve);
              return promise;
            },
            unreadable: () => 'pass',
            closing: () => Promise.resolve(),
            waiting: () => {},
          });
          for (const chunk of reads(all(messages), lengths)) side.take(chunk);
          for (const resolve of open) resolve();
          await new Promise<void>((resolve) => side.end(resolve));
          expect(Buffer.concat(out)).toEqual(all(messages));
          expect(count).toBe(messages.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});

function withoutPings(bytes: Buffer, masked: boolean): Buffer {
  const pieces = new FrameParser({ masked, rsv1: false }).push(bytes);
  return Buffer.concat(pieces.filter(({ head }) => head.opcode < OPCODE.close).map(({ raw }) => raw));
}

function wholeMessages(bytes: Buffer, masked: boolean): { text: string; envelope: string }[] {
  const messages = new MessageAssembler(10_000, null, new CopyBudget(1 << 30));
  const found = new FrameParser({ masked, rsv1: false }).push(bytes).flatMap((piece) => messages.push(piece) ?? []);
  return found.map((message) => {
    const text = Buffer.from(message.bytes).toString();
    return { text, envelope: (JSON.parse(text) as { stream_id: string }).stream_id };
  });
}
