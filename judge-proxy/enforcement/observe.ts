/**
 * Mode `observe`: the response is delivered as it comes and judged afterwards. What the client waits for is one thing:
 * its last byte comes after the record of the exchange is committed.
 */

import type { Analysis } from '../judge/input.ts';
import type { JudgeWithoutModel } from '../judge/without-model.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, Verdict } from '../ledger/records.ts';
import {
  analyse,
  type CaptureMarks,
  completedRecord,
  noteCommitted,
  noteGap,
  openedRecord,
  type RecordingParts,
} from './exchange-records.ts';
import type { Ending } from './gate.ts';
import type { ExchangeEnd, ExchangeStart, RecordedExchange } from './recorder.ts';

/** Verdicts that wait for nobody: committed with the record of their exchange, without a job. */
export interface AtOnce {
  readonly judge: JudgeWithoutModel;
  readonly ledger: Pick<Ledger, 'completeJudged'>;
  /** A verdict is committed. */
  counted(verdict: Verdict): void;
}

export interface ObserveOptions extends RecordingParts {
  /** Without it every exchange that has a judge becomes a job. */
  readonly atOnce?: AtOnce;
}

/** The ending of an answer that nothing was held back of. */
export const AS_IT_COMES: Ending = { kind: 'deliver', rest: [] };

export function observe(options: ObserveOptions, start: ExchangeStart): RecordedExchange {
  const opened = openedRecord(options, start);
  return {
    exchangeId: opened.exchange_id,
    committed: options.ledger.open(opened),
    holdsRequest: false,
    clearRequest: () => Promise.resolve(null),
    gate: () => null,
    finish: async (end) => {
      await finishObserved(options, opened, start, end);
      return AS_IT_COMES;
    },
  };
}

/**
 * Analyses the pair, writes its record and queues its judgement. Never rejects: a response is not taken back here.
 * @param marks why something is missing, when another mode hands its exchange over
 */
export async function finishObserved(
  options: ObserveOptions,
  opened: ExchangeOpened,
  start: Pick<ExchangeStart, 'path' | 'route' | 'secretHeaders'>,
  end: ExchangeEnd,
  marks: CaptureMarks = {},
): Promise<void> {
  const analysis = await analyse(options, opened, start, end, marks);
  await commitObserved(options, opened, completedRecord(options, opened, start, end, analysis), analysis);
}

/**
 * Writes a record and queues its judgement.
 * @returns false when it could not be written: the gap is counted and logged
 */
export async function commitObserved(
  options: ObserveOptions,
  opened: ExchangeOpened,
  record: ExchangeCompleted,
  analysis: Analysis,
): Promise<boolean> {
  let verdict: Verdict | null;
  try {
    verdict = await commit(options, opened, record, analysis);
  } catch {
    noteGap(options, opened);
    return false;
  }
  noteCommitted(options, opened, record, verdict);
  if (verdict !== null) options.atOnce?.counted(verdict);
  return true;
}

/** @returns the verdict when it is committed, too */
async function commit(
  { ledger, atOnce }: ObserveOptions,
  opened: ExchangeOpened,
  record: ExchangeCompleted,
  { content, summary, sealed }: Analysis,
): Promise<Verdict | null> {
  const judged = atOnce?.judge(opened, record, summary) ?? null;
  if (atOnce === undefined || judged === null) {
    const { exchange_id, judge } = opened;
    await ledger.complete(record, content, judge === null ? null : { exchange_id, judge }, sealed);
    return null;
  }
  return atOnce.ledger.completeJudged(record, content, judged, sealed);
}
