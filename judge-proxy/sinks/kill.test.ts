/**
 * Contract: through kill -9 at any moment every verdict that the ledger acknowledged reaches the sink, in order if the
 * repetitions of a delivery are left out, and each delivery of one verdict has the same key.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Receiver, SinkRig, sinkSettings } from './testing/sink-rig.ts';

const ROUNDS = 8;

let receiver: Receiver;
let rig: SinkRig;

beforeEach(async () => {
  receiver = await Receiver.start();
  rig = new SinkRig();
});
afterEach(async () => {
  await rig.close();
  await receiver.close();
});

it('delivers everything that was acknowledged', { timeout: 120_000 }, async () => {
  const settings = sinkSettings(receiver.url, { batch: 7 });
  // The place of the sink is stored before the first record: it is no new sink to the processes that are killed.
  await rig.start([settings]);
  await rig.judged();
  await receiver.until(() => receiver.requests.length > 0);
  await rig.stop();
  const acknowledged: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Some answers are failures, so that kills meet deliveries that are tried again, too.
    const broken = Math.floor(Math.random() * 3);
    receiver.answer = (_request, index) => ({ status: broken > 0 && index % broken === 0 ? 503 : 204 });
    acknowledged.push(...(await positionsUntilKilled(1 + Math.floor(Math.random() * 300))));
  }
  receiver.answer = () => ({ status: 204 });
  await rig.start([settings]);
  const last = acknowledged.at(-1) ?? 0;
  await receiver.until(() => delivered().has(last));
  expect(acknowledged.filter((seq) => !delivered().has(seq))).toEqual([]);
  const firsts = [...delivered().keys()];
  expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
  expect([...delivered().values()].every((keys) => keys.size === 1)).toBe(true);
});

/** Keys by position, in the order in which they first came. */
function delivered(): Map<number, Set<string>> {
  const keys = new Map<number, Set<string>>();
  for (const { body } of receiver.requests) {
    for (const { seq, dedup_key } of (JSON.parse(body) as { data: { seq: number; dedup_key: string }[] }).data) {
      keys.set(seq, (keys.get(seq) ?? new Set()).add(dedup_key));
    }
  }
  return keys;
}

/** What a judging process acknowledged before it was killed. */
async function positionsUntilKilled(count: number): Promise<number[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sinks-child.ts'), rig.url, receiver.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const positions: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    positions.push(Number(line));
    if (positions.length === count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe('SIGKILL');
  return positions;
}
