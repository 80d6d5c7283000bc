/** A recorder with a real ledger and the real analysis; only the model is scripted. */

import type { Api } from '../../apis/api.ts';
import { apis } from '../../apis/registry.ts';
import { routeConfig } from '../../config/testing/route.ts';
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
import type { Recorder } from '../recorder.ts';
import { RigExchange } from './rig-exchange.ts';
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
