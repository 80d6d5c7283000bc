/** Milliseconds of this thread on the processor: a bound on it holds on a machine that is busy with other things. */
export function cpuMs(): number {
  return process.threadCpuUsage().user / 1_000;
}
