/**
 * `node bench/erasure.ts [exchanges]`: what an erasure costs those who write meanwhile. A ledger is filled, then one after
 * the other the words of all are erased, and all of one of ten clients; traffic goes on beside it. For each: how long it
 * took, the longest transaction of the writer, and how long openings waited beside it and without it.
 */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { ErasureOrder } from '../judge-proxy/ledger/ledger.ts';
import { sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../judge-proxy/ledger/sample-records.ts';
import { openLedger } from '../judge-proxy/ledger/sqlite.ts';
import { newId, systemClock, timestamp } from '../judge-proxy/telemetry/clock.ts';
import type { Log } from '../judge-proxy/telemetry/log.ts';

const [exchanges = 20_000] = process.argv.slice(2).map(Number);
const LOG: Log = { write: () => undefined, verdict: () => undefined, flush: () => undefined };
const ACTOR = { kind: 'system', name: 'bench' } as const;
/** Between two openings of the traffic beside it. */
const PACE_MS = 5;

const folder = mkdtempSync(join(tmpdir(), 'bench-erasure-'));
const file = join(folder, 'ledger.db');
let longest = 0;
const metrics = {
  committed: (_operations: number, ms: number) => {
    longest = Math.max(longest, ms);
  },
  lost: () => undefined,
};
const ledger = await openLedger({
  url: `sqlite:${file}`,
  durability: 'process',
  clock: systemClock,
  log: LOG,
  metrics,
});

async function exchange(index: number): Promise<void> {
  const id = newId();
  const ts = timestamp(systemClock);
  const content = sampleContent({ text: `${id} ${'a word and another '.repeat(100)}` });
  await ledger.open(sampleOpened(id, { ts, client: `team-${index % 10}` }));
  const completed = sampleCompleted(id, { ts, content_sha256: content.sha256, response_id: `resp_${id}` });
  const verdict = sampleVerdict(id, { ts, verdict_id: newId(), client: `team-${index % 10}` });
  await ledger.completeJudged(completed, content, verdict);
}

for (let done = 0; done < exchanges; done += 100) {
  await Promise.all(Array.from({ length: 100 }, (_, index) => exchange(done + index)));
}
process.stdout.write(`${exchanges} exchanges, ${Math.round(statSync(file).size / 2 ** 20)} MiB\n`);

/** Waits of openings that come one after the other until `ended`. */
async function waits(ended: () => boolean): Promise<number[]> {
  const taken: number[] = [];
  while (!ended()) {
    const start = performance.now();
    await ledger.open(sampleOpened(newId(), { client: 'beside', ts: timestamp(systemClock) }));
    taken.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  return taken.toSorted((a, b) => a - b);
}

function tell(name: string, ms: number, taken: readonly number[]): void {
  const at = (quantile: number) => (taken[Math.floor((taken.length - 1) * quantile)] ?? 0).toFixed(1);
  process.stdout.write(
    `${name}: ${(ms / 1_000).toFixed(1)} s, longest transaction ${longest.toFixed(1)} ms, ` +
      `openings p50 ${at(0.5)} p99 ${at(0.99)} max ${at(1)} ms of ${taken.length}\n`,
  );
}

async function beside(name: string, work: () => Promise<unknown>): Promise<void> {
  longest = 0;
  const start = performance.now();
  let ended = false;
  const running = work().finally(() => {
    ended = true;
  });
  const taken = await waits(() => ended);
  await running;
  tell(name, performance.now() - start, taken);
}

const ORDERS: readonly [string, Pick<ErasureOrder, 'tier' | 'scope'>][] = [
  ['one client, whole', { tier: 'metadata', scope: { kind: 'client', client: 'team-1' } }],
  ['words of all', { tier: 'text', scope: { kind: 'age', before: '9999-01-01T00:00:00.000Z', age_ms: 0 } }],
];
await beside('nothing', () => new Promise((resolve) => setTimeout(resolve, 2_000)));
for (const [name, order] of ORDERS) {
  await beside(name, () => ledger.erase({ actor: ACTOR, reason: 'request', ...order }));
}
await ledger.close();
rmSync(folder, { recursive: true });
