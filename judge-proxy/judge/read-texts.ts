/**
 * From the texts of a transcript to what may be kept and shown of them: rules → what no rule read is withheld → what is
 * disguised is decoded → all of it is redacted. The same for a whole exchange and for a window of a stream.
 */

import { placedTexts } from '../exchange/free-strings.ts';
import type { KnownSecret } from '../exchange/known-secret.ts';
import { asItCame, type Finding, type OftenKnown, Redactor, type Token } from '../exchange/redact.ts';
import type { Side, Transcript } from '../exchange/transcript.ts';
import type { RecordingLevel, RuleHit } from '../ledger/records.ts';
import { asParts, type Decoded, decodeTexts, disguisedBy, shownTexts } from './decoded.ts';
import type { DecodedText } from './input.ts';
import { type RuleText, type RunOptions, runRules } from './rules/run-rules.ts';
import { withhold } from './withhold.ts';

/** What is known of secrets before any rule runs. */
export interface KnownSecrets {
  /** Looked for wherever they may stand. */
  readonly secrets: readonly KnownSecret[];
  /** The same, of headers. */
  readonly often: OftenKnown;
  /** Where some of them stand, however short. */
  findings(transcript: Transcript): readonly Finding[];
  /** After `findings`: false when not all could be looked for, and nothing may be kept. */
  readonly complete: boolean;
}

export interface ReadTexts {
  /** As the level has it, in its whole length, of well-formed text. */
  readonly transcript: Transcript;
  readonly decoded: readonly DecodedText[];
  readonly hits: readonly RuleHit[];
  /** What was taken out of the transcript, or would be. */
  readonly redactions: readonly Finding[];
  /** Takes secrets of this exchange out of what else is recorded of it. */
  readonly redactor: Redactor;
  /** Sides of which not all that is encoded is shown decoded. */
  readonly cut: ReadonlySet<Side>;
  /** False when a rule ran out of its budget: what it did not read is withheld. */
  readonly complete: boolean;
}

export interface ReadOptions extends RunOptions {
  readonly recording: RecordingLevel;
  /** Stands for a secret (`redact`). */
  readonly token: Token;
  readonly known: KnownSecrets;
}

/** @param texts what the rules read: of the transcript, or of bodies where no format reads them */
export function readTexts(raw: Transcript, texts: readonly RuleText[], options: ReadOptions): ReadTexts {
  const { recording, known, token } = options;
  const outcome = runRules(texts, options);
  const own = known.findings(raw);
  const withheld = known.complete ? outcome.withheld : allOf(raw);
  const kept = recording === 'full' ? raw : withhold(raw, withheld);
  const decoded = decodeTexts(kept, options, outcome);
  const both = { ...kept, parts: [...kept.parts, ...asParts(decoded.texts)] };
  const redactions = [...outcome.redactions, ...decoded.redactions, ...own];
  const redactor = new Redactor(both, redactions, token, known.secrets, known.often);
  redactor.add(disguised(decoded, redactor));
  const clean = wellFormed(recording === 'full' ? asItCame(both) : redactor.redacted());
  const count = kept.parts.length;
  const shown = shownTexts(decoded.texts, clean.parts.slice(count));
  return {
    transcript: { ...clean, parts: clean.parts.slice(0, count) },
    decoded: shown.decoded,
    hits: [...outcome.hits, ...decoded.hits],
    redactions,
    redactor,
    cut: new Set([...decoded.cut, ...shown.cut]),
    complete: outcome.complete && decoded.complete && known.complete,
  };
}

/** What decodes to a secret that no rule knows by its form. */
function disguised({ texts }: Decoded, redactor: Redactor): Finding[] {
  const found = texts.flatMap(({ place, decoded }): Finding[] => {
    const secret = redactor.find(decoded);
    return secret === null ? [] : [{ place, start: 0, end: decoded.length, type: secret.type }];
  });
  return disguisedBy(texts, found);
}

/** Nothing of any text is known to be free of secrets. */
function allOf(raw: Transcript): ReadonlyMap<string, number> {
  return new Map(placedTexts(raw).map(({ place }) => [place, 0]));
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
