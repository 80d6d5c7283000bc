/**
 * Contract: through kill -9 at any moment every verdict that the ledger acknowledged reaches the sink, in order if the
 * repetitions of a delivery are left out, and each delivery of one verdict has the same key.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Answer, type Received, Receiver, SinkRig, sinkSettings } from './testing/sink-rig.ts';

const ROUNDS = 8;

let receiver: Receiver;
let rig: SinkRig;
/** Keys by position, in the order in which they first came: what was answered 2xx, not what was refused or left open. */
let delivered: Map<number, Set<string>>;

beforeEach(async () => {
  receiver = await Receiver.start();
  rig = new SinkRig();
  delivered = new Map();
});
afterEach(async () => {
  await rig.close();
  await receiver.close();
});

it('delivers everything that was acknowledged', { timeout: 120_000 }, async () => {
  const settings = sinkSettings(receiver.url, { batch: 7 });
  // The place of the sink is stored before the first record: it is no new sink to the processes that are killed.
  receiver.answer = take;
  await rig.start([settings]);
  await rig.judged();
  await receiver.until(() => delivered.size > 0);
  await rig.stop();
  const acknowledged: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // By turns: somewhere between records, and while the sink has a request that it has not answered.
    acknowledged.push(...(await (round % 2 === 0 ? killedAfter(upTo(300)) : killedDuring(upTo(4)))));
  }
  receiver.answer = take;
  await rig.start([settings]);
  const last = acknowledged.at(-1) ?? 0;
  await receiver.until(() => delivered.has(last));
  expect(acknowledged.filter((seq) => !delivered.has(seq))).toEqual([]);
  const firsts = [...delivered.keys()];
  expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
  expect([...delivered.values()].every((keys) => keys.size === 1)).toBe(true);
});

const upTo = (most: number) => 1 + Math.floor(Math.random() * most);

function take({ body }: Received): Answer {
  for (const { seq, dedup_key } of (JSON.parse(body) as { data: { seq: number; dedup_key: string }[] }).data) {
    delivered.set(seq, (delivered.get(seq) ?? new Set()).add(dedup_key));
  }
  return { status: 204 };
}

/** What a judging process acknowledged before it was killed, after so many verdicts. */
async function killedAfter(count: number): Promise<number[]> {
  // Some answers are failures, so that kills meet deliveries that are tried again, too.
  const broken = Math.floor(Math.random() * 3);
  receiver.answer = (request, index) => (broken > 0 && index % broken === 0 ? { status: 503 } : take(request));
  const child = judging();
  return await acknowledgedBy(child, (positions) => {
    if (positions.length === count) child.kill('SIGKILL');
  });
}

/** The same, killed by the n-th request, which is not answered. */
async function killedDuring(request: number): Promise<number[]> {
  const child = judging();
  let left = request;
  receiver.answer = async (received) => {
    left -= 1;
    if (left > 0) return take(received);
    child.kill('SIGKILL');
    return await new Promise<never>(() => undefined);
  };
  return await acknowledgedBy(child, () => undefined);
}

function judging(): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'sinks-child.ts'), rig.url, receiver.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function acknowledgedBy(child: ChildProcess, came: (positions: readonly number[]) => void): Promise<number[]> {
  const positions: number[] = [];
  const closed = once(child, 'close');
  createInterface({ input: child.stdout as Readable }).on('line', (line) => {
    positions.push(Number(line));
    came(positions);
  });
  const [, signal] = await closed;
  expect(signal).toBe('SIGKILL');
  return positions;
}
