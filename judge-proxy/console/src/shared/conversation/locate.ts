/** Where in a conversation the findings of a verdict stand: quotes of criteria by place and words, rule hits by place. */

import type { ConversationPart } from '../../../../contract/responses.ts';
import type { CriterionVerdict, RuleHit } from '../../../../ledger/records.ts';
import type { Mark } from '../visible-text.ts';

/** One thing that was found, and where it is shown. */
export interface Finding {
  /** `c.CRITERION.N` for a quote, `r.N` for a rule hit. */
  readonly id: string;
  /** Index of the part; null when the words are not in what is shown (erased, cut, or only decoded). */
  readonly part: number | null;
}

export interface Located {
  readonly findings: ReadonlyMap<string, Finding>;
  /** Marks by index of the part. */
  readonly marks: ReadonlyMap<number, readonly Mark[]>;
}

interface Findings {
  readonly criteria: readonly CriterionVerdict[];
  readonly rule_hits: readonly RuleHit[];
}

export const quoteId = (criterion: string, index: number) => `c.${criterion}.${index}`;
export const hitId = (index: number) => `r.${index}`;

/** Looks every finding of a verdict up. */
export function locate(parts: readonly ConversationPart[], { criteria, rule_hits }: Findings): Located {
  const findings = new Map<string, Finding>();
  const marks = new Map<number, Mark[]>();
  const put = (id: string, kind: Mark['kind'], at: { part: number; ranges: readonly Range[] } | null) => {
    findings.set(id, { id, part: at?.part ?? null });
    if (at === null) return;
    const ofPart = marks.get(at.part) ?? [];
    marks.set(at.part, [...ofPart, ...at.ranges.map(({ start, end }) => ({ id, kind, start, end }))]);
  };
  for (const { id, evidence } of criteria) {
    for (const [index, { place, quote }] of evidence.entries()) {
      put(quoteId(id, index), 'evidence', findQuote(parts, place, quote));
    }
  }
  for (const [index, hit] of rule_hits.entries()) put(hitId(index), 'rule', findHit(parts, hit));
  return { findings, marks };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** In the part that the judge named, else in any: models mistake places more often than words. */
function findQuote(parts: readonly ConversationPart[], place: string, quote: string) {
  if (quote === '') return null;
  for (const part of candidates(parts, place)) {
    const range = rangeOf(parts[part]?.text ?? '', quote);
    if (range !== null) return { part, ranges: [range] };
  }
  return null;
}

/** Indexes of parts: those of the place first, and of those the ones of this exchange. */
function candidates(parts: readonly ConversationPart[], place: string): number[] {
  const rank = ({ place: of, of_exchange }: ConversationPart) =>
    (of === place ? 0 : 2) + (of_exchange === undefined ? 0 : 1);
  return parts
    .map((part, index) => ({ index, rank: rank(part) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ index }) => index);
}

/** Exactly, else with any white space for white space. */
function rangeOf(text: string, quote: string): Range | null {
  const exact = text.indexOf(quote);
  if (exact >= 0) return { start: exact, end: exact + quote.length };
  const words = quote
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0 || quote.length > LONGEST_LOOSE_QUOTE) return null;
  const pattern = words.map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+');
  const loose = new RegExp(pattern, 'u').exec(text);
  return loose === null ? null : { start: loose.index, end: loose.index + loose[0].length };
}

const LONGEST_LOOSE_QUOTE = 2_000;

/** A rule's preview begins with the type of what it found, and redaction left a placeholder of that type there. */
function findHit(parts: readonly ConversationPart[], { place, preview }: RuleHit) {
  const part = candidates(parts, place)[0];
  if (part === undefined || parts[part]?.place !== place) return null;
  const type = /^[\w-]+/.exec(preview)?.[0];
  const ranges = type === undefined ? [] : placeholdersOf(parts[part].text, type);
  return { part, ranges };
}

function placeholdersOf(text: string, type: string): Range[] {
  return [...text.matchAll(/\[REDACTED:([\w-]+):[^\]\s]{1,80}\]/g)]
    .filter((match) => match[1] === type)
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}
