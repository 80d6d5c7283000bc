/** When a certificate is to be renewed: a third of its life before the end (90 days: 30 left; 825 days: 275 left). */

import type { X509Certificate } from 'node:crypto';
import { DAY_MS } from './certificate.ts';

export type Freshness = 'fresh' | 'due' | 'expired' | 'not_yet_valid';

export function freshness(cert: X509Certificate, now: Date): Freshness {
  const [from, to] = [cert.validFromDate.getTime(), cert.validToDate.getTime()];
  if (now.getTime() > to) return 'expired';
  if (now.getTime() < from) return 'not_yet_valid';
  return (to - now.getTime()) * 3 <= to - from ? 'due' : 'fresh';
}

/** Whole days that are left; negative after the end. */
export function daysLeft(cert: X509Certificate, now: Date): number {
  return Math.floor((cert.validToDate.getTime() - now.getTime()) / DAY_MS);
}
