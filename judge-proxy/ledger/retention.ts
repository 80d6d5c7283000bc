/**
 * Erases what is older than the configuration keeps it: metadata first, which takes the words with it. Each run is an
 * erasure like any other, with its records; one that fails is told and tried again at the next. While the clock is not to
 * be believed (retention-clock.ts) nothing is erased, and that is said.
 */

import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { ErasureTier } from './acts.ts';
import type { ErasureOrder, Ledger } from './ledger.ts';
import { RetentionClock } from './retention-clock.ts';

/** Milliseconds after the start of an exchange; what is not set is kept for ever. */
export interface RetentionSettings {
  readonly sealed?: number | undefined;
  readonly text?: number | undefined;
  readonly metadata?: number | undefined;
}

export interface RetentionParts {
  readonly settings: RetentionSettings;
  readonly ledger: Pick<Ledger, 'erase' | 'rows' | 'append'>;
  readonly clock: Clock;
  /** Of `believedBefore`. */
  readonly believed: number | null;
  readonly log: Log;
}

export interface Retention {
  /** False while nothing is erased because the clock leapt. */
  health(): { readonly ok: boolean; readonly cause: string | null };
  /** An erasure that is under way ends with the ledger. */
  stop(): void;
}

/** Between two looks: a tenth of the shortest time, so that nothing is kept much longer, within these bounds. */
const EVERY_MS = { least: 1_000, most: 3_600_000 };

const ORDER: readonly ErasureTier[] = ['metadata', 'text', 'sealed'];

const REMEDY =
  'the clock leapt; erasing goes on when it was steady for a day, or after npm run erase -- --retention-now';

export function startRetention(parts: RetentionParts): Retention {
  const { settings, ledger, clock, believed, log } = parts;
  const kept = ORDER.flatMap((tier) => settings[tier] ?? []);
  if (kept.length === 0) return { health: () => ({ ok: true, cause: null }), stop: () => undefined };
  const every = Math.min(Math.max(Math.min(...kept) / 10, EVERY_MS.least), EVERY_MS.most);
  const time = new RetentionClock(clock, ledger, believed);
  let [running, stopped, told] = [false, false, false];
  const look = () => {
    const now = time.look();
    if (time.held !== told) {
      told = time.held;
      if (told) log.write('warn', 'retention_held', { cause: 'clock_leapt', reason: REMEDY });
      else log.write('info', 'retention_resumed');
    }
    return now;
  };
  look();
  const timer = setInterval(async () => {
    if (running) return;
    const now = look();
    if (now === null) return;
    running = true;
    await run(parts, now, () => stopped);
    await time.keep(now).catch(() => undefined);
    running = false;
  }, every).unref();
  return {
    health: () => ({ ok: !time.held, cause: time.held ? 'held' : null }),
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

type AgeOrder = ErasureOrder & { readonly scope: Extract<ErasureOrder['scope'], { kind: 'age' }> };

/** What is to be erased by age at a time, the widest tier first. @param nowMs a time that can be believed */
export function retentionOrders(
  settings: RetentionSettings,
  nowMs: number,
  actor: ErasureOrder['actor'] = { kind: 'system', name: 'retention' },
): readonly AgeOrder[] {
  return ORDER.flatMap((tier) => {
    const age_ms = settings[tier];
    if (age_ms === undefined) return [];
    const before = new Date(nowMs - age_ms).toISOString();
    return { actor, reason: 'retention', tier, scope: { kind: 'age', before, age_ms } } as const;
  });
}

/** One look at all tiers. */
async function run({ settings, ledger, log }: RetentionParts, nowMs: number, stopped: () => boolean): Promise<void> {
  for (const order of retentionOrders(settings, nowMs)) {
    if (stopped()) return;
    const { tier } = order;
    try {
      const { exchanges, records } = await ledger.erase(order);
      if (records > 0) log.write('info', 'erased', { reason: 'retention', state: tier, count: exchanges });
    } catch (error) {
      if (stopped()) return;
      const cause = (error as { reason?: string }).reason ?? 'unknown';
      log.write('warn', 'erasure_failed', { reason: 'retention', state: tier, cause });
    }
  }
}
