/** Takes out of the index what the ledger no longer has. */

import type { ErasureRecord } from '../acts.ts';
import { codeOf, ERASED_TIERS } from './columns.ts';
import { setMessage } from './entry.ts';
import type { Store } from './store.ts';

export function applyErasure(store: Store, { tier, seqs }: Pick<ErasureRecord, 'tier' | 'seqs'>): void {
  if (tier === 'metadata') {
    for (const seq of seqs) removeRecord(store, seq);
    return;
  }
  const exchanges = new Set(seqs.map((seq) => store.openedSeq(seq) ?? seq));
  for (const seq of exchanges) eraseParts(store, seq, tier);
}

function eraseParts(store: Store, openedSeq: number, tier: 'sealed' | 'text'): void {
  const entry = store.bySeq(openedSeq);
  if (entry === null) return;
  entry.erased = Math.max(entry.erased, codeOf(ERASED_TIERS, tier));
  if (tier === 'sealed') return;
  setMessage(entry, null);
  store.eraseWords(openedSeq);
}

/** Whatever the record was, nothing of it stays; an exchange goes with its opening. */
function removeRecord(store: Store, seq: number): void {
  store.sql('DELETE FROM audit WHERE seq = ?').run(seq);
  store.sql('DELETE FROM labels WHERE seq = ?').run(seq);
  store.sql('DELETE FROM shadows WHERE seq = ?').run(seq);
  store.removeConnection(seq);
  store.remove(seq);
}
