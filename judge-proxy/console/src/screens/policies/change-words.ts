/** What a replay says of an exchange, gravest first, as `replays/diff.ts` has it. */

import type { Tone } from '../../shared/tag.tsx';

interface ChangeWords {
  readonly label: string;
  readonly hint: string;
  readonly tone: Tone;
}

export const CHANGES_IN_WORDS = {
  newly_blocks: { label: 'Newly blocks', hint: 'It passed, and would be stopped now.', tone: 'high' },
  newly_passes: { label: 'Newly passes', hint: 'It was stopped, and would pass now.', tone: 'medium' },
  first_verdict: { label: 'First verdict', hint: 'It had no verdict, and would pass.', tone: 'low' },
  changed: { label: 'Changed', hint: 'Stopped or passed as before, with another label or severity.', tone: 'low' },
  failed: { label: 'Failed', hint: 'The judge gave no usable answer.', tone: 'void' },
  unchanged: { label: 'Unchanged', hint: 'The same label and severity.', tone: 'quiet' },
  not_judged: { label: 'Not judged', hint: 'The ledger does not have what was judged.', tone: 'void' },
} as const satisfies Record<string, ChangeWords>;

export type ChangeName = keyof typeof CHANGES_IN_WORDS;
export const CHANGE_NAMES = Object.keys(CHANGES_IN_WORDS) as readonly ChangeName[];

export function isChange(name: string): name is ChangeName {
  return Object.hasOwn(CHANGES_IN_WORDS, name);
}
