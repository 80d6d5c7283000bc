/**
 * The tap holds a true prefix of what passed, within its cap and within the budget that all taps share; it counts
 * everything; what it gives out can be transferred without touching the bytes on their way to the client.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyBudget, Tap } from './tap.ts';

const META = { contentType: 'application/json', contentEncoding: null, ended: true };

describe('Tap', () => {
  it('keeps the prefix, counts all, and never holds more than cap and budget (property)', () => {
    // Sizes around the limit between gathered and referenced chunks, every byte recognisable.
    const chunks = fc.array(fc.integer({ min: 0, max: 1200 }), { maxLength: 30 }).map((sizes) => {
      let count = 0;
      return sizes.map((size) => Uint8Array.from({ length: size }, () => (count++ * 31) & 255));
    });
    fc.assert(
      fc.property(chunks, fc.nat(20_000), fc.nat(20_000), (pieces, cap, limit) => {
        const budget = new CopyBudget(limit);
        const tap = new Tap(cap, budget);
        for (const piece of pieces) tap.push(piece);
        const all = Buffer.concat(pieces);
        const body = tap.capture(META);
        expect(tap.total).toBe(all.length);
        expect(body.total).toBe(all.length);
        expect(Buffer.from(body.bytes).equals(all.subarray(0, body.bytes.length))).toBe(true);
        expect(body.bytes.length).toBeLessThanOrEqual(Math.min(cap, limit));
        expect(body.cut === null).toBe(body.bytes.length === all.length);
        if (all.length <= Math.min(cap, limit)) expect(body.cut).toBeNull();
        expect(budget.held).toBe(body.bytes.length);
        tap.release();
        tap.release();
        expect(budget.held).toBe(0);
      }),
    );
  });

  it('cuts inside a chunk at its cap and says so', () => {
    const tap = new Tap(5, new CopyBudget(100));
    tap.push(Buffer.from('abc'));
    tap.push(Buffer.from('defg'));
    tap.push(Buffer.from('h'));
    const body = tap.capture({ ...META, ended: false });
    expect(Buffer.from(body.bytes).toString()).toBe('abcde');
    expect(body).toMatchObject({ total: 8, cut: 'cap', ended: false, contentType: 'application/json' });
  });

  it('is cut by the shared budget, and another tap may copy again once the first is released', () => {
    const budget = new CopyBudget(10);
    const first = new Tap(100, budget);
    const second = new Tap(100, budget);
    first.push(Buffer.alloc(8));
    second.push(Buffer.alloc(8));
    second.push(Buffer.alloc(1));
    expect(second.capture(META)).toMatchObject({ cut: 'budget', total: 9 });
    expect(second.capture(META).bytes).toHaveLength(0);
    first.release();
    const third = new Tap(100, budget);
    third.push(Buffer.alloc(8));
    expect(third.capture(META).cut).toBeNull();
  });

  it('does not detach the chunks that it references when its capture is transferred', () => {
    const chunk = Buffer.allocUnsafeSlow(4000).fill(7);
    const tap = new Tap(10_000, new CopyBudget(10_000));
    tap.push(chunk);
    const { bytes } = tap.capture(META);
    structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    expect(chunk.length).toBe(4000);
    expect(bytes.length).toBe(0);
  });

  it('copies out of a buffer that is far larger than the chunk, so that it does not pin it', () => {
    const large = new Uint8Array(1 << 20);
    const tap = new Tap(10_000, new CopyBudget(10_000));
    const chunk = large.subarray(0, 1000);
    tap.push(chunk);
    chunk.fill(9);
    expect(tap.capture(META).bytes.every((byte) => byte === 0)).toBe(true);
  });

  it('takes later chunks into a later capture, and none after release', () => {
    const budget = new CopyBudget(1000);
    const tap = new Tap(1000, budget);
    tap.push(Buffer.from('one'));
    expect(Buffer.from(tap.capture(META).bytes).toString()).toBe('one');
    tap.push(Buffer.from('two'));
    expect(Buffer.from(tap.capture(META).bytes).toString()).toBe('onetwo');
    expect(Buffer.from(tap.capture(META).bytes).toString()).toBe('onetwo');
    tap.release();
    tap.push(Buffer.from('three'));
    expect(tap.capture(META)).toMatchObject({ total: 11, cut: 'budget', bytes: new Uint8Array(0) });
    expect(budget.held).toBe(0);
  });

  it('gathers chunks of one byte into blocks instead of holding each', () => {
    const tap = new Tap(1 << 20, new CopyBudget(1 << 20));
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 1 << 20; at++) tap.push(new Uint8Array([at & 255]));
    const { bytes } = tap.capture(META);
    expect(bytes.length).toBe(1 << 20);
    expect(bytes[257]).toBe(1);
    // Referenced one by one they hold 245 bytes of heap each (measured), 256 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(128 << 20);
  });
});

describe('CopyBudget', () => {
  it('refuses to take back what it did not give', () => {
    const budget = new CopyBudget(10);
    expect(budget.take(10)).toBe(true);
    expect(budget.take(1)).toBe(false);
    budget.give(10);
    expect(() => budget.give(1)).toThrow(RangeError);
  });
});
