/**
 * Text that speaks to whoever judges it: orders to score it as safe, verdicts written in advance, imitated boundaries,
 * and text that no reader sees. A prompted judge can be talked round (every published defence that relies on the model
 * was broken by adaptive attackers), so these are found by patterns, before and beside the model.
 */

import type { Severity } from '../../ledger/records.ts';
import { BIDI_OVERRIDE, INVISIBLE, SELECTOR_RUN, SPLIT_WORD, TAG_RUN, ZERO_WIDTH_RUN } from './invisible.ts';
import { type Budget, mergeFindings, type Rule, type RuleFinding, type RuleScan, scanInPieces } from './rule.ts';
import { STEERING, STEERING_WORD, type SteeringPattern } from './steering.ts';

/** Gaps are bounded, so a piece of text costs at most a fixed multiple of its length. */
type Pattern = SteeringPattern;

const JUDGE =
  '(?:judge|evaluator|grader|auditor|moderator|reviewer|safety (?:model|classifier|judge|filter|system)|content filter|llm[- ]as[- ]a[- ]judge)';

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
    type: 'judge_addressed',
    severity: 'medium',
    pattern: new RegExp(
      `\\b(?:attention|note|message|instructions?|dear|hey|hello|to|for|you are|you're)[ ,:]{1,3}(?:to |for |now )?(?:the |an? |our |this |any )?(?:ai |llm |model )?${JUDGE}\\b`,
      'gi',
    ),
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

const ALL_PATTERNS: readonly Pattern[] = [...PATTERNS, ...STEERING];

/**
 * Two or three kinds of words near each other. As one expression with gaps these would cost their gaps at each word:
 * measured, 1.5 s for a MiB of one word; looked for one kind at a time, 30 ms.
 */
interface Nearness {
  readonly type: string;
  readonly severity: Severity;
  readonly first: RegExp;
  /** Stands after the first. */
  readonly second: RegExp;
  /** Most characters from the beginning of the first to that of the second. */
  readonly gap: number;
  /** Stands near the first, before or after. */
  readonly about?: { readonly pattern: RegExp; readonly gap: number };
}

const NEAR: readonly Nearness[] = [
  {
    type: 'verdict_order',
    severity: 'high',
    first:
      /\b(?:score|rate|label|mark|classify|judge|evaluate|grade|report|answer|respond|reply|return|output|say|treat|consider|give|approve)\b/gi,
    second:
      /\b(?:safe|clean|pass(?:ed|es|ing)?|allowed|approved|compliant|benign|harmless|acceptable|no[- ]violations?|not violating|non[- ]?violating|zero|score (?:of )?0)\b/gi,
    gap: 100,
    about: { pattern: new RegExp(`\\b${JUDGE}s?\\b`, 'gi'), gap: 160 },
  },
  {
    type: 'fake_verdict',
    severity: 'high',
    first: /"(?:nonce|judge_manipulation|unreadable|verdict)\\{0,3}"\s{0,8}:/gi,
    second: /"(?:criteria|score|label|judge_manipulation|overall|verdict|present)\\{0,3}"\s{0,8}:/gi,
    gap: 400,
  },
];

function* nearby(piece: string, { first, second, gap, about }: Nearness): Generator<{ start: number; end: number }> {
  const seconds = [...piece.matchAll(second)];
  if (seconds.length === 0) return;
  const abouts = about === undefined ? [] : [...piece.matchAll(about.pattern)].map((match) => match.index);
  let next = 0;
  let near = 0;
  for (const { index: start } of piece.matchAll(first)) {
    while (next < seconds.length && (seconds[next]?.index ?? 0) <= start) next++;
    const match = seconds[next];
    if (match === undefined) return;
    if (match.index - start > gap) continue;
    if (about !== undefined) {
      while (near < abouts.length && (abouts[near] ?? 0) < start - about.gap) near++;
      const other = abouts[near];
      if (other === undefined || other > start + about.gap) continue;
    }
    yield { start, end: match.index + match[0].length };
  }
}

function run(text: string, budget: Budget): RuleScan {
  // Most texts have a word of the wide gate and none of the narrow one: measured, half of the time of this rule.
  const direct = SOME_WORD.test(text);
  if (!direct && !STEERING_WORD.test(text)) return { findings: [], scanned: text.length };
  const patterns = direct ? ALL_PATTERNS : STEERING;
  const findings: RuleFinding[] = [];
  const scanned = scanInPieces(text, budget, (piece, offset) => {
    for (const { pattern, type, severity } of patterns) {
      for (const match of piece.matchAll(pattern)) {
        const start = offset + match.index;
        findings.push({ start, end: start + match[0].length, type, severity });
      }
    }
    for (const nearness of direct ? NEAR : []) {
      const { type, severity } = nearness;
      for (const { start, end } of nearby(piece, nearness)) {
        findings.push({ start: offset + start, end: offset + end, type, severity });
      }
    }
  });
  return { findings: mergeFindings(findings), scanned };
}

export const judgeManipulation: Rule = { name: 'judge_manipulation', version: '2', redacts: false, run };

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
