/**
 * What texts of a transcript say when they are decoded, made fit for the judge: redacted by the same rules as the texts
 * themselves, each with a place of its own, bounded.
 */

import type { Finding } from '../exchange/redact.ts';
import type { Part, Side, Transcript } from '../exchange/transcript.ts';
import type { RuleHit } from '../ledger/records.ts';
import type { DecodedText } from './input.ts';
import { type DecodedStretch, type DecodedStretches, decodedStretches } from './rules/decoded-stretches.ts';
import { Budget, type RuleFinding } from './rules/rule.ts';
import { type RulesOutcome, type RunOptions, runRules } from './rules/run-rules.ts';
import { trimParts } from './trim.ts';

/** Decoded texts of one exchange that are shown. */
const MOST_TEXTS = 100;
/** All decoded texts of one exchange before redaction, characters: what rules read of them. */
const MOST_READ = 524_288;
/** All that are shown, characters: beside the 200,000 of the transcript. */
const MOST_SHOWN = 40_000;

interface Placed extends DecodedStretch {
  readonly part: Part;
  readonly place: string;
}

export interface Decoded {
  readonly texts: readonly Placed[];
  /** To be taken out: of the decoded texts, and of the originals what holds a secret in disguise. */
  readonly redactions: readonly Finding[];
  /** Of rules that read no disguise by themselves. */
  readonly hits: readonly RuleHit[];
  /** Sides of which not all is shown. */
  readonly cut: ReadonlySet<Side>;
  /** False when a rule ran out of its budget. */
  readonly complete: boolean;
}

/**
 * @param transcript not redacted yet, without what no rule has read
 * @param options of the rules that read the transcript
 * @param read what they said
 */
export function decodeTexts(
  transcript: Transcript,
  options: RunOptions,
  read: Pick<RulesOutcome, 'keys' | 'withheld'>,
): Decoded {
  const cut = new Set<Side>();
  const decode = ({ place, text }: Part) => {
    // What was cut off is not the text that has this key.
    const key = read.withheld.has(place) ? null : (read.keys.get(place) ?? null);
    return decodedOnce(text, key, options);
  };
  const placed = boundedTexts(transcript.parts, decode, cut);
  if (placed.length === 0) return { texts: [], redactions: [], hits: [], cut, complete: true };
  const outcome = runRules(
    placed.map(({ place, decoded }) => ({ place, text: decoded, ofApplication: false })),
    options,
  );
  const texts = placed.filter(({ place, part }) => {
    const unread = outcome.withheld.has(place);
    if (unread) cut.add(part.side);
    return !unread;
  });
  const { redactions } = outcome;
  return {
    texts,
    redactions: [...redactions, ...disguisedBy(placed, redactions)],
    hits: outcome.hits.filter(({ rule }) => rule !== 'judge_manipulation').filter((hit) => isNew(hit, placed)),
    cut,
    complete: outcome.complete,
  };
}

const PLAIN: DecodedStretches = { stretches: [], complete: true };
/** Stands in the cache for a text that is decoded anew. */
const DECODES: RuleFinding = { start: 0, end: 0, type: 'decodes', severity: 'none' };

/** A text that says nothing else is looked at once: a conversation sends its whole history with every request. */
function decodedOnce(text: string, key: string | null, { cache, now }: RunOptions): DecodedStretches {
  if (cache === undefined) return decodedStretches(text);
  let decoded: DecodedStretches | undefined;
  const { findings } = cache.scan(key, 'decoded', new Budget(now, Number.POSITIVE_INFINITY), () => {
    decoded = decodedStretches(text);
    const plain = decoded.complete && decoded.stretches.length === 0;
    return { findings: plain ? [] : [DECODES], scanned: text.length };
  });
  return findings.length === 0 ? PLAIN : (decoded ?? decodedStretches(text));
}

function boundedTexts(parts: readonly Part[], decode: (part: Part) => DecodedStretches, cut: Set<Side>): Placed[] {
  const placed: Placed[] = [];
  let room = MOST_READ;
  for (const part of parts) {
    if (part.kind === 'media') continue;
    const { stretches, complete } = decode(part);
    if (!complete) cut.add(part.side);
    const counts = new Map<string, number>();
    for (const stretch of stretches) {
      const count = counts.get(stretch.coding) ?? 0;
      counts.set(stretch.coding, count + 1);
      room -= stretch.decoded.length;
      if (placed.length === MOST_TEXTS || room < 0) cut.add(part.side);
      else placed.push({ ...stretch, part, place: `${part.place}#${stretch.coding}[${count}]` });
    }
  }
  return placed;
}

/** A secret that stands in a disguise is taken out with its disguise: findings at the place of the original. */
export function disguisedBy(placed: readonly Placed[], redactions: readonly Finding[]): Finding[] {
  const types = new Map(redactions.map(({ place, type }) => [place, type]));
  return placed.flatMap(({ place, part, start, end }) => {
    const type = types.get(place);
    return type === undefined ? [] : [{ place: part.place, start, end, type: `encoded_${type}` }];
  });
}

/** Rules read base64 and clean forms of a text themselves, and hit at its own place. */
function isNew(hit: RuleHit, placed: readonly Placed[]): boolean {
  const coding = placed.find(({ place }) => place === hit.place)?.coding;
  return coding === 'hex' || coding === 'percent' || coding === 'rot13' || coding === 'tags' || coding === 'selectors';
}

/** The texts as parts, for what treats them as it treats the transcript: each has its own place. */
export function asParts(texts: Decoded['texts']): Part[] {
  return texts.map(({ part, place, decoded }) => ({
    ...{ side: part.side, role: part.role, kind: part.kind, place },
    text: decoded,
  }));
}

/**
 * @param texts as `decodeTexts` gave them
 * @param clean the same as parts, redacted
 * @returns what is shown, the largest cut most, and the sides that lost text by it
 */
export function shownTexts(
  texts: Decoded['texts'],
  clean: readonly Part[],
): { readonly decoded: readonly DecodedText[]; readonly cut: ReadonlySet<Side> } {
  const { parts, cut } = trimParts(clean, MOST_SHOWN);
  const codings = new Map(texts.map(({ place, coding }) => [place, coding]));
  const decoded = parts.flatMap(({ place, text }): DecodedText[] => {
    const coding = codings.get(place);
    return coding === undefined ? [] : [{ place, coding, text }];
  });
  return { decoded, cut };
}
