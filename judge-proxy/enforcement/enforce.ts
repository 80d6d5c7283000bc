/**
 * An exchange of which something waits for the judge: its request (`hold_request`), its answer (modes `window` and
 * `hold`), or both. A gate holds the answer; the record and the verdict are committed in one transaction before the
 * last byte goes out (DESIGN decision 12), in `hold` before the first.
 *
 * Where nobody waits for the verdict, the exchange is recorded as in `observe` and its job queued: the client is gone,
 * the origin failed, more came than may be held and the route lets it pass, or the origin gave no answer of a model: an
 * error (status 400 and above, with a body that is one) or no body at all. Those are judged by rules before they go out, and reach the client as
 * they are: an outage of the judge must not hide an outage of the origin.
 */

import { findApi } from '../apis/registry.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { CapturedBody } from '../exchange/capture.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { PartKind } from '../exchange/transcript.ts';
import type { Consultant } from '../judge/consult.ts';
import type { InlineJudge, StopCode } from '../judge/inline-judge.ts';
import type { Analyser, Analysis } from '../judge/input.ts';
import type { Judge } from '../judge/judges.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CoverageReason, ExchangeCompleted, ExchangeOpened, Verdict } from '../ledger/records.ts';
import type { FailurePolicy, Subject } from '../policy/failure-policy.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import { analyse, completedRecord, noteCommitted, noteGap, openedRecord } from './exchange-records.ts';
import type { Ending, Gate, Outlet, ResponseHead } from './gate.ts';
import { hitsOf, InlineVerdicts, matterOf } from './inline-verdict.ts';
import { AS_IT_COMES, commitObserved, finishObserved, type ObserveOptions } from './observe.ts';
import { openGate } from './open-gate.ts';
import type { ExchangeEnd, ExchangeStart, RecordedExchange } from './recorder.ts';
import { requestAlone } from './request-alone.ts';

/** What judging while a client waits needs beside what records need. */
export interface EnforceOptions {
  /** By name. */
  readonly judges: ReadonlyMap<string, Judge>;
  readonly consultant: Consultant;
  readonly onFailure: (route: RouteConfig, subject: Subject) => FailurePolicy;
  /** Shared by all that is held; `limits.held` bytes. */
  readonly held: CopyBudget;
  /** Bytes of one answer. */
  readonly heldCopy: number;
  /** Secrets are looked for by JSON paths. */
  readonly searchesEvents?: boolean;
  readonly analyser: Pick<Analyser, 'readWindow'>;
  readonly ledger: Pick<Ledger, 'completeJudged' | 'verdict'>;
  /** A verdict is committed. */
  counted(verdict: Verdict): void;
}

export interface EnforcedParts extends ObserveOptions {
  readonly enforce: EnforceOptions;
}

export function enforce(parts: EnforcedParts, start: ExchangeStart): RecordedExchange {
  return new EnforcedExchange(parts, start);
}

class EnforcedExchange implements RecordedExchange {
  readonly exchangeId: string;
  readonly committed: Promise<void>;
  readonly holdsRequest: boolean;
  readonly #parts: EnforcedParts;
  readonly #start: ExchangeStart;
  readonly #opened: ExchangeOpened;
  readonly #verdicts: InlineVerdicts;
  /** The answer's, with the judge that its gate asks. */
  #gated: { readonly gate: EnforcedGate; readonly judge: InlineJudge } | null = null;
  /** Of a request that was not cleared. */
  #refused: Analysis | null = null;

  constructor(parts: EnforcedParts, start: ExchangeStart) {
    this.#parts = parts;
    this.#start = start;
    this.#opened = openedRecord(parts, start);
    this.#verdicts = new InlineVerdicts(parts, start, this.#opened);
    this.exchangeId = this.#opened.exchange_id;
    this.holdsRequest = start.route.hold_request;
    this.committed = parts.ledger.open(this.#opened);
  }

  // The request

  async clearRequest(request: CapturedBody, signal: AbortSignal): Promise<Ending | null> {
    const judge = this.#verdicts.newJudge('request');
    const abort = () => judge.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.#judgeRequest(judge, request);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #judgeRequest(judge: InlineJudge, request: CapturedBody): Promise<Ending | null> {
    const end = requestAlone(request, this.#start);
    const analysis = await this.#analyseRequest(end);
    const judged = await judge.judgeMatter(matterOf(analysis), { rulesMissed: rulesMissed([request], analysis) });
    // The client is gone: nobody is told anything, and nothing is sent.
    if (judged === 'aborted') return this.#verdicts.block({ code: 'judge_unavailable', verdict: null }, analysis, null);
    const record = this.#completed(end, analysis);
    const ending = await this.#verdicts.appendForRequest({ judge, record, analysis, stop: judged.stop, gate: null });
    if (ending !== null) this.#refused = analysis;
    return ending;
  }

  #analyseRequest(end: ExchangeEnd, beforeWindows = false): Promise<Analysis> {
    return analyse(this.#parts, this.#opened, this.#start, end, { requestOnly: true, beforeWindows });
  }

  // The answer

  gate(head: ResponseHead, outlet: Outlet, request: () => CapturedBody): Gate | null {
    const { route, method, path } = this.#start;
    if (route.mode === 'observe') return null;
    const { held, heldCopy, analyser, searchesEvents = false } = this.#parts.enforce;
    const { exchange_id: exchangeId, judge: judgeName } = this.#opened;
    const judge = this.#verdicts.newJudge('exchange');
    const gate = openGate({
      ...{ head, outlet, route, judge },
      api: findApi(method, path),
      budget: held,
      most: heldCopy,
      keepsEvents: searchesEvents && route.recording === 'redacted',
      readWindow: (parts, events) =>
        analyser.readWindow({
          ...{ exchangeId, judge: judgeName, parts, events, recording: route.recording, afterRequest: true },
          ...(head.secretHeaders === undefined ? {} : { secretHeaders: head.secretHeaders }),
        }),
      readRequest: async () => matterOf(await this.#analyseRequest(requestAlone(request(), this.#start), true)),
    });
    this.#gated = { gate, judge };
    return {
      body: gate.body,
      push: (chunk) => gate.push(chunk),
      drained: () => gate.drained?.(),
      close: () => {
        judge.close();
        gate.close();
      },
    };
  }

  async finish(end: ExchangeEnd): Promise<Ending> {
    if (this.#gated === null) return this.#finishUngated(end);
    const { gate, judge } = this.#gated;
    await gate.drain(end.outcome === 'complete');
    if (end.outcome === 'client_aborted' || end.outcome === 'origin_failed' || gate.passed) {
      judge.close();
      gate.close();
      const marks = gate.passed ? { notHeld: true } : {};
      await finishObserved(this.#parts, this.#opened, this.#start, end, marks);
      // What a failed origin has sent and nobody judged is not delivered.
      return AS_IT_COMES;
    }
    // Nothing new is judged in windows from here on.
    const settled = gate.settle();
    const marks = gate.stop === null ? {} : { stopped: true };
    const analysis = await analyse(this.#parts, this.#opened, this.#start, end, marks);
    if (!isAnswer(end, analysis)) return this.#finishWithoutAnswer(end, analysis, gate, judge);
    return this.#finishJudged(end, analysis, gate, judge, settled);
  }

  /** In mode `observe`, before an answer came, or after a request that was not cleared. */
  async #finishUngated(end: ExchangeEnd): Promise<Ending> {
    const refused = this.#refused;
    if (end.outcome !== 'blocked' || refused === null) {
      await finishObserved(this.#parts, this.#opened, this.#start, end);
      return AS_IT_COMES;
    }
    const { sealed } = this.#start.route.seal ? await this.#sealRefused(end) : {};
    const record = this.#completed(end, sealed === undefined ? refused : { ...refused, sealed });
    try {
      // Its verdict is the one on its request.
      await this.#parts.ledger.complete(record, refused.content, null, sealed);
      noteCommitted(this.#parts, this.#opened, record, null);
    } catch {
      noteGap(this.#parts, this.#opened);
    }
    return AS_IT_COMES;
  }

  /** Only now is it known that nothing will follow the request: its original is all that there is. */
  #sealRefused(end: ExchangeEnd): Promise<Pick<Analysis, 'sealed'>> {
    return analyse(this.#parts, this.#opened, this.#start, end, { requestOnly: true, seal: true });
  }

  async #finishJudged(
    end: ExchangeEnd,
    analysis: Analysis,
    gate: EnforcedGate,
    judge: InlineJudge,
    settled: Promise<void>,
  ): Promise<Ending> {
    // What the gate still waits for and the last question run side by side: nobody waits for one after the other.
    const [stopByWhole] = await Promise.all([this.#judgeWhole(end, analysis, gate, judge), settled]);
    if (judge.closed) {
      const aborted = { ...end, outcome: 'client_aborted' } as const;
      await commitObserved(this.#parts, this.#opened, this.#completed(aborted, analysis), analysis);
      return AS_IT_COMES;
    }
    const stop = stopByWhole ?? gate.stop;
    const record = this.#completed(stop === null ? end : stopped(end), analysis);
    const ending = await this.#verdicts.commit({ judge, record, analysis, stop, gate });
    const rest = gate.takeRest();
    return ending ?? { kind: 'deliver', rest };
  }

  /** The last question: about the whole pair, whatever was asked about its windows. Not put when the gate has stopped. */
  async #judgeWhole(
    end: ExchangeEnd,
    analysis: Analysis,
    gate: EnforcedGate,
    judge: InlineJudge,
  ): Promise<StopCode | null> {
    const byRules = judge.stopByRules(hitsOf(analysis));
    if (byRules === null) gate.clearedByRules();
    // A gate that stopped for what it was told has asked all that there is to ask.
    const asked = gate.stop !== null && (judge.answered > 0 || gate.stop === 'blocked_by_judge');
    if (asked) return byRules;
    const readElsewhere = isCutShort(analysis) && (await gate.readToEnd());
    const missed = rulesMissed([end.request, end.response], analysis);
    const judged = await judge.judgeMatter(matterOf(analysis), { readElsewhere, rulesMissed: missed });
    return judged === 'aborted' ? null : judged.stop;
  }

  /** An error of the origin, or no body: rules judge it now, the model in its own time. */
  async #finishWithoutAnswer(
    end: ExchangeEnd,
    analysis: Analysis,
    gate: EnforcedGate,
    judge: InlineJudge,
  ): Promise<Ending> {
    const stop = judge.stopByRules(hitsOf(analysis)) ?? gate.stop;
    if (stop !== null) {
      const record = this.#completed(stopped(end), analysis);
      const ending = await this.#verdicts.commit({ judge, record, analysis, stop, gate });
      gate.takeRest();
      return ending ?? this.#verdicts.block({ code: stop, verdict: null }, analysis, gate);
    }
    const committed = await commitObserved(this.#parts, this.#opened, this.#completed(end, analysis), analysis);
    const rest = gate.takeRest();
    if (committed || judge.onFailure !== 'block') return { kind: 'deliver', rest };
    return this.#verdicts.block({ code: 'judge_unavailable', verdict: null }, analysis, gate);
  }

  #completed(end: ExchangeEnd, analysis: Analysis): ExchangeCompleted {
    return completedRecord(this.#parts, this.#opened, this.#start, end, analysis);
  }
}

/** Longer than what any provider or gateway writes for an error (HTML pages of gateways have 10 KB), in bytes. */
const LONGEST_ERROR = 16_384;
const OF_ERRORS: ReadonlySet<PartKind> = new Set(['error', 'other']);

/** False for what no model wrote. A status is the origin's word: what reads like an answer is one under any. */
function isAnswer({ status, response }: ExchangeEnd, analysis: Analysis): boolean {
  if (status === null || response.total === 0) return false;
  if (status < 400 || response.total > LONGEST_ERROR || rulesMissed([response], analysis)) return true;
  const parts = matterOf(analysis).input?.transcript.parts ?? [];
  return parts.some(({ side, kind }) => side === 'response' && !OF_ERRORS.has(kind));
}

function stopped(end: ExchangeEnd): ExchangeEnd {
  return { ...end, outcome: 'blocked' };
}

/** Reasons for which a body, or a part of it, was no text to anybody. What is cut for the model was read by rules. */
const UNREADABLE: ReadonlySet<CoverageReason> = new Set([
  'unknown_coding',
  'decode_failed',
  'decode_limit',
  'rules_incomplete',
]);

function rulesMissed(bodies: readonly CapturedBody[], { coverage }: Analysis): boolean {
  return bodies.some(({ cut }) => cut !== null) || coverage.reasons.some((reason) => UNREADABLE.has(reason));
}

/** Reasons for which a long answer is not in its copy as a whole. */
const CUT_SHORT: ReadonlySet<CoverageReason> = new Set(['response_truncated', 'copy_budget_exhausted', 'decode_limit']);

function isCutShort({ coverage }: Analysis): boolean {
  return coverage.reasons.some((reason) => CUT_SHORT.has(reason));
}
