/**
 * The way of one case through a mode that enforces: the recorder as forwarding drives it, with a real ledger, the real
 * analysis and consultant, and a judge model over HTTP; only sockets are buffers. The route stops what it has no verdict
 * on, as both modes do by default.
 */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { routeConfig } from '../../judge-proxy/config/testing/route.ts';
import { createRecorder } from '../../judge-proxy/enforcement/create-recorder.ts';
import type { Recorder } from '../../judge-proxy/enforcement/recorder.ts';
import { RigExchange } from '../../judge-proxy/enforcement/testing/rig-exchange.ts';
import { CopyBudget } from '../../judge-proxy/exchange/tap.ts';
import { analyseCapture } from '../../judge-proxy/judge/analyse.ts';
import { createJudge } from '../../judge-proxy/judge/judges.ts';
import type { JudgeModel } from '../../judge-proxy/judge/model.ts';
import { readWindow } from '../../judge-proxy/judge/read-window.ts';
import { loadRubric } from '../../judge-proxy/judge/rubric.ts';
import { RULE_NAMES } from '../../judge-proxy/judge/rules/rule.ts';
import { consultantOf, JudgedLedger } from '../../judge-proxy/judge/testing/judged-ledger.ts';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import { newId, systemClock } from '../../judge-proxy/telemetry/clock.ts';
import { ROOT } from '../support/chain.ts';
import { type Case, exchangeOf } from './cases.ts';
import { SETTINGS } from './judged.ts';

export const ENFORCING = ['hold', 'window'] as const;
export type Enforcing = (typeof ENFORCING)[number];

export interface Enforced {
  readonly one: Case;
  readonly verdict: Verdict;
  /** The client got the answer to its end. */
  readonly delivered: boolean;
  /** All that the client got, a block's own words included. */
  readonly text: string;
}

const RUBRIC = loadRubric(join(ROOT, 'config/rubrics/default.yaml'));
/** Windows of one case: a megabyte of padding is not judged six hundred times. */
const MOST_WINDOWS = 12;
const LARGEST_BODY = 2 ** 24;

export class EnforcedWorld implements AsyncDisposable {
  readonly #books: JudgedLedger;
  readonly #recorder: Recorder;
  readonly #verdicts: Verdict[] = [];

  private constructor(books: JudgedLedger, model: JudgeModel) {
    const { ledger } = books;
    const judge = createJudge({ name: 'default', model, rubric: RUBRIC, rules: RULE_NAMES });
    this.#books = books;
    this.#recorder = createRecorder({
      ledger,
      analyser: { analyse: (capture) => analyseCapture(capture, SETTINGS) },
      enforce: {
        judges: new Map([['default', judge]]),
        consultant: consultantOf({ randomBytes }),
        onFailure: () => 'block',
        held: new CopyBudget(LARGEST_BODY),
        heldCopy: LARGEST_BODY,
        analyser: { readWindow: async (task) => readWindow(task, SETTINGS) },
        ledger,
        counted: (verdict) => void this.#verdicts.push(verdict),
      },
      cost: () => null,
      log: { write: () => {}, verdict: () => {}, flush: () => {} },
      metrics: { exchange: () => {}, ledgerGap: () => {} },
      clock: systemClock,
      newId,
    });
  }

  static async open(model: JudgeModel): Promise<EnforcedWorld> {
    return new EnforcedWorld(await JudgedLedger.open(), model);
  }

  /** One after the other. In mode `window` the answer is a stream wherever its text can stand in one. */
  async run(one: Case, mode: Enforcing): Promise<Enforced> {
    const { request, response } = exchangeOf(one, mode === 'window');
    const tokens = Math.max(400, Math.ceil(response.bytes.byteLength / 4 / MOST_WINDOWS));
    const route = routeConfig({
      ...{ name: 'openai', hosts: ['api.test'], action: 'terminate', judge: 'default' },
      ...{ mode, on_judge_failure: 'block', window: { release: 'cleared', tokens } },
    });
    const start = { requestId: newId(), client: 'address:10.0.0.7', host: 'api.test', port: 443 };
    const recorded = this.#recorder.begin({ ...start, route, method: 'POST', path: '/v1/chat/completions' });
    await recorded.committed;
    const exchange = new RigExchange(recorded, route, request, LARGEST_BODY);
    exchange.open({ contentType: response.contentType ?? 'application/json' });
    await exchange.feed(chunks(response.bytes));
    const { ending, text } = await exchange.end();
    const verdict = this.#verdicts.at(-1);
    if (verdict === undefined) throw new Error(`${one.id} has no verdict`);
    return { one, verdict, delivered: ending.kind === 'deliver', text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#books[Symbol.asyncDispose]();
  }
}

/** As a socket gives them. */
const CHUNK = 16_384;

function chunks(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.byteLength / CHUNK);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * CHUNK, (index + 1) * CHUNK));
}
