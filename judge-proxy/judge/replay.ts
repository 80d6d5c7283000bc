/**
 * Judging again what was judged before: from exactly the input that the ledger kept, by the decision that live traffic
 * meets, so that the same judge gives a verdict that can be compared. An input that is not the recorded one is named and
 * never judged. Pure.
 */

import { hash } from 'node:crypto';
import type { ExchangeView } from '../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict, RuleHit, Verdict } from '../ledger/records.ts';
import { buildVerdict, delivered, type Held } from './build-verdict.ts';
import type { Consultation } from './consult.ts';
import type { ModelOutcome } from './decide.ts';
import type { InputSummary, JudgeInput } from './input.ts';
import type { Judge } from './judges.ts';
import { keptInput } from './kept-input.ts';
import { summarize } from './summary.ts';
import { outcomeWithoutModel } from './without-model.ts';

/** Why a recorded exchange cannot be judged again. */
export const UNUSABLE = [
  'metadata_only', // the route kept no text: there is nothing to show a judge
  'content_missing', // the record names an input that the ledger no longer has: erased, or past its retention
  'content_altered', // what the ledger has is not what the record names
  'input_differs', // verdict and record name two inputs
  'unreadable', // it is what the record names, and no input that this version reads
] as const;
export type Unusable = (typeof UNUSABLE)[number];

/** What was judged: the pair, or the request that was refused before there was one. */
export interface ReplayCase {
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted;
  readonly subject: Verdict['subject'];
  /** The verdict of the exchange, null when it has none. */
  readonly before: Verdict | null;
  /** SHA-256 (hex) of the recorded input, null when nothing was recorded to judge. */
  readonly inputSha256: string | null;
  /** Checked: hash and form. Null without an input, and when it is not usable. */
  readonly document: string | null;
  readonly input: JudgeInput | null;
  readonly unusable: Unusable | null;
}

/** @returns null for an exchange that is under way */
export function replayCase(view: ExchangeView): ReplayCase | null {
  const { opened, completed } = view;
  if (completed === null) return null;
  const before = verdictOf(view);
  const subject = before?.subject ?? 'exchange';
  const [kept, inputSha256] =
    subject === 'request'
      ? [view.request_content, before?.input_sha256 ?? null]
      : [view.content, completed.content_sha256];
  const known = { opened, completed, subject, before, inputSha256 };
  if (before !== null && before.input_sha256 !== inputSha256) return unusable(known, 'input_differs');
  if (completed.recording === 'metadata') return unusable(known, 'metadata_only');
  if (inputSha256 === null) return { ...known, document: null, input: null, unusable: null };
  if (kept === null) return unusable(known, 'content_missing');
  if (hash('sha256', kept) !== inputSha256) return unusable(known, 'content_altered');
  const input = keptInput(kept);
  return input === null ? unusable(known, 'unreadable') : { ...known, document: kept, input, unusable: null };
}

type Known = Omit<ReplayCase, 'document' | 'input' | 'unusable'>;

function unusable(known: Known, why: Unusable): ReplayCase {
  return { ...known, document: null, input: null, unusable: why };
}

/** A verdict on the request stands for the exchange only where it ended it. */
function verdictOf({ completed, verdicts }: ExchangeView): Verdict | null {
  const ofPair = verdicts.find(({ subject }) => subject !== 'request');
  if (ofPair !== undefined) return ofPair;
  return completed?.outcome === 'blocked' ? (verdicts.find(({ subject }) => subject === 'request') ?? null) : null;
}

/** @returns null when the model is to be asked; as with live traffic, not where rules alone stop what is held */
export function replayWithoutModel(replay: ReplayCase, judge: Judge): ModelOutcome | null {
  const stops = hitsOf(replay).some(({ severity }) => severity === 'high' || severity === 'critical');
  if (stops && isHeld(replay)) return { state: 'rules_only', reason: 'stopped' };
  const { outcome } = replay.completed;
  return outcomeWithoutModel(outcome, replay.input?.coverage ?? null, judge);
}

export interface Replayed {
  readonly judge: Judge;
  readonly outcome: ModelOutcome;
  readonly consultation: Consultation | null;
  readonly onFailure: 'allow' | 'block' | 'review';
  readonly verdictId: string;
  /** RFC 3339. */
  readonly ts: string;
}

/** The verdict as it would have been. */
export function replayVerdict(replay: ReplayCase, replayed: Replayed): NewVerdict {
  const { opened, completed, input, subject } = replay;
  // A request was judged when only it was there.
  const coverage = subject === 'request' ? (input?.coverage ?? completed.coverage) : completed.coverage;
  return buildVerdict({
    ...{ opened, ...replayed },
    completed: { ...completed, coverage, content_sha256: replay.inputSha256 },
    summary: summaryOf(replay),
    held: heldOf(replay),
  }).verdict;
}

/**
 * The rules are not run again: what they found is not in the redacted text any more. The verdict has all hits of the day,
 * those of windows too, which the input of the whole need not have.
 */
function hitsOf({ before, input }: ReplayCase): readonly RuleHit[] {
  return before?.rule_hits ?? input?.rule_hits ?? [];
}

function summaryOf(replay: ReplayCase): InputSummary | null {
  const { input } = replay;
  const rule_hits = hitsOf(replay);
  if (input !== null) return { ...summarize(input), rule_hits };
  if (rule_hits.length === 0) return null;
  return { rule_hits, latest_user_message: null, latest_user_message_length: null, context_tail_preview: null };
}

function heldOf(replay: ReplayCase): Held {
  const { opened, before, subject } = replay;
  const release = before?.release ?? null;
  if (!isHeld(replay)) return { ...delivered(opened, release), subject };
  return { enforcement: 'before_first_byte', release, subject, windows: 0 };
}

/** Whether it waited for its verdict, so that a failure of the judge, too, could stop it. */
export function isHeld({ opened, completed, subject }: Pick<ReplayCase, 'opened' | 'completed' | 'subject'>): boolean {
  if (subject === 'request') return true;
  return (
    opened.mode !== 'observe' && completed.outcome !== 'interrupted' && !completed.coverage.reasons.includes('not_held')
  );
}
