/**
 * An exchange of which something waits for the judge: its request (`hold_request`), its answer (modes `window` and
 * `hold`), or both. A gate holds the answer; the record and the verdict are committed in one transaction before the
 * last byte goes out (DESIGN decision 12), in `hold` before the first.
 *
 * Where nobody waits for the verdict, the exchange is recorded as in `observe` and its job queued: the client is gone,
 * the origin failed, more came than may be held and the route lets it pass, or the origin gave no answer of a model: an
 * error (status 400 and above) or no body at all. Those are judged by rules before they go out, and reach the client as
 * they are: an outage of the judge must not hide an outage of the origin.
 */

import type { Block, BlockedRequest, WholeAnswer } from '../apis/block.ts';
import { fallbackBlock } from '../apis/fallback-block.ts';
import { findApi } from '../apis/registry.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { CapturedBody } from '../exchange/capture.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import { buildVerdict, type Held } from '../judge/build-verdict.ts';
import type { Consultant } from '../judge/consult.ts';
import { InlineJudge, type Matter, type StopCode, UNREAD } from '../judge/inline-judge.ts';
import type { Analyser, Analysis, InputSummary, JudgeInput } from '../judge/input.ts';
import type { Judge } from '../judge/judges.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExchangeCompleted, ExchangeOpened, NewVerdict, RuleHit, Verdict } from '../ledger/records.ts';
import type { FailurePolicy, Subject } from '../policy/failure-policy.ts';
import { blockOrder, type StoppedExchange } from './block-order.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import {
  analyse,
  type CaptureMarks,
  completedRecord,
  noteCommitted,
  noteGap,
  openedRecord,
} from './exchange-records.ts';
import type { Ending, Gate, Outlet, ResponseHead } from './gate.ts';
import { AS_IT_COMES, commitObserved, finishObserved, type ObserveOptions } from './observe.ts';
import { openGate } from './open-gate.ts';
import type { ExchangeEnd, ExchangeStart, RecordedExchange } from './recorder.ts';

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
  #gate: EnforcedGate | null = null;
  #judge: InlineJudge | null = null;
  /** Of a request that was not cleared. */
  #refused: Analysis | null = null;

  constructor(parts: EnforcedParts, start: ExchangeStart) {
    this.#parts = parts;
    this.#start = start;
    this.#opened = openedRecord(parts, start);
    this.exchangeId = this.#opened.exchange_id;
    this.holdsRequest = start.route.hold_request;
    this.committed = parts.ledger.open(this.#opened);
  }

  // The request

  async clearRequest(request: CapturedBody, signal: AbortSignal): Promise<Ending | null> {
    const judge = this.#newJudge('request');
    const abort = () => judge.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await this.#judgeRequest(judge, request);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #judgeRequest(judge: InlineJudge, request: CapturedBody): Promise<Ending | null> {
    const end = requestAlone(copied(request), this.#start);
    const analysis = await analyse(this.#parts, this.#opened, this.#start.path, end, { requestOnly: true });
    const judged = await judge.judgeMatter(matterOf(analysis));
    // The client is gone: nobody is told anything, and nothing is sent.
    if (judged === 'aborted') return this.#block({ code: 'judge_unavailable', verdict: null }, analysis, null);
    const { stop } = judged;
    const record = completedRecord(this.#parts, this.#opened, end, analysis);
    const verdict = this.#verdict(judge, record, analysis, { ...this.#held(null), subject: 'request' }, stop);
    const committed = await this.#appendVerdict(verdict, analysis);
    const code = stop ?? (committed === null && judge.onFailure === 'block' ? 'judge_unavailable' : null);
    if (code === null) return null;
    this.#refused = analysis;
    return this.#block({ code, verdict: committed }, analysis, null);
  }

  async #appendVerdict(verdict: NewVerdict, analysis: Analysis): Promise<Verdict | null> {
    const { enforce, log } = this.#parts;
    try {
      const committed = await enforce.ledger.verdict(verdict, analysis.content);
      log.verdict({ ...committed });
      enforce.counted(committed);
      return committed;
    } catch {
      noteGap(this.#parts, this.#opened);
      return null;
    }
  }

  // The answer

  gate(head: ResponseHead, outlet: Outlet, request: () => CapturedBody): Gate | null {
    const { route, method, path } = this.#start;
    if (route.mode === 'observe') return null;
    const judge = this.#newJudge('exchange');
    this.#judge = judge;
    const { enforce } = this.#parts;
    this.#gate = openGate({
      ...{ head, outlet, route, judge },
      api: findApi(method, path),
      budget: enforce.held,
      most: enforce.heldCopy,
      readWindow: (parts) =>
        enforce.analyser.readWindow({ exchangeId: this.exchangeId, judge: this.#opened.judge, parts }),
      readRequest: async () => {
        const end = requestAlone(copied(request()), this.#start);
        return matterOf(await analyse(this.#parts, this.#opened, path, end, { requestOnly: true }));
      },
    });
    const gate = this.#gate;
    return {
      body: gate.body,
      push: (chunk) => gate.push(chunk),
      close: () => {
        judge.close();
        gate.close();
      },
    };
  }

  async finish(end: ExchangeEnd): Promise<Ending> {
    const gate = this.#gate;
    const judge = this.#judge;
    if (gate === null || judge === null) return this.#finishUngated(end);
    await gate.drain(end.outcome === 'complete');
    if (end.outcome === 'client_aborted' || end.outcome === 'origin_failed' || gate.passed) {
      judge.close();
      gate.close();
      await this.#observed(end, gate.passed ? { notHeld: true } : {});
      // What a failed origin has sent and nobody judged is not delivered.
      return AS_IT_COMES;
    }
    return isAnswer(end) ? this.#finishJudged(end, gate, judge) : this.#finishWithoutAnswer(end, gate, judge);
  }

  /** In mode `observe`, before an answer came, or after a request that was not cleared. */
  async #finishUngated(end: ExchangeEnd): Promise<Ending> {
    const refused = this.#refused;
    if (end.outcome !== 'blocked' || refused === null) {
      await this.#observed(end, {});
      return AS_IT_COMES;
    }
    const record = completedRecord(this.#parts, this.#opened, end, refused);
    try {
      // Its verdict is the one on its request.
      await this.#parts.ledger.complete(record, refused.content, null);
      noteCommitted(this.#parts, this.#opened, record, null);
    } catch {
      noteGap(this.#parts, this.#opened);
    }
    return AS_IT_COMES;
  }

  async #finishJudged(end: ExchangeEnd, gate: EnforcedGate, judge: InlineJudge): Promise<Ending> {
    // What the gate still waits for and the last question run side by side: nobody waits for one after the other.
    const [last] = await Promise.all([this.#judgeWhole(end, gate, judge), gate.settle()]);
    if (judge.closed) {
      await this.#commitObserved({ ...end, outcome: 'client_aborted' }, last.analysis);
      return AS_IT_COMES;
    }
    const stop = last.stop ?? gate.stop;
    const record = completedRecord(this.#parts, this.#opened, stop === null ? end : stopped(end), last.analysis);
    const verdict = this.#verdict(judge, record, withHits(last.analysis, gate), this.#held(gate), stop);
    const committed = await this.#commitJudged(record, last.analysis, verdict);
    const code = stop ?? (committed === null && judge.onFailure === 'block' ? 'judge_unavailable' : null);
    const rest = gate.takeRest();
    if (code === null) return { kind: 'deliver', rest };
    return this.#block({ code, verdict: committed }, last.analysis, gate);
  }

  /** The last question: about the whole pair, whatever was asked about its windows. Not put when the gate has stopped. */
  async #judgeWhole(end: ExchangeEnd, gate: EnforcedGate, judge: InlineJudge) {
    const marks = gate.stop === null ? {} : { stopped: true };
    const analysis = await analyse(this.#parts, this.#opened, this.#start.path, end, marks);
    const { rule_hits } = analysis.summary ?? NO_SUMMARY;
    const byRules = judge.stopByRules(rule_hits);
    if (byRules === null) gate.clearedByRules();
    // A gate that stopped for what it was told has asked all that there is to ask.
    if (gate.stop !== null && (judge.answered > 0 || gate.stop === 'blocked_by_judge'))
      return { analysis, stop: byRules };
    const judged = await judge.judgeMatter(matterOf(analysis));
    return { analysis, stop: judged === 'aborted' ? null : judged.stop };
  }

  /** An error of the origin, or no body: rules judge it now, the model in its own time. */
  async #finishWithoutAnswer(end: ExchangeEnd, gate: EnforcedGate, judge: InlineJudge): Promise<Ending> {
    const analysis = await analyse(this.#parts, this.#opened, this.#start.path, end);
    const stop = judge.stopByRules((analysis.summary ?? NO_SUMMARY).rule_hits) ?? gate.stop;
    if (stop === null) {
      const committed = await this.#commitObserved(end, analysis);
      const rest = gate.takeRest();
      if (committed || judge.onFailure !== 'block') return { kind: 'deliver', rest };
      return this.#block({ code: 'judge_unavailable', verdict: null }, analysis, gate);
    }
    const record = completedRecord(this.#parts, this.#opened, stopped(end), analysis);
    const verdict = this.#verdict(judge, record, analysis, this.#held(gate), stop);
    const committed = await this.#commitJudged(record, analysis, verdict);
    gate.takeRest();
    return this.#block({ code: stop, verdict: committed }, analysis, gate);
  }

  // Records

  async #commitJudged(record: ExchangeCompleted, analysis: Analysis, verdict: NewVerdict): Promise<Verdict | null> {
    const { enforce } = this.#parts;
    try {
      const committed = await enforce.ledger.completeJudged(record, analysis.content, verdict);
      noteCommitted(this.#parts, this.#opened, record, committed);
      enforce.counted(committed);
      return committed;
    } catch {
      noteGap(this.#parts, this.#opened);
      return null;
    }
  }

  #observed(end: ExchangeEnd, marks: CaptureMarks): Promise<void> {
    return finishObserved(this.#parts, this.#opened, this.#start, end, marks);
  }

  #commitObserved(end: ExchangeEnd, analysis: Analysis): Promise<boolean> {
    return commitObserved(
      this.#parts,
      this.#opened,
      completedRecord(this.#parts, this.#opened, end, analysis),
      analysis,
    );
  }

  #verdict(
    judge: InlineJudge,
    completed: ExchangeCompleted,
    { summary }: Analysis,
    held: Held,
    stop: StopCode | null,
  ): NewVerdict {
    const consultation = judge.together();
    const { verdict } = buildVerdict({
      ...{ opened: this.#opened, completed, summary, consultation, held },
      judge: judge.judge,
      outcome: consultation.outcome,
      onFailure: judge.onFailure,
      verdictId: this.#parts.newId(),
      ts: completed.ts,
    });
    // A gate that could hold no more, or could not read on, stops what no question was about.
    if (stop === null || verdict.action !== 'allowed') return verdict;
    return { ...verdict, action: held.enforcement === 'mid_stream' ? 'cut' : 'blocked' };
  }

  #held(gate: EnforcedGate | null): Held {
    const { route } = this.#start;
    return {
      enforcement: gate?.delivered === true ? 'mid_stream' : 'before_first_byte',
      release: route.mode === 'window' ? route.window.release : null,
      subject: 'exchange',
      windows: gate?.windows ?? 0,
    };
  }

  #newJudge(subject: Subject): InlineJudge {
    const { judges, consultant, onFailure } = this.#parts.enforce;
    const { route } = this.#start;
    return new InlineJudge({
      consultant,
      judge: judges.get(this.#opened.judge ?? '') ?? null,
      opened: this.#opened,
      sampling: route.sampling,
      onFailure: onFailure(route, subject),
    });
  }

  // Blocks

  #block(stop: Pick<StoppedExchange, 'code' | 'verdict'>, analysis: Analysis, gate: EnforcedGate | null): Ending {
    const { route, requestId } = this.#start;
    const block = blockOrder(route.block, { ...stop, requestId });
    const request = { streamed: analysis.streamed, model: analysis.model_requested };
    return { kind: 'block', whole: this.#whole(block, request), tail: gate?.tail(block) ?? null };
  }

  #whole(block: Block, request: BlockedRequest): WholeAnswer {
    const api = findApi(this.#start.method, this.#start.path);
    return (api?.block ?? fallbackBlock)(block, request);
  }
}

/** What the judge reads of an analysis. */
export function matterOf({ content }: Analysis): Matter {
  // Our own canonical JSON.
  return content === null ? UNREAD : { input: JSON.parse(content.json) as JudgeInput, document: content.json };
}

const NO_SUMMARY: InputSummary = {
  rule_hits: [],
  latest_user_message: null,
  latest_user_message_length: null,
  context_tail_preview: null,
};

/** What made the gate stop stands in the verdict also where the copy of the whole is shorter than what went through. */
function withHits(analysis: Analysis, { hits, stop }: EnforcedGate): Analysis {
  const summary = analysis.summary ?? NO_SUMMARY;
  const known = new Set(summary.rule_hits.map(hitKey));
  const more = stop === null ? [] : hits.filter((hit) => !known.has(hitKey(hit)));
  return more.length === 0
    ? analysis
    : { ...analysis, summary: { ...summary, rule_hits: [...summary.rule_hits, ...more] } };
}

function hitKey({ rule, place, preview }: RuleHit): string {
  return `${rule} ${place} ${preview}`;
}

function isAnswer({ status, response }: ExchangeEnd): boolean {
  return status !== null && status < 400 && response.total > 0;
}

function stopped(end: ExchangeEnd): ExchangeEnd {
  return { ...end, outcome: 'blocked' };
}

/** A capture that the analysis may transfer to its thread without taking the bytes from anyone. */
function copied(body: CapturedBody): CapturedBody {
  return { ...body, bytes: new Uint8Array(body.bytes) };
}

const NO_BODY: CapturedBody = {
  bytes: new Uint8Array(0),
  total: 0,
  cut: null,
  ended: false,
  contentType: null,
  contentEncoding: null,
};

/** An exchange that has nothing but its request so far. */
function requestAlone(request: CapturedBody, { clientRequestId = null }: ExchangeStart): ExchangeEnd {
  return {
    outcome: 'complete',
    errorCode: null,
    status: null,
    clientRequestId,
    originRequestId: null,
    request,
    response: NO_BODY,
    firstByteMs: null,
    durationMs: 0,
  };
}
