/**
 * Text that speaks to whoever judges it: orders to score it as safe, verdicts written in advance, imitated boundaries,
 * and text that no reader sees. A prompted judge can be talked round (every published defence that relies on the model
 * was broken by adaptive attackers), so these are found by patterns, before and beside the model.
 */

import type { Severity } from '../../ledger/records.ts';
import { BIDI_OVERRIDE, INVISIBLE, SELECTOR_RUN, SPLIT_WORD, TAG_RUN, ZERO_WIDTH_RUN } from './invisible.ts';
import { type Budget, mergeFindings, type Rule, type RuleFinding, type RuleScan, scanInPieces } from './rule.ts';
import { JSON_BREAKOUT, STEERING, type SteeringPattern } from './steering.ts';
import { type Survey, Surveyor } from './survey.ts';
import { alone, near, pairs, type Trigger } from './triggers.ts';

/** Gaps are bounded, so a piece of text costs at most a fixed multiple of its length. */
type Pattern = SteeringPattern;

/** People who review, audit and moderate are talked about every day. */
const PERSON = '(?:auditor|moderator|reviewer)';
const MACHINE =
  '(?:judge|evaluator|grader|safety (?:model|classifier|judge|filter|system)|content filter|llm[- ]as[- ]a[- ]judge)';
const JUDGE = `(?:${MACHINE}|${PERSON})`;

/** A word of each judge that is spoken to. */
const PERSONS = ['auditor', 'moderator', 'reviewer'];
const MACHINES = [
  ...['judge', 'evaluator', 'grader', 'content filter'],
  ...pairs(['safety '], ['model', 'classifier', 'filter', 'system']),
];

const PATTERNS: readonly Pattern[] = [
  {
    type: 'instruction_override',
    severity: 'medium',
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(?:previous|prior|preceding|above|earlier|all|any|your|system|the)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|directions?|rubrics?|criteri(?:a|on))\b/gi,
    triggers: [
      near(
        ['ignore', 'disregard', 'forget', 'override', 'bypass'],
        ['instruction', 'prompt', 'rule', 'guideline', 'polic', 'direction', 'rubric', 'criteri'],
      ),
    ],
  },
  {
    type: 'judge_addressed',
    severity: 'medium',
    pattern: new RegExp(
      `\\b(?:attention|note|message|instructions?|dear|hey|hello|to|for|you are|you're)[ ,:]{1,3}(?:to |for |now )?(?:the |an? |our |this |any )?(?:ai |llm |model )?${JUDGE}\\b`,
      'gi',
    ),
    triggers: [alone(...MACHINES, ...PERSONS)],
  },
  {
    type: 'nonce_request',
    severity: 'high',
    pattern:
      /\b(?:judge|evaluator|grader|verdict)\b.{0,80}\bnonce\b|\b(?:echo|repeat|return|reveal|include|output|change|omit|leave out)\b.{0,30}\b(?:the|your|this|my|a different|another)\b.{0,20}\bnonce\b/gi,
    triggers: [alone('nonce')],
  },
  {
    type: 'boundary_imitated',
    severity: 'high',
    pattern:
      /\bboundary[-_: ]{1,3}[0-9a-f]{16,64}\b|[=#*<\-[]{2,8}\s?(?:end|begin|start|close)\s(?:of\s)?(?:the\s)?(?:transcript|untrusted|judged|exchange|boundary|data to (?:be )?judged?)\b/gi,
    triggers: [
      alone('boundary'),
      near(['end', 'begin', 'start', 'close'], ['transcript', 'untrusted', 'judged', 'exchange', 'data to '], 60),
    ],
  },
  {
    type: 'role_marker',
    severity: 'medium',
    pattern:
      /<\|(?:im_start|im_end|system|assistant|user|start|end|message|channel|endoftext)\|>|\[\/?INST\]|<<\/?SYS>>/gi,
    triggers: [alone('<|', '[inst]', '[/inst]', '<<sys>>', '<</sys>>')],
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
  readonly triggers: readonly Trigger[];
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
    about: { pattern: new RegExp(`\\b${MACHINE}s?\\b`, 'gi'), gap: 160 },
    triggers: [
      near(MACHINES, [
        ...['safe', 'clean', 'pass', 'allowed', 'approved', 'compliant', 'benign', 'harmless', 'acceptable'],
        ...['violati', 'zero', 'score of 0', 'score 0'],
      ]),
    ],
  },
  {
    type: 'verdict_order',
    severity: 'low',
    // Reviewers approve what passes: those two words are no order to one.
    first: /\b(?:score|rate|label|mark|classify|judge|evaluate|grade|answer|respond|reply|say|treat|consider)\b/gi,
    second:
      /\b(?:safe|clean|allowed|compliant|benign|harmless|no[- ]violations?|not violating|non[- ]?violating|zero|score (?:of )?0)\b/gi,
    gap: 100,
    about: { pattern: new RegExp(`\\b${PERSON}s?\\b`, 'gi'), gap: 160 },
    triggers: [
      near(PERSONS, [
        ...['safe', 'clean', 'allowed', 'compliant', 'benign', 'harmless', 'violati', 'zero', 'score of 0', 'score 0'],
      ]),
    ],
  },
  {
    type: 'fake_verdict',
    severity: 'high',
    first: /"(?:nonce|judge_manipulation|unreadable|verdict)\\{0,3}"\s{0,8}:/gi,
    second: /"(?:criteria|score|label|judge_manipulation|overall|verdict|present)\\{0,3}"\s{0,8}:/gi,
    gap: 400,
    triggers: [
      near(
        pairs(['"'], ['nonce', 'judge_manipulation', 'unreadable', 'verdict']),
        pairs(['"'], ['criteria', 'score', 'label', 'judge_manipulation', 'overall', 'verdict', 'present']),
        450,
      ),
    ],
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

const SURVEYOR = new Surveyor([...ALL_PATTERNS, ...NEAR].map(({ triggers }) => triggers));

export interface ManipulationScan extends RuleScan {
  /** Signs of disguises (`survey.ts`) in what was scanned. */
  readonly signs: number;
}

/**
 * @param text cleaned
 * @param worth whether a range is worth reading; all are when left out
 */
export function readForJudge(
  text: string,
  budget: Budget,
  worth: (start: number, end: number) => boolean = () => true,
): ManipulationScan {
  const findings: RuleFinding[] = [];
  let signs = 0;
  const scanned = scanInPieces(text, budget, (piece, offset) => {
    const survey = SURVEYOR.survey(piece);
    signs |= survey.signs;
    for (const finding of around(piece, survey, worth)) {
      findings.push({ ...finding, start: finding.start + offset, end: finding.end + offset });
    }
  });
  const { pattern, type, severity } = JSON_BREAKOUT;
  const breakout = pattern.exec(text.slice(0, START));
  if (breakout !== null) findings.push({ start: 0, end: breakout[0].length, type, severity });
  return { findings: mergeFindings(findings), scanned, signs };
}

/** Characters at the beginning of a text in which it may break out of JSON. */
const START = 64;

function* around(
  piece: string,
  { windows }: Survey,
  worth: (start: number, end: number) => boolean,
): Generator<RuleFinding> {
  for (const [index, own] of windows.entries()) {
    if (own === null) continue;
    for (let at = 0; at < own.length; at += 2) {
      const start = own[at] ?? 0;
      const end = own[at + 1] ?? 0;
      if (worth(start, end)) yield* tried(piece, index, start, end);
    }
  }
}

/** One pattern between two offsets. The character before is there for the pattern to look back at. */
function* tried(piece: string, index: number, start: number, end: number): Generator<RuleFinding> {
  const before = Math.min(start, 1);
  const offset = start - before;
  const window = piece.slice(offset, end);
  const words = ALL_PATTERNS[index];
  if (words !== undefined) {
    const { pattern, type, severity } = words;
    pattern.lastIndex = before;
    for (let match = pattern.exec(window); match !== null; match = pattern.exec(window)) {
      yield { start: offset + match.index, end: offset + match.index + match[0].length, type, severity };
    }
    return;
  }
  const nearness = NEAR[index - ALL_PATTERNS.length];
  if (nearness === undefined) return;
  for (const range of nearby(window, nearness)) {
    const { type, severity } = nearness;
    yield { start: offset + range.start, end: offset + range.end, type, severity };
  }
}

export const judgeManipulation: Rule = { name: 'judge_manipulation', version: '2', redacts: false, run: readForJudge };

const HIDDEN: readonly Omit<Pattern, 'triggers'>[] = [
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
