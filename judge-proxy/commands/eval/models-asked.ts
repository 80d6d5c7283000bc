/** In words, for both forms of a card: which models were asked, and how. */

import { oneLine } from '../terminal-text.ts';
import type { Card } from './card-schema.ts';

/** Which models were asked, in order, and where. */
export function modelsOf({ model, endpoint, small_model, small_endpoint }: Card['judge']): string {
  if (model === null) return 'rules alone, no model was asked';
  const large = `${model} at ${endpoint ?? '?'}`;
  return small_model === null ? large : `${small_model} at ${small_endpoint ?? '?'}, then ${large}`;
}

/** How answers were asked for, and how often the larger model was asked after the small one. */
export function askedOf({ judge, output_modes, escalated }: Card): string {
  const modes = Object.entries(output_modes).map(([mode, count]) => `${oneLine(mode)} ${count}`);
  return [...modes, ...(judge.small_model === null ? [] : [`escalated ${escalated}`])].join(', ');
}
