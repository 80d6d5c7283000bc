/** What record and verdict tell of the input that was judged. */

import { hash } from 'node:crypto';
import { contextTail, latestUserMessage } from '../exchange/latest.ts';
import type { Transcript } from '../exchange/transcript.ts';
import { canonicalText } from '../ledger/canonical-json.ts';
import type { RecordingLevel } from '../ledger/records.ts';
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

/** What is known of the words of a record, whatever is kept of the text. */
export type RecordWords = Pick<Transcript, 'model_requested' | 'model_returned'>;

/**
 * All that is known of an exchange from the document that its judge sees: the document itself is a part of it, unless
 * metadata alone is kept.
 * @param words redacted: they stand in columns, also where the document is kept as it came
 */
export function analysisOf(
  input: JudgeInput,
  recording: RecordingLevel,
  words: RecordWords,
  known: Pick<Analysis, 'llm_error' | 'analysis_ms' | 'ids' | 'links' | 'sealed'>,
): Analysis {
  const { transcript, coverage } = input;
  return {
    api: transcript.api,
    streamed: transcript.streamed,
    model_requested: words.model_requested,
    model_returned: words.model_returned,
    tokens_in: transcript.usage.tokens_in,
    tokens_out: transcript.usage.tokens_out,
    tokens_cached: transcript.usage.tokens_cached,
    coverage,
    ...(recording === 'metadata' ? withoutWords(input) : withContent(input)),
    ...known,
  };
}

function withContent(input: JudgeInput): Pick<Analysis, 'content' | 'summary'> {
  const json = canonicalText(input);
  return { content: { json, sha256: hash('sha256', json) }, summary: summarize(input) };
}

function withoutWords(input: JudgeInput): Pick<Analysis, 'content' | 'summary' | 'unseen'> {
  const { version, transcript, rule_hits, coverage } = input;
  const parts = transcript.parts.map(({ side, place, role, kind }) => ({ side, place, role, kind, text: '' }));
  const unseen: JudgeInput = { version, transcript: { ...transcript, parts }, rule_hits, coverage };
  return {
    content: null,
    summary: {
      rule_hits,
      latest_user_message: null,
      latest_user_message_length: null,
      context_tail_preview: null,
    },
    unseen,
  };
}
