/** Numbers as people read them on a card. */

import type { Figure } from './card-schema.ts';

export const NOT_DEFINED = '–';

/** Two decimals: more would say more than a few hundred pairs can. */
export function number(value: number | null): string {
  return value === null ? NOT_DEFINED : value.toFixed(2);
}

/** `0.93 [0.88, 0.97]`. */
export function withInterval({ value, low, high }: Figure): string {
  return low === null || high === null ? number(value) : `${number(value)} [${number(low)}, ${number(high)}]`;
}

/** `+0.04`, `−0.10`, `0.00`. */
export function signed(delta: number | null): string {
  if (delta === null) return NOT_DEFINED;
  const text = Math.abs(delta).toFixed(2);
  return text === '0.00' ? text : `${delta > 0 ? '+' : '−'}${text}`;
}

export function milliseconds(value: number | null): string {
  return value === null ? NOT_DEFINED : `${Math.round(value)} ms`;
}

export function dollars(value: number | null): string {
  return value === null ? 'unknown (no price)' : `$${value.toFixed(value < 1 ? 4 : 2)}`;
}
