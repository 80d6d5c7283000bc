/**
 * From the texts of a transcript to what may be kept and shown of them: rules → what no rule read is withheld → what is
 * disguised is decoded → all of it is redacted. The same for a whole exchange and for a window of a stream.
 */

import { type Finding, redact } from '../exchange/redact.ts';
import type { Side, Transcript } from '../exchange/transcript.ts';
import type { RuleHit } from '../ledger/records.ts';
import { asParts, decodeTexts, shownTexts } from './decoded.ts';
import type { DecodedText } from './input.ts';
import { type RuleText, type RunOptions, runRules } from './rules/run-rules.ts';
import { withhold } from './withhold.ts';

export interface ReadTexts {
  /** Redacted, in its whole length, of well-formed text. */
  readonly transcript: Transcript;
  readonly decoded: readonly DecodedText[];
  readonly hits: readonly RuleHit[];
  /** What was taken out of the transcript. */
  readonly redactions: readonly Finding[];
  /** Sides of which not all that is encoded is shown decoded. */
  readonly cut: ReadonlySet<Side>;
  /** False when a rule ran out of its budget: what it did not read is withheld. */
  readonly complete: boolean;
}

/**
 * @param texts what the rules read: of the transcript, or of bodies where no format reads them
 * @param token stands for a secret (`redact`)
 */
export function readTexts(
  raw: Transcript,
  texts: readonly RuleText[],
  options: RunOptions,
  token: (secret: string) => string,
): ReadTexts {
  const outcome = runRules(texts, options);
  const kept = withhold(raw, outcome.withheld);
  const decoded = decodeTexts(kept, options, outcome);
  const both = { ...kept, parts: [...kept.parts, ...asParts(decoded.texts)] };
  const redactions = [...outcome.redactions, ...decoded.redactions];
  const clean = wellFormed(redact(both, redactions, token));
  const count = kept.parts.length;
  const shown = shownTexts(decoded.texts, clean.parts.slice(count));
  return {
    transcript: { ...clean, parts: clean.parts.slice(0, count) },
    decoded: shown.decoded,
    hits: [...outcome.hits, ...decoded.hits],
    redactions,
    cut: new Set([...decoded.cut, ...shown.cut]),
    complete: outcome.complete && decoded.complete,
  };
}

/** What canonical JSON can write (RFC 8785 §3.2.2): lone surrogates become U+FFFD, numbers that are no counts null. */
function wellFormed(transcript: Transcript): Transcript {
  const { tokens_in, tokens_out, tokens_cached } = transcript.usage;
  return {
    ...transcript,
    usage: { tokens_in: count(tokens_in), tokens_out: count(tokens_out), tokens_cached: count(tokens_cached) },
    parts: transcript.parts.map((part) =>
      part.text.isWellFormed() ? part : { ...part, text: part.text.toWellFormed() },
    ),
  };
}

function count(value: number | null): number | null {
  return value !== null && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
