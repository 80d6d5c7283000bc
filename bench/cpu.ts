/** CPU time of processes, user + system, as the kernel counts it: the one figure that stays comparable on a busy machine. */

import { readdirSync, readFileSync } from 'node:fs';

/** Threads that are reported by themselves, by the names that Node and we give them; all others are the process's rest. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['node-MainThread', 'main'],
  ['ledger', 'ledger'],
  ['analysis', 'analysis'],
  ['log-copy', 'log-copy'],
  ['ledger-index', 'index'],
  ['ledger-answers', 'answers'],
  ['ledger-reader', 'reader'],
]);

/**
 * Microseconds of CPU that each thread of the process has used, by its name; `''` for the rest: the compiler and the
 * garbage collector of V8, libuv's workers, all of Envoy. A thread that ends in between takes its time with it.
 */
export function cpuByThread(pid: number): ReadonlyMap<string, number> {
  const used = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    // Nanoseconds on the CPU come first (Linux, Documentation/scheduler/sched-stats.rst).
    const [nanoseconds = '0'] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
    const name = NAMED.get(readFileSync(`${folder}/comm`, 'utf8').trim()) ?? '';
    used.set(name, (used.get(name) ?? 0) + Number(nanoseconds) / 1_000);
  }
  return used;
}
