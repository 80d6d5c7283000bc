/**
 * Exchanges through the recorder as forwarding drives it, with a real ledger and the real analysis; only the model is
 * scripted, and sockets are buffers.
 */

import type { Api } from '../../apis/api.ts';
import { apis } from '../../apis/registry.ts';
import type { RouteConfig } from '../../config/schema.ts';
import { routeConfig } from '../../config/testing/route.ts';
import type { CapturedBody } from '../../exchange/capture.ts';
import { CopyBudget } from '../../exchange/tap.ts';
import { type AnalysisSettings, analyseCapture } from '../../judge/analyse.ts';
import type { JudgeModel } from '../../judge/model.ts';
import { readWindow } from '../../judge/read-window.ts';
import { RULE_NAMES } from '../../judge/rules/rule.ts';
import { bodyOf } from '../../judge/testing/captures.ts';
import { JudgedLedger, judgeWith } from '../../judge/testing/judged-ledger.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Verdict } from '../../ledger/records.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { createRecorder } from '../create-recorder.ts';
import type { Ending, Gate, Outlet } from '../gate.ts';
import type { ExchangeEnd, RecordedExchange, Recorder } from '../recorder.ts';
import { ScriptedConsultant } from './scripted-consultant.ts';

export type RouteOver = Partial<Parameters<typeof routeConfig>[0]>;
export type OnFailure = 'allow' | 'block' | 'review';

export interface RigOptions {
  readonly heldCopy?: number;
  readonly held?: number;
  /** Of the copy for the judge. */
  readonly responseCopy?: number;
  /** Rules alone judge. */
  readonly withoutModel?: boolean;
}

const MODEL: JudgeModel = { name: 'test-judge', ask: () => Promise.reject(new Error('the consultant is scripted')) };

const ANALYSIS: AnalysisSettings = {
  rules: RULE_NAMES,
  decodedCopy: 4 * 2 ** 20,
  decodeMs: 10_000,
  ruleMs: 10_000,
  hmacKey: Buffer.alloc(32, 9),
  now: () => performance.now(),
};

export class EnforcedRig implements AsyncDisposable {
  readonly consultant = new ScriptedConsultant();
  readonly held: CopyBudget;
  readonly counted: Verdict[] = [];
  readonly responseCopy: number;
  gaps = 0;
  /** Set: writes of the ledger fail from now on. */
  ledgerFails = false;
  readonly recorder: Recorder;
  readonly #judged: JudgedLedger;

  private constructor(judged: JudgedLedger, options: RigOptions) {
    const { heldCopy = 2 ** 20, held = 2 ** 24, responseCopy = 2 ** 20, withoutModel = false } = options;
    this.#judged = judged;
    this.held = new CopyBudget(held);
    this.responseCopy = responseCopy;
    const counted = (verdict: Verdict) => void this.counted.push(verdict);
    const ledger = this.#failing(judged.ledger);
    this.recorder = createRecorder({
      ledger,
      analyser: { analyse: (capture) => analyseCapture(capture, ANALYSIS) },
      enforce: {
        judges: new Map([['default', judgeWith(withoutModel ? null : MODEL)]]),
        consultant: this.consultant,
        onFailure: (route) => route.on_judge_failure ?? 'block',
        held: this.held,
        heldCopy,
        analyser: { readWindow: async (task) => readWindow(task, ANALYSIS) },
        ledger,
        counted,
      },
      cost: () => null,
      log: { write: () => {}, verdict: () => {}, flush: () => {} },
      metrics: {
        exchange: () => {},
        ledgerGap: () => {
          this.gaps += 1;
        },
      },
      clock: systemClock,
      newId,
    });
  }

  static async open(options: RigOptions = {}): Promise<EnforcedRig> {
    return new EnforcedRig(await JudgedLedger.open(), options);
  }

  get ledger(): Ledger {
    return this.#judged.ledger;
  }

  /** The last verdict. */
  async verdict(): Promise<Verdict> {
    const [last] = await this.ledger.verdicts({ limit: 1 });
    if (last === undefined) throw new Error('no verdict');
    return last;
  }

  /** An exchange of which the ledger knows. */
  async begin(over: RouteOver, request: Partial<RequestShape> = {}): Promise<RigExchange> {
    const route = routeConfig({
      name: 'openai',
      hosts: ['api.test'],
      action: 'terminate',
      judge: 'default',
      mode: 'hold',
      on_judge_failure: 'block',
      ...over,
    });
    const { path = '/v1/chat/completions', method = 'POST', body = chatRequest() } = request;
    const recorded = this.recorder.begin({
      requestId: newId(),
      client: 'address:10.0.0.7',
      route,
      host: 'api.test',
      port: 443,
      method,
      path,
    });
    await recorded.committed;
    return new RigExchange(recorded, route, bodyOf(body), this.responseCopy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#judged[Symbol.asyncDispose]();
  }

  #failing(ledger: Ledger): Ledger {
    const guarded = (name: 'complete' | 'completeJudged' | 'verdict') =>
      ((...args: never[]) => {
        if (this.ledgerFails) return Promise.reject(new Error('the disk is full'));
        return (ledger[name] as (...args: never[]) => Promise<unknown>)(...args);
      }) as never;
    return new Proxy(ledger, {
      get: (target, name) => {
        if (name === 'complete' || name === 'completeJudged' || name === 'verdict') return guarded(name);
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

export interface RequestShape {
  readonly path: string;
  readonly method: string;
  readonly body: string;
}

export interface HeadOver {
  readonly status?: number;
  readonly contentType?: string;
  readonly contentEncoding?: string | null;
}

/** The client's side of one exchange, as forwarding would drive it. */
export class RigExchange implements Outlet {
  readonly recorded: RecordedExchange;
  readonly route: RouteConfig;
  readonly #request: CapturedBody;
  readonly #copy: number;
  readonly #chunks: Buffer[] = [];
  readonly #released: Uint8Array[] = [];
  #head = { status: 200, contentType: 'text/event-stream; charset=utf-8', contentEncoding: null as string | null };
  #gate: Gate | null = null;
  #paused = false;
  #stopped = false;
  #changed: (() => void)[] = [];
  readonly #ending = Promise.withResolvers<Ending>();
  #finishing = false;

  constructor(recorded: RecordedExchange, route: RouteConfig, request: CapturedBody, copy: number) {
    this.recorded = recorded;
    this.route = route;
    this.#request = request;
    this.#copy = copy;
  }

  get gate(): Gate {
    if (this.#gate === null) throw new Error('no gate');
    return this.#gate;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** What has gone out so far. */
  get released(): Buffer {
    return Buffer.concat(this.#released);
  }

  open(over: HeadOver = {}): Gate | null {
    this.#head = { ...this.#head, ...over };
    this.#gate = this.recorded.gate(this.#head, this, () => this.#request);
    return this.#gate;
  }

  push(chunk: string | Uint8Array): void {
    if (this.#finishing) return;
    const bytes = Buffer.from(chunk);
    this.#chunks.push(bytes);
    if (!this.gate.push(bytes)) this.#paused = true;
  }

  /** Pushes pieces one after the other, each when the gate can take it. */
  async feed(all: readonly (string | Uint8Array)[]): Promise<void> {
    for (const piece of all) {
      while (this.#paused && !this.#finishing) await new Promise<void>((resolve) => this.#changed.push(resolve));
      this.push(piece);
      // Other work goes on between two reads of a socket.
      await new Promise(setImmediate);
    }
  }

  /** The origin's answer ends; resolves with what the client has got, and how. */
  async end(outcome: ExchangeEnd['outcome'] = 'complete'): Promise<Got> {
    this.#finish(outcome);
    const ending = await this.#ending.promise;
    const before = this.released;
    if (ending.kind === 'deliver') {
      const body = Buffer.concat([before, ...ending.rest.map((piece) => Buffer.from(piece))]);
      return { ending, before, body: body.toString('latin1'), text: body.toString('utf8') };
    }
    const told = before.byteLength === 0 ? Buffer.from(ending.whole.body) : Buffer.from(ending.tail ?? []);
    const body = Buffer.concat([before, told]);
    return { ending, before, body: body.toString('latin1'), text: body.toString('utf8') };
  }

  /** Resolves when so many bytes have gone out. */
  async receives(bytes: number): Promise<void> {
    while (this.released.byteLength < bytes && !this.#stopped) {
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  release(bytes: Uint8Array): boolean {
    this.#released.push(bytes);
    this.#notify();
    return true;
  }

  resume(): void {
    this.#paused = false;
    this.#notify();
  }

  stop(): void {
    if (this.#stopped) throw new Error('stopped twice');
    this.#stopped = true;
    this.#notify();
    this.#finish('blocked');
  }

  #notify(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  #finish(outcome: ExchangeEnd['outcome']): void {
    if (this.#finishing) return;
    this.#finishing = true;
    const all = Buffer.concat(this.#chunks);
    const { contentType, contentEncoding, status } = this.#head;
    const response = bodyOf(all.subarray(0, this.#copy), {
      total: all.byteLength,
      cut: all.byteLength > this.#copy ? 'cap' : null,
      ended: outcome === 'complete',
      contentType,
      contentEncoding,
    });
    const end: ExchangeEnd = {
      outcome,
      errorCode: null,
      status: outcome === 'blocked' && this.#gate === null ? null : status,
      clientRequestId: null,
      originRequestId: null,
      request: this.#request,
      response,
      firstByteMs: 1,
      durationMs: 2,
    };
    this.recorded.finish(end).then(this.#ending.resolve, this.#ending.reject);
  }
}

/** What the client has in the end. */
export interface Got {
  readonly ending: Ending;
  /** What had gone out before the ending was known. */
  readonly before: Buffer;
  /** Bytes, one character each. */
  readonly body: string;
  readonly text: string;
}

export function chatRequest(user = 'What is the capital of France?', stream = true): string {
  return JSON.stringify({ model: 'gpt-5-mini', stream, messages: [{ role: 'user', content: user }] });
}

/** A text in pieces of this many characters. */
export function pieces(text: string, size: number): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
}

export function apiNamed(name: string): Api {
  const api = apis.find((one) => one.name === name);
  if (api === undefined) throw new Error(name);
  return api;
}
