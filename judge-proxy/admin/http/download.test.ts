/**
 * Contract: a download has the parts of its body in their order; one whose reader takes nothing for a minute is broken off,
 * one whose body or reader is slow is not; one whose right ends is broken off even while nothing is taken; the body ends
 * with it.
 */

import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { download } from './download.ts';

const MINUTE = 60_000;
const KIB = Buffer.alloc(1_024);

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** All that is not a timer has had its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 15_000) {
    vi.advanceTimersByTime(15_000);
    await settled();
  }
}

/** A body without end, and a reader that takes a chunk when it is told to. */
function endless() {
  let ended = false;
  async function* body() {
    try {
      for (;;) yield KIB;
    } finally {
      ended = true;
    }
  }
  let take: () => void = () => undefined;
  const reader = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      take = done;
    },
  });
  const stream = download({ body: body(), permitted: async () => may, waits: () => reader.writableNeedDrain });
  let may = true;
  const broken = Promise.withResolvers<unknown>();
  stream.on('error', broken.resolve);
  stream.pipe(reader);
  return {
    stream,
    broken: broken.promise,
    ended: () => ended,
    forbid: () => {
      may = false;
    },
    /** As much as is kept between body and reader, and more. */
    takeMuch: async () => {
      for (let i = 0; i < 128; i += 1) {
        take();
        await settled();
      }
    },
  };
}

test('it has the parts of its body', async () => {
  const stream = download({ body: Readable.from(['one ', 'two']), permitted: async () => true, waits: () => false });
  expect((await stream.toArray()).join('')).toBe('one two');
  expect(vi.getTimerCount()).toBe(0);
});

test('a reader that takes nothing for a minute ends it, and its body', async () => {
  const { stream, broken, ended } = endless();
  await settled();
  await pass(MINUTE);
  expect(stream.destroyed).toBe(false);
  await pass(15_000);
  expect(await broken).toMatchObject({ detail: 'The reader took nothing for a minute.' });
  await settled();
  expect([ended(), vi.getTimerCount()]).toEqual([true, 0]);
});

test('a reader that takes something now and then has it for hours', async () => {
  const { stream, takeMuch } = endless();
  for (let quarter = 0; quarter < 20; quarter += 1) {
    await takeMuch();
    await pass(45_000);
    expect(stream.destroyed).toBe(false);
  }
  stream.destroy();
});

test('a body that is slow is waited for', async () => {
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  async function* body() {
    await found;
    yield 'at last';
  }
  const stream = download({ body: body(), permitted: async () => true, waits: () => false });
  const text = stream.toArray();
  await pass(10 * MINUTE);
  find();
  expect((await text).join('')).toBe('at last');
});

test('a right that ends while nothing is taken ends it at the next check', async () => {
  const { stream, broken, forbid, ended } = endless();
  await settled();
  await pass(15_000);
  expect(stream.destroyed).toBe(false);
  forbid();
  await pass(15_000);
  expect(await broken).toMatchObject({ code: 'not_permitted' });
  await settled();
  expect(ended()).toBe(true);
});
