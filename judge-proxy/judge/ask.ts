/** One question to the model: prompt, call, checks, and one repetition when the answer was unusable. */

import type { LlmError, OutputMode } from '../ledger/records.ts';
import { answerJsonSchema } from './answer-schema.ts';
import type { PassingState } from './backoff.ts';
import { checkAnswer } from './check-answer.ts';
import type { ModelOutcome } from './decide.ts';
import type { JudgeInput } from './input.ts';
import type { Judge } from './judges.ts';
import type { JudgeModel, JudgeReply, JudgeUsage } from './model.ts';
import { buildPrompt, type Mistake } from './prompt.ts';

export interface Asked {
  readonly outcome: ModelOutcome;
  /** Model that answered, as it calls itself. */
  readonly model: string | null;
  /** How the answer was asked for; null when none came. */
  readonly outputMode: OutputMode | null;
  /** null when no answer could be read. */
  readonly nonceOk: boolean | null;
  readonly usage: JudgeUsage | null;
  /** Of all calls together. */
  readonly latencyMs: number;
  readonly error: LlmError | null;
  /** A failure that is worth another try later, and when at the earliest. */
  readonly again: { readonly state: PassingState; readonly afterMs: number | null } | null;
}

/** Answers that were asked for: the first, and once more when it failed parse, schema, criteria or quotes. */
const TRIES = 2;

export interface AskOptions {
  readonly judge: Judge;
  readonly model: JudgeModel;
  readonly input: JudgeInput;
  /** Canonical JSON of `input`, as the ledger keeps it. */
  readonly document: string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly signal: AbortSignal;
  /** Milliseconds from now in which all of it ends; the model's own timeout for each call unless given. */
  readonly withinMs?: number;
}

/** @returns null when the signal ended it */
export async function askModel(options: AskOptions): Promise<Asked | null> {
  let latencyMs = 0;
  let usage: JudgeUsage | null = null;
  let asked: Omit<Asked, 'usage' | 'latencyMs'> | null = null;
  let mistake: Mistake | null = null;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const prompt = buildPrompt(options.document, options.judge.rubric, () => hex(options.randomBytes(16)), mistake);
    const schema = answerJsonSchema(options.judge.rubric);
    const call = { system: prompt.system, user: prompt.user, schema };
    const left = options.withinMs === undefined ? undefined : options.withinMs - latencyMs;
    if (attempt > 1 && left !== undefined && left <= 0) break;
    const { reply, latencyMs: ms } = await options.model.ask(call, options.signal, left);
    if (reply.kind === 'aborted') return null;
    latencyMs += ms;
    if (reply.kind !== 'failed') usage = sum(usage, reply.usage);
    asked = outcomeOf(reply, prompt.nonce, options);
    mistake = mistakeOf(asked);
    if (mistake === null) break;
  }
  return asked === null ? null : { ...asked, usage, latencyMs };
}

function outcomeOf(
  reply: Exclude<JudgeReply, { kind: 'aborted' }>,
  nonce: string,
  { judge, input }: AskOptions,
): Omit<Asked, 'usage' | 'latencyMs'> {
  if (reply.kind === 'failed') {
    const { state, error, retryAfterMs: afterMs } = reply;
    const again = reply.again && state !== 'circuit_open' ? { state, afterMs } : null;
    return { outcome: { state }, model: null, outputMode: null, nonceOk: null, error, again };
  }
  const answered = { model: reply.model, outputMode: reply.outputMode ?? null, error: null, again: null };
  if (reply.kind === 'refused') return { ...answered, outcome: { state: 'refused' }, nonceOk: null };
  const check = checkAnswer(reply.text, nonce, judge.rubric, input);
  if (check.ok) return { ...answered, outcome: { state: 'scored', answer: check.answer }, nonceOk: true };
  return { ...answered, outcome: { state: check.state }, nonceOk: check.nonceOk };
}

/** Null when there is nothing to repeat: the answer is usable, or another one would be no better. */
function mistakeOf({ outcome, nonceOk }: Pick<Asked, 'outcome' | 'nonceOk'>): Mistake | null {
  if (outcome.state === 'quote_mismatch') return 'quotes';
  if (outcome.state !== 'invalid_output') return null;
  return nonceOk === true ? 'criteria' : 'form';
}

function sum(a: JudgeUsage | null, b: JudgeUsage | null): JudgeUsage | null {
  if (a === null || b === null) return a ?? b;
  return { in: a.in + b.in, out: a.out + b.out, cached: a.cached + b.cached };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
