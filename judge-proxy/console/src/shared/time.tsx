import { formatDuration, formatTime } from './format.ts';

/** A time of the ledger in the reader's zone; in UTC when pointed at. */
export function Time({ ts }: { ts: string }) {
  return (
    <time dateTime={ts} title={ts}>
      {formatTime(ts)}
    </time>
  );
}

/** Milliseconds. */
export function Duration({ ms }: { ms: number | null }) {
  return <span>{ms === null ? '—' : formatDuration(ms)}</span>;
}
