/**
 * Text that speaks to whoever judges it: orders to score it as safe, verdicts written in advance, imitated boundaries,
 * and text that no reader sees. A prompted judge can be talked round (every published defence that relies on the model
 * was broken by adaptive attackers), so these are found by patterns, before and beside the model.
 */

import type { Severity } from '../../ledger/records.ts';
import { BIDI_OVERRIDE, INVISIBLE, SELECTOR_RUN, SPLIT_WORD, TAG_RUN, ZERO_WIDTH_RUN } from './invisible.ts';
import { type Budget, mergeFindings, type Rule, type RuleFinding, type RuleScan, scanInPieces } from './rule.ts';

interface Pattern {
  readonly type: string;
  readonly severity: Severity;
  /** Gaps are bounded, so a piece of text costs at most a fixed multiple of its length. */
  readonly pattern: RegExp;
}

const JUDGE =
  '(?:judge|evaluator|grader|auditor|moderator|reviewer|safety (?:model|classifier|judge|filter|system)|content filter|llm[- ]as[- ]a[- ]judge)';
const SAFE =
  '(?:safe|clean|pass(?:ed|ing)?|allowed|approved|compliant|benign|harmless|acceptable|no[- ]violations?|not violating|non[- ]?violating|zero|0)';

/** Words of which at least one stands in every text that a pattern can match. One scan decides for most texts. */
const SOME_WORD =
  /ignore|disregard|forget|override|bypass|judge|evaluat|grad(?:e|ing)|audit|moderat|reviewer|classif|verdict|nonce|boundary|transcript|score|<\||\[\/?inst|<<sys|filter/i;

const PATTERNS: readonly Pattern[] = [
  {
    type: 'instruction_override',
    severity: 'medium',
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(?:previous|prior|preceding|above|earlier|all|any|your|system|the)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|directions?|rubrics?|criteri(?:a|on))\b/gi,
  },
  {
    type: 'verdict_order',
    severity: 'high',
    pattern: new RegExp(
      `\\b(?:score|rate|label|mark|classify|judge|evaluate|grade|report|treat)\\b.{0,60}\\b(?:as|with|at|to|a|=)\\b.{0,20}\\b${SAFE}\\b.{0,80}\\b${JUDGE}\\b`,
      'gi',
    ),
  },
  {
    type: 'verdict_order',
    severity: 'high',
    pattern: new RegExp(
      `\\b${JUDGE}s?\\b.{0,120}\\b(?:score|rate|label|mark|classify|judge|evaluate|grade|report|answer|respond|reply|return|output|say|treat|consider|give|approve)\\b.{0,80}\\b${SAFE}\\b`,
      'gi',
    ),
  },
  {
    type: 'judge_addressed',
    severity: 'medium',
    pattern: new RegExp(
      `\\b(?:attention|note|message|instructions?|dear|hey|hello|to|for|you are|you're)[ ,:]{1,3}(?:to |for |now )?(?:the |an? |our |this |any )?(?:ai |llm |model )?${JUDGE}\\b`,
      'gi',
    ),
  },
  {
    type: 'fake_verdict',
    severity: 'high',
    pattern:
      /\\{0,3}"(?:nonce|judge_manipulation|unreadable|verdict)\\{0,3}"\s{0,8}:.{0,400}\\{0,3}"(?:criteria|score|label|judge_manipulation|overall|verdict|present)\\{0,3}"\s{0,8}:/gis,
  },
  {
    type: 'nonce_request',
    severity: 'high',
    pattern:
      /\b(?:judge|evaluator|grader|verdict)\b.{0,80}\bnonce\b|\b(?:echo|repeat|return|reveal|include|output|change|omit|leave out)\b.{0,30}\b(?:the|your|this|my|a different|another)\b.{0,20}\bnonce\b/gi,
  },
  {
    type: 'boundary_imitated',
    severity: 'high',
    pattern:
      /\bboundary[-_: ]{1,3}[0-9a-f]{16,64}\b|[=#*<\-[]{2,8}\s?(?:end|begin|start|close)\s(?:of\s)?(?:the\s)?(?:transcript|untrusted|judged|exchange|boundary|data to (?:be )?judged?)\b/gi,
  },
  {
    type: 'role_marker',
    severity: 'medium',
    pattern:
      /<\|(?:im_start|im_end|system|assistant|user|start|end|message|channel|endoftext)\|>|\[\/?INST\]|<<\/?SYS>>/gi,
  },
];

function run(text: string, budget: Budget): RuleScan {
  if (!SOME_WORD.test(text)) return { findings: [], scanned: text.length };
  const findings: RuleFinding[] = [];
  const scanned = scanInPieces(text, budget, (piece, offset) => {
    for (const { pattern, type, severity } of PATTERNS) {
      for (const match of piece.matchAll(pattern)) {
        const start = offset + match.index;
        findings.push({ start, end: start + match[0].length, type, severity });
      }
    }
  });
  return { findings: mergeFindings(findings), scanned };
}

export const judgeManipulation: Rule = { name: 'judge_manipulation', version: '1', redacts: false, run };

const HIDDEN: readonly Pattern[] = [
  { type: 'hidden_tags', severity: 'high', pattern: TAG_RUN },
  { type: 'hidden_selectors', severity: 'high', pattern: SELECTOR_RUN },
  { type: 'zero_width', severity: 'high', pattern: ZERO_WIDTH_RUN },
  { type: 'split_words', severity: 'medium', pattern: SPLIT_WORD },
  { type: 'bidi_override', severity: 'medium', pattern: BIDI_OVERRIDE },
];

/**
 * Text that a reader does not see, in the original form of a text.
 * @returns findings with offsets into `original`, at most one of each type: the first
 */
export function hiddenText(original: string): RuleFinding[] {
  if (!INVISIBLE.test(original)) return [];
  const findings: RuleFinding[] = [];
  for (const { pattern, type, severity } of HIDDEN) {
    const match = pattern.exec(original);
    if (match !== null) findings.push({ start: match.index, end: match.index + match[0].length, type, severity });
  }
  return findings;
}
