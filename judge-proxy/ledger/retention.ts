/**
 * Erases what is older than the configuration keeps it: metadata first, which takes the words with it. Each run is an
 * erasure like any other, with its records; one that fails is told and tried again at the next.
 */

import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { ErasureTier } from './acts.ts';
import type { Ledger } from './ledger.ts';

/** Milliseconds after the start of an exchange; what is not set is kept for ever. */
export interface RetentionSettings {
  readonly sealed?: number | undefined;
  readonly text?: number | undefined;
  readonly metadata?: number | undefined;
}

export interface RetentionParts {
  readonly settings: RetentionSettings;
  readonly ledger: Pick<Ledger, 'erase'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two looks: a tenth of the shortest time, so that nothing is kept much longer, within these bounds. */
const EVERY_MS = { least: 1_000, most: 3_600_000 };

const ORDER: readonly ErasureTier[] = ['metadata', 'text', 'sealed'];

/** @returns stops it; an erasure that is under way ends with the ledger */
export function startRetention(parts: RetentionParts): () => void {
  const kept = ORDER.flatMap((tier) => parts.settings[tier] ?? []);
  if (kept.length === 0) return () => undefined;
  const every = Math.min(Math.max(Math.min(...kept) / 10, EVERY_MS.least), EVERY_MS.most);
  let [running, stopped] = [false, false];
  const timer = setInterval(async () => {
    if (running) return;
    running = true;
    await run(parts, () => stopped);
    running = false;
  }, every).unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

/** One look at all tiers. */
async function run(
  { settings, ledger, clock, log }: RetentionParts,
  stopped: () => boolean = () => false,
): Promise<void> {
  for (const tier of ORDER) {
    const age_ms = settings[tier];
    if (age_ms === undefined || stopped()) continue;
    const before = new Date(clock.now() - age_ms).toISOString();
    const order = {
      actor: { kind: 'system', name: 'retention' },
      reason: 'retention',
      tier,
      scope: { kind: 'age', before, age_ms },
    } as const;
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
