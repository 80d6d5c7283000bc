/** The keys of the review screen: one map, which acts, is shown by `?`, and is the table of docs/console.md. */

import type { HumanLabel } from '../../../../ledger/acts.ts';

export type ReviewAct =
  | { readonly kind: 'next' }
  | { readonly kind: 'previous' }
  | { readonly kind: 'label'; readonly label: HumanLabel }
  | { readonly kind: 'note' }
  | { readonly kind: 'undo' }
  | { readonly kind: 'similar' }
  | { readonly kind: 'reveal' }
  | { readonly kind: 'open' }
  | { readonly kind: 'help' };

export interface ReviewKey {
  /** As KeyboardEvent.key says it: what is printed on the key, whatever the layout. */
  readonly key: string;
  readonly does: string;
  readonly act: ReviewAct;
}

export const REVIEW_KEYS: readonly ReviewKey[] = [
  { key: 'j', does: 'Next item', act: { kind: 'next' } },
  { key: 'k', does: 'Previous item', act: { kind: 'previous' } },
  { key: '1', does: 'Label clean, go on', act: { kind: 'label', label: 'clean' } },
  { key: '2', does: 'Label violation, go on', act: { kind: 'label', label: 'violation' } },
  { key: '3', does: 'Label unsure, go on', act: { kind: 'label', label: 'unsure' } },
  { key: '4', does: 'Label invalid, go on', act: { kind: 'label', label: 'invalid' } },
  { key: 'n', does: 'Write a note', act: { kind: 'note' } },
  { key: 'u', does: 'Undo: withdraw the last label; the record stays', act: { kind: 'undo' } },
  { key: 's', does: 'Label similar ones together', act: { kind: 'similar' } },
  { key: 'r', does: 'After labelling blind: show what the judge said', act: { kind: 'reveal' } },
  { key: 'o', does: 'Open the page of the exchange', act: { kind: 'open' } },
  { key: '?', does: 'Show these keys', act: { kind: 'help' } },
];

/** The name of the key that gives this label: shown on its button. */
export function keyOfLabel(label: HumanLabel): string {
  const found = REVIEW_KEYS.find(({ act }) => act.kind === 'label' && act.label === label);
  return found?.key ?? '';
}
