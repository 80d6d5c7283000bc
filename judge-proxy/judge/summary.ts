/** What record and verdict tell of the input that was judged. */

import { hash } from 'node:crypto';
import { contextTail, latestUserMessage } from '../exchange/latest.ts';
import { canonicalText } from '../ledger/canonical-json.ts';
import type { Analysis, InputSummary, JudgeInput } from './input.ts';

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

/** All that is known of an exchange from the document that its judge sees: the document itself is a part of it. */
export function analysisOf(input: JudgeInput, known: Pick<Analysis, 'llm_error' | 'analysis_ms'>): Analysis {
  const { transcript, coverage } = input;
  const json = canonicalText(input);
  return {
    api: transcript.api,
    streamed: transcript.streamed,
    model_requested: transcript.model_requested,
    model_returned: transcript.model_returned,
    tokens_in: transcript.usage.tokens_in,
    tokens_out: transcript.usage.tokens_out,
    tokens_cached: transcript.usage.tokens_cached,
    coverage,
    content: { json, sha256: hash('sha256', json) },
    summary: summarize(input),
    ...known,
  };
}
