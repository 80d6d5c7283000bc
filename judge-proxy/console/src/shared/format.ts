/** Numbers and times for people. */

const pad = (value: number, length = 2) => String(value).padStart(length, '0');

/** `2026-11-21 14:03:07` in the zone of the browser. */
export function formatTime(ts: string): string {
  const at = new Date(ts);
  if (Number.isNaN(at.getTime())) return ts;
  return `${formatDay(at)} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** `2026-11-21`. */
export function formatDay(at: Date): string {
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** `840 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

const COUNT = new Intl.NumberFormat('en');
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `12,408`. */
export function formatCount(value: number): string {
  return COUNT.format(value);
}

/** `1 exchange`, `12,408 exchanges`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** `12.4K`. */
export function formatShort(value: number): string {
  return SHORT.format(value);
}

/** US dollars, with as many digits as a small sum needs: `$0.0042`, `$12.30`. */
export function formatUsd(usd: number): string {
  if (usd === 0) return '$0';
  if (Math.abs(usd) < 0.0001) return '<$0.0001';
  return `$${usd.toFixed(Math.abs(usd) < 1 ? 4 : 2).replace(/\B(?=(\d{3})+(?=\.))/g, ',')}`;
}

/** `1.4 MB`; a kilobyte is 1,000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'] as const;
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** power).toFixed(1)} ${units[power - 1] ?? 'kB'}`;
}

/** `12.5 %` of a share from 0 to 1. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}
