/** The rules over a part of a stream that is not whole yet, and what of it the model may see. */

import { placedTexts } from '../exchange/free-strings.ts';
import { headerSecrets } from '../exchange/secret-headers.ts';
import type { Part, Transcript } from '../exchange/transcript.ts';
import { type AnalysisSettings, redactionTokens, runOptions } from './analyse.ts';
import { asKnown } from './detectors.ts';
import type { WindowReading, WindowTask } from './input.ts';
import { JsonSecrets } from './json-secrets.ts';
import { readTexts } from './read-texts.ts';
import { Budget } from './rules/rule.ts';
import type { Remembered } from './window-memory.ts';

/**
 * Never throws for what the texts contain.
 * @param before what is known of its exchange, null for a stream without a request
 */
export function readWindow(
  { exchangeId, parts, recording = 'redacted', events = [], secretHeaders = [] }: Omit<WindowTask, 'judge'>,
  settings: Omit<AnalysisSettings, 'decodedCopy' | 'decodeMs'>,
  before: Remembered | null = null,
): WindowReading {
  const raw = transcriptOf(parts);
  const texts = placedTexts(raw).map(({ place, text }) => ({ place, text, ofApplication: false }));
  const stream = before?.stream ?? new JsonSecrets(settings.detectors?.paths ?? []);
  stream.events('response', events, new Budget(settings.now, settings.ruleMs));
  const often = { secrets: headerSecrets(secretHeaders), literals: settings.literals ?? null };
  const known = asKnown(often, stream, before?.secrets);
  const { transcript, decoded, hits, complete, cut } = readTexts(raw, texts, {
    ...runOptions(settings),
    recording,
    token: redactionTokens(settings.hmacKey, exchangeId),
    known,
  });
  const readToEnd = { rule_hits: hits, complete: complete && cut.size === 0 };
  // No model is asked about it.
  if (recording === 'metadata') return { parts: [], ...readToEnd };
  return { parts: transcript.parts, ...(decoded.length === 0 ? {} : { decoded }), ...readToEnd };
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
