/** One recorded exchange before a judge that is not in force: asked once, from the recorded input, and nothing is kept. */

import type { Consultant } from '../judge/consult.ts';
import type { Judge } from '../judge/judges.ts';
import { type ReplayCase, replayVerdict, replayWithoutModel, type Unusable } from '../judge/replay.ts';
import type { NewVerdict, Verdict } from '../ledger/records.ts';
import type { Subject } from '../policy/failure-policy.ts';
import { type Clock, newId, timestamp } from '../telemetry/clock.ts';
import { type Change, changeOf } from './diff.ts';
import { afterOf, lineOf, type ReplayLine } from './line.ts';

export interface TrialParts {
  /** That of traffic: its turns and budgets hold here, too. */
  readonly consultant: Consultant;
  readonly onFailure: (route: string, subject?: Subject) => ReplayLine['on_failure'];
  readonly clock: Clock;
}

export type Tried =
  | {
      readonly kind: 'judged';
      readonly before: Verdict | null;
      readonly after: NewVerdict;
      readonly change: Change;
      readonly usd: number | null;
    }
  | { readonly kind: 'unusable'; readonly why: Unusable }
  /** Whoever asked has gone. */
  | { readonly kind: 'given_up' };

export async function tryOn(
  replay: ReplayCase,
  judge: Judge,
  { consultant, onFailure, clock }: TrialParts,
  signal: AbortSignal,
): Promise<Tried> {
  if (replay.unusable !== null) return { kind: 'unusable', why: replay.unusable };
  const known = replayWithoutModel(replay, judge);
  const consultation = known === null ? await consult(replay, judge, consultant, signal) : null;
  const outcome = known ?? consultation?.outcome;
  if (outcome === undefined) return { kind: 'given_up' };
  const policy = onFailure(replay.opened.route, replay.subject);
  const verdict = replayVerdict(replay, {
    ...{ judge, outcome, consultation, onFailure: policy },
    ...{ verdictId: newId(), ts: timestamp(clock) },
  });
  const line = lineOf(replay, { judge: judge.hash, endpoint: null, small_endpoint: null }, policy);
  const change = changeOf({ ...line, after: afterOf(verdict) });
  return { kind: 'judged', before: replay.before, after: verdict, change, usd: consultation?.costUsd ?? null };
}

async function consult({ opened, input, document }: ReplayCase, judge: Judge, by: Consultant, signal: AbortSignal) {
  if (input === null || document === null) return null;
  return by.consult({
    ...{ exchangeId: opened.exchange_id, client: opened.client, route: opened.route },
    // An answer of yesterday would say nothing about this text.
    judge: { ...judge, cache: { ...judge.cache, entries: 0 } },
    ...{ input, document, sampling: 1, urgency: 'background', signal },
  });
}
