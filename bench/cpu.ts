/** CPU time of processes, user + system, as the kernel counts it: the one figure that stays comparable on a busy machine. */

import { readFileSync } from 'node:fs';

/** Clock ticks a second in /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on (proc(5), sysconf(3)). */
const TICKS = 100;

/** Milliseconds of CPU that the process (all its threads) has used. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses and may hold spaces: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}
