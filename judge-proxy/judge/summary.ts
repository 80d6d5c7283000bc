/** What a verdict tells of the input that was judged. */

import { contextTail, latestUserMessage } from '../exchange/latest.ts';
import type { InputSummary, JudgeInput } from './input.ts';

/** Characters of the conversation's end that a verdict line shows. */
const TAIL_CHARACTERS = 200;

export function summarize({ transcript, rule_hits }: Pick<JudgeInput, 'transcript' | 'rule_hits'>): InputSummary {
  const latest = latestUserMessage(transcript);
  return {
    rule_hits,
    latest_user_message: latest.text,
    latest_user_message_length: latest.length,
    context_tail_preview: contextTail(transcript, TAIL_CHARACTERS),
  };
}
