/** The rules over a part of a stream that is not whole yet, and what of it the model may see. */

import { placedTexts } from '../exchange/free-strings.ts';
import type { Part, Transcript } from '../exchange/transcript.ts';
import { type AnalysisSettings, redactionTokens } from './analyse.ts';
import type { WindowReading, WindowTask } from './input.ts';
import { readTexts } from './read-texts.ts';

/** Never throws for what the texts contain. */
export function readWindow(
  { exchangeId, parts }: Omit<WindowTask, 'judge'>,
  settings: Pick<AnalysisSettings, 'rules' | 'ruleMs' | 'hmacKey' | 'now' | 'cache'>,
): WindowReading {
  const { rules, ruleMs: budgetMs, now, cache, hmacKey } = settings;
  const raw = transcriptOf(parts);
  const texts = placedTexts(raw).map(({ place, text }) => ({ place, text, ofApplication: false }));
  const options = { rules, budgetMs, now, ...(cache === undefined ? {} : { cache }) };
  const { transcript, decoded, hits, complete, cut } = readTexts(
    raw,
    texts,
    options,
    redactionTokens(hmacKey, exchangeId),
  );
  return {
    parts: transcript.parts,
    ...(decoded.length === 0 ? {} : { decoded }),
    rule_hits: hits,
    complete: complete && cut.size === 0,
  };
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
