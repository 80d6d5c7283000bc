/** Why an exchange has no verdict, in a few words. */

import type { UnjudgedExchange } from '../../ledger/ledger.ts';
import { oneLine } from '../terminal-text.ts';

export function whyUnjudged({ opened, completed, waiting }: Omit<UnjudgedExchange, 'seq'>): string {
  if (completed === null) return 'under way';
  if (waiting) return `waiting for judge ${oneLine(opened.judge ?? '')}`;
  const { reasons } = completed.coverage;
  return reasons.length === 0 ? 'no judge' : reasons.join(', ');
}
