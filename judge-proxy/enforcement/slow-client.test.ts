/**
 * Contract: what is decoded waits for the client. One chunk of a coded answer can become a thousand times as long, and
 * with two codings a million times: pausing the origin does not stop that.
 */

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openaiChat } from '../apis/openai-chat.ts';
import { CopyBudget } from '../exchange/tap.ts';
import type { InlineJudge } from '../judge/inline-judge.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import type { Outlet } from './gate.ts';
import { HoldGate } from './hold.ts';
import { WindowGate } from './window-gate.ts';

const LENGTH = 8 * 2 ** 20;
const BOMB = gzipSync(gzipSync(Buffer.concat([Buffer.from(': '), Buffer.alloc(LENGTH, 'x')])));
/** Of the event loop, for each piece: a decoder that does not wait has many pieces ready by then. */
const TURNS = 20;
const KEEP_ALIVE = 3_600_000;

/** A client that takes one piece at a time. */
class SlowClient implements Outlet {
  gate: EnforcedGate | null = null;
  bytes = 0;
  /** Pieces that were released although the client had said that it is slower. */
  tooMuch = 0;
  #slow = false;

  release(bytes: Uint8Array): boolean {
    this.bytes += bytes.byteLength;
    if (this.#slow) this.tooMuch += 1;
    if (this.#slow) return false;
    this.#slow = true;
    this.#wait(TURNS);
    return false;
  }

  #wait(turns: number): void {
    if (turns > 0) {
      setImmediate(() => this.#wait(turns - 1));
      return;
    }
    this.#slow = false;
    this.gate?.drained?.();
  }

  resume(): void {}
  stop(): void {}
}

const SHARED = { budget: new CopyBudget(2 ** 20), most: 2 ** 16, overflow: 'pass' } as const;

function holding(outlet: Outlet): EnforcedGate {
  const stream = { keepAliveMs: KEEP_ALIVE, contentEncoding: 'gzip, gzip', reader: null };
  return new HoldGate({ ...SHARED, outlet, stream });
}

function windowed(outlet: Outlet): EnforcedGate {
  return new WindowGate({
    ...SHARED,
    outlet,
    contentEncoding: 'gzip, gzip',
    keepAliveMs: null,
    settings: { release: 'cleared', tokens: 100, rules_tokens: 100, overlap_tokens: 0 },
    reader: openaiChat.streamReader(),
    judge: { onFailure: 'allow', stopByRules: () => null } as unknown as InlineJudge,
    readRequest: () => Promise.resolve({ input: null, document: null }),
    readWindow: () => Promise.resolve(null),
  });
}

describe.each([
  ['hold', holding],
  ['window', windowed],
])('%s', (_mode, newGate) => {
  test('a bomb that is let pass is decoded no faster than the client takes it', async () => {
    const client = new SlowClient();
    const gate = newGate(client);
    client.gate = gate;
    gate.push(BOMB);
    await gate.drain(true);
    expect(client.bytes).toBe(LENGTH + 2);
    // What was held goes out together with the piece for which there was no room.
    expect(client.tooMuch).toBeLessThanOrEqual(1);
    gate.close();
    expect(SHARED.budget.held).toBe(0);
  });

  test('a client that goes away ends it', async () => {
    const client = new SlowClient();
    const gate = newGate(client);
    gate.push(BOMB);
    const drained = gate.drain(true);
    gate.close();
    await drained;
    expect(client.bytes).toBeLessThan(LENGTH);
  });
});
