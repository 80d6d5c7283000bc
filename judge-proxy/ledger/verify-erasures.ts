/** What erasure records say is gone, by position. Memory: a byte for each position near one that is named. */

import type { DatabaseSync } from 'node:sqlite';
import { ERASURE_TIERS, type ErasureRecord, type ErasureTier } from './acts.ts';
import type { Sealed } from './chain.ts';
import { isSealed } from './verify-break.ts';

const CHUNK = 65_536;

export class Erasures {
  /** 0: nothing. Else one more than the index of the tier; each tier holds those before it. */
  readonly #ranks = new Map<number, Uint8Array>();

  /** Whether the parts of a tier are gone from a record, by an erasure that says so. */
  names(seq: number, tier: ErasureTier): boolean {
    const rank = this.#ranks.get(Math.floor(seq / CHUNK))?.[seq % CHUNK] ?? 0;
    return rank > ERASURE_TIERS.indexOf(tier);
  }

  add({ tier, seqs }: Pick<ErasureRecord, 'tier' | 'seqs'>): void {
    for (const seq of seqs) {
      const index = Math.floor(seq / CHUNK);
      const chunk = this.#ranks.get(index) ?? new Uint8Array(CHUNK);
      this.#ranks.set(index, chunk);
      chunk[seq % CHUNK] = Math.max(chunk[seq % CHUNK] ?? 0, ERASURE_TIERS.indexOf(tier) + 1);
    }
  }
}

/**
 * All erasures of a ledger: they stand after what they erase, also after the end of a part that is checked. One that is
 * not what was sealed counts for nothing: then what it names is found missing, and that is the first bad record.
 */
export function readErasures(db: DatabaseSync): Erasures {
  const erasures = new Erasures();
  const rows = db.prepare("SELECT * FROM records WHERE kind = 'erasure' ORDER BY seq");
  for (const row of rows.iterate()) {
    const record = row as unknown as Sealed;
    const erasure = isSealed(record) ? read(record.body) : null;
    // It erased what was there: whoever seals one cannot take away what is yet to come.
    if (erasure !== null) erasures.add({ ...erasure, seqs: erasure.seqs.filter((seq) => seq < record.seq) });
  }
  return erasures;
}

function read(body: string | null): ErasureRecord | null {
  try {
    const value = JSON.parse(body ?? '') as ErasureRecord;
    const known = ERASURE_TIERS.includes(value.tier) && value.seqs.every((seq) => Number.isSafeInteger(seq) && seq > 0);
    return known ? value : null;
  } catch {
    return null;
  }
}
