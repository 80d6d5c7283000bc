/** The rules over a part of a stream that is not whole yet, and what of it the model may see. */

import { placedTexts } from '../exchange/free-strings.ts';
import { redact } from '../exchange/redact.ts';
import type { Part, Transcript } from '../exchange/transcript.ts';
import { type AnalysisSettings, redactionTokens } from './analyse.ts';
import type { WindowReading, WindowTask } from './input.ts';
import { runRules } from './rules/run-rules.ts';
import { withhold } from './withhold.ts';

/** Never throws for what the texts contain. */
export function readWindow(
  { exchangeId, parts }: Omit<WindowTask, 'judge'>,
  settings: Pick<AnalysisSettings, 'rules' | 'ruleMs' | 'hmacKey' | 'now' | 'cache'>,
): WindowReading {
  const { rules, ruleMs: budgetMs, now, cache, hmacKey } = settings;
  const raw = transcriptOf(parts);
  const texts = placedTexts(raw).map(({ place, text }) => ({ place, text, ofApplication: false }));
  const { redactions, hits, complete, withheld } = runRules(texts, {
    ...{ rules, budgetMs, now },
    ...(cache === undefined ? {} : { cache }),
  });
  const redacted = redact(withhold(raw, withheld), redactions, redactionTokens(hmacKey, exchangeId));
  // What canonical JSON can write (RFC 8785 §3.2.2): a window may end between two halves of a character.
  return { parts: redacted.parts.map(wellFormed), rule_hits: hits, complete };
}

function wellFormed(part: Part): Part {
  return part.text.isWellFormed() ? part : { ...part, text: part.text.toWellFormed() };
}

function transcriptOf(parts: readonly Part[]): Transcript {
  return {
    api: '',
    model_requested: null,
    model_returned: null,
    streamed: true,
    finish: [],
    usage: { tokens_in: null, tokens_out: null, tokens_cached: null },
    parts,
    error: null,
    unknown_items: 0,
  };
}
