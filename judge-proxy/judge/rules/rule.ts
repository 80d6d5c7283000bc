/**
 * A rule reads one text and says what it found, with offsets into that text. Rules are deterministic, run on every
 * exchange before any model, and work against a time budget: text is hostile, and the analysis stands between the
 * client and its last byte (DESIGN decision 12).
 */

import type { Severity } from '../../ledger/records.ts';

export const RULE_NAMES = ['secrets', 'personal_data', 'judge_manipulation'] as const;
export type RuleName = (typeof RULE_NAMES)[number];

export interface RuleFinding {
  /** Offsets into the text that the rule was given, UTF-16 code units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** What was found, one word of a closed set of the rule: it stands in previews and placeholders. */
  readonly type: string;
  readonly severity: Severity;
}

/** The patterns of the operator are no rule of a judge: they run for all. */
export type DetectorName = RuleName | 'operator_patterns';

export interface Rule {
  readonly name: DetectorName;
  /** Raised with every change of what the rule finds: it stands in each hit. */
  readonly version: string;
  /** Findings are replaced by placeholders before the text is stored or judged. */
  readonly redacts: boolean;
  /**
   * Scans `text` from its beginning until its end or until the budget is spent.
   * @param text cleaned text (`clean-text.ts`)
   * @param budget asked between pieces of work
   */
  run(text: string, budget: Budget): RuleScan;
}

export interface RuleScan {
  readonly findings: readonly RuleFinding[];
  /** How much of the text was read by every pattern of the rule; less than its length when the budget ran out. */
  readonly scanned: number;
}

/** Time that a rule may take for one exchange. */
export class Budget {
  readonly #now: () => number;
  readonly #deadline: number;

  /**
   * @param now milliseconds from an arbitrary start
   * @param ms time from now on
   */
  constructor(now: () => number, ms: number) {
    this.#now = now;
    this.#deadline = now() + ms;
  }

  get spent(): boolean {
    return this.#now() >= this.#deadline;
  }
}

/** Text is scanned in pieces, so that no pattern can run longer than one piece allows. */
const PIECE = 65_536;
/** Pieces overlap by more than the longest token that a pattern describes in full. */
const OVERLAP = 4_096;

/**
 * Calls `scan` on overlapping pieces of `text` while the budget lasts.
 * @returns how far the text was scanned
 */
export function scanInPieces(text: string, budget: Budget, scan: (piece: string, offset: number) => void): number {
  if (text.length <= PIECE) {
    if (budget.spent) return 0;
    scan(text, 0);
    return text.length;
  }
  let offset = 0;
  for (;;) {
    if (budget.spent) return offset === 0 ? 0 : offset + OVERLAP;
    const end = Math.min(text.length, offset + PIECE);
    scan(text.slice(offset, end), offset);
    if (end === text.length) return end;
    offset = end - OVERLAP;
  }
}

/**
 * Joins findings that overlap: the worst severity and the type of the earliest stay.
 * @returns sorted by start, without overlaps
 */
export function mergeFindings(findings: readonly RuleFinding[]): RuleFinding[] {
  if (findings.length < 2) return [...findings];
  const sorted = findings.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const merged: RuleFinding[] = [];
  for (const finding of sorted) {
    const last = merged.at(-1);
    if (last === undefined || finding.start >= last.end) {
      merged.push(finding);
      continue;
    }
    const severity = SEVERITY_ORDER[finding.severity] > SEVERITY_ORDER[last.severity] ? finding : last;
    merged[merged.length - 1] = {
      start: last.start,
      end: Math.max(last.end, finding.end),
      type: severity.type,
      severity: severity.severity,
    };
  }
  return merged;
}

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { none: 0, low: 1, medium: 2, high: 3, critical: 4 };

/** The graver of two severities. */
export function graver(a: Severity, b: Severity): Severity {
  return SEVERITY_ORDER[a] >= SEVERITY_ORDER[b] ? a : b;
}
