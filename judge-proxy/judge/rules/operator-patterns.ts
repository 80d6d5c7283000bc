/**
 * Secrets that the operator describes (`redaction.patterns`). They are taken out like those of the rule `secrets`, on
 * every exchange, and give no hits: a pattern says what must not be kept, not that something went wrong.
 */

import type { RE2JS } from 're2js';
import { compileSecretPattern } from '../../config/secret-pattern.ts';
import { type Budget, mergeFindings, type Rule, type RuleFinding, type RuleScan } from './rule.ts';

export interface NamedPattern {
  /** Type in placeholders. */
  readonly name: string;
  /** RE2. */
  readonly pattern: string;
}

/**
 * The budget is asked after each pattern on each piece. The largest expression that the config takes needs 200 ms for a
 * piece that it nearly matches everywhere (`config/secret-pattern.ts`).
 */
const PIECE = 16_384;
/** A match longer than this may be missed where two pieces meet. */
const OVERLAP = 4_096;

/**
 * @param patterns as the config was checked for
 * @returns null when there is none, so that nothing is asked for nothing
 */
export function operatorPatterns(patterns: readonly NamedPattern[]): Rule | null {
  if (patterns.length === 0) return null;
  const compiled = patterns.map(({ name, pattern }) => ({ name, expression: compileSecretPattern(pattern) }));
  return { name: 'operator_patterns', version: '1', redacts: true, run: (text, budget) => run(compiled, text, budget) };
}

interface Compiled {
  readonly name: string;
  readonly expression: RE2JS;
}

function run(patterns: readonly Compiled[], text: string, budget: Budget): RuleScan {
  const findings: RuleFinding[] = [];
  for (let from = 0; ; ) {
    const end = Math.min(text.length, from + PIECE);
    const piece = from === 0 && end === text.length ? text : text.slice(from, end);
    for (const pattern of patterns) {
      // What was read before this piece is read; of this one the overlap alone.
      if (budget.spent) return { findings: mergeFindings(findings), scanned: from === 0 ? 0 : from + OVERLAP };
      collect(pattern, piece, from, findings);
    }
    if (end === text.length) return { findings: mergeFindings(findings), scanned: end };
    from = end - OVERLAP;
  }
}

function collect({ name, expression }: Compiled, piece: string, offset: number, into: RuleFinding[]): void {
  // Whether it matches at all is told by an automaton, ten times as fast as where.
  if (!expression.test(piece)) return;
  const matcher = expression.matcher(piece);
  while (matcher.find()) {
    const group = matcher.groupCount() > 0 && matcher.start(1) >= 0 ? 1 : 0;
    const start = matcher.start(group);
    const end = matcher.end(group);
    if (end > start) into.push({ start: offset + start, end: offset + end, type: name, severity: 'none' });
  }
}
