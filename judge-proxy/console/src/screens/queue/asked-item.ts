/** What is asked of an item: the same question wherever it is shown, so that it is read once. */

import type { TriageState } from './triage.ts';

/** A blind item is asked for without verdicts, and with them only after its label. */
export function askedItem(state: Pick<TriageState, 'blind' | 'revealed'>, id: string) {
  const blind = state.blind && !state.revealed.has(id);
  return { params: { id }, query: { blind: blind ? 'true' : 'false' } } as const;
}
