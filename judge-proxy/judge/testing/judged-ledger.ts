/** A real ledger in a folder of its own, with exchanges that wait to be judged, and a worker on it. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capture } from '../../exchange/capture.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type ExchangeCompleted, type Mode, VERDICT_FIELDS, type Verdict } from '../../ledger/records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { newId, systemClock, timestamp } from '../../telemetry/clock.ts';
import { createLog } from '../../telemetry/log.ts';
import { analyseCapture } from '../analyse.ts';
import { Budgets } from '../budget.ts';
import type { Consultant } from '../consult.ts';
import { type ConsultantOptions, createConsultant } from '../consultant.ts';
import { createJudge, type Judge } from '../judges.ts';
import type { JudgeModel } from '../model.ts';
import type { RuleName } from '../rules/rule.ts';
import { RULE_NAMES } from '../rules/rule.ts';
import { type JudgeWorker, type JudgeWorkerOptions, startJudge } from '../worker.ts';
import { captureOf } from './captures.ts';
import { RUBRIC } from './judgements.ts';

export class JudgedLedger {
  readonly ledger: Ledger;
  /** Lines of the log. */
  readonly lines: string[];
  /** Verdicts that the metrics were told of. */
  readonly counted: Verdict[] = [];
  readonly #folder: string;
  readonly #workers: JudgeWorker[] = [];

  private constructor(ledger: Ledger, lines: string[], folder: string) {
    this.ledger = ledger;
    this.lines = lines;
    this.#folder = folder;
  }

  static async open(): Promise<JudgedLedger> {
    const folder = await mkdtemp(join(tmpdir(), 'judge-worker-'));
    const lines: string[] = [];
    const ledger = await openLedger({
      url: `sqlite:${join(folder, 'ledger.db')}`,
      durability: 'process',
      clock: systemClock,
      log: logTo(lines),
    });
    return new JudgedLedger(ledger, lines, folder);
  }

  /** Records one exchange and queues it for the judge `default`. */
  async record(
    capture: Capture = captureOf(),
    over: Partial<ExchangeCompleted> & { judge?: string; content?: null; mode?: Mode; client?: string } = {},
  ): Promise<string> {
    const { judge = 'default', content: without, mode = 'observe', client, ...completed } = over;
    const exchange_id = newId();
    await this.ledger.open({
      exchange_id,
      ts: timestamp(systemClock),
      request_id: newId(),
      client: client ?? 'address:127.0.0.1',
      route: 'openai',
      host: capture.host,
      port: 443,
      method: capture.method,
      path: capture.path,
      mode,
      judge,
    });
    const analysis = await analyseCapture({ ...capture, exchangeId: exchange_id }, ANALYSIS);
    const content = without === null ? null : analysis.content;
    const record: ExchangeCompleted = {
      exchange_id,
      ts: timestamp(systemClock),
      outcome: 'complete',
      error_code: null,
      status: capture.status,
      api: analysis.api,
      streamed: analysis.streamed,
      client_request_id: null,
      origin_request_id: null,
      model_requested: analysis.model_requested,
      model_returned: analysis.model_returned,
      tokens_in: analysis.tokens_in,
      tokens_out: analysis.tokens_out,
      cost_usd: null,
      request_bytes: capture.request.total,
      response_bytes: capture.response.total,
      first_byte_ms: 1,
      duration_ms: 2,
      coverage: analysis.coverage,
      llm_error: analysis.llm_error,
      content_sha256: content?.sha256 ?? null,
      ...completed,
    };
    await this.ledger.complete(record, content, { exchange_id, judge });
    return exchange_id;
  }

  /** Starts a worker; it is closed with the ledger. */
  start(model: JudgeModel | null, over: Partial<JudgeWorkerOptions> = {}): JudgeWorker {
    const { limits = { judge_queue: 100, judge_concurrency: 4 } } = over;
    const worker = startJudge({
      ledger: this.ledger,
      judges: new Map([['default', judgeWith(model)]]),
      onFailure: () => 'review',
      sampling: () => 1,
      release: () => 'cleared',
      consultant: consultantOf({ limits }),
      limits,
      clock: systemClock,
      newId,
      randomBytes,
      log: logTo(this.lines),
      metrics: { verdict: (verdict) => this.counted.push(verdict), judgeQueue: () => undefined },
      ...over,
    });
    this.#workers.push(worker);
    return worker;
  }

  /** Oldest first. */
  async verdicts(): Promise<readonly Verdict[]> {
    return this.ledger.verdicts({ limit: 100, after_seq: 0 });
  }

  /** The one verdict, once nothing is queued any more. */
  async verdict(worker: JudgeWorker): Promise<Verdict> {
    await worker.idle();
    const [only, ...more] = await this.verdicts();
    if (only === undefined || more.length > 0) throw new Error(`${more.length + 1} verdicts, or none`);
    return only;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.ledger.close();
    await rm(this.#folder, { recursive: true });
  }
}

const ANALYSIS = {
  rules: RULE_NAMES,
  decodedCopy: 4 * 2 ** 20,
  decodeMs: 10_000,
  ruleMs: 10_000,
  hmacKey: Buffer.alloc(32, 9),
  now: () => performance.now(),
};

export function judgeWith(model: JudgeModel | null, rules: readonly RuleName[] = RULE_NAMES): Judge {
  return createJudge({ name: 'default', rubric: RUBRIC, rules, model });
}

/** Without budgets, and with prices of the model of the tests. */
export function consultantOf(over: Partial<ConsultantOptions> = {}): Consultant {
  const ignore = () => undefined;
  return createConsultant({
    limits: { judge_queue: 100, judge_concurrency: 4 },
    prices: { 'test-judge': { input: 1, output: 2 } },
    budgets: new Budgets(new Map(), systemClock),
    clock: systemClock,
    randomBytes,
    metrics: { judgeCall: ignore, judgeCache: ignore, judgeBudget: ignore },
    ...over,
  });
}

function logTo(lines: string[]) {
  return createLog({
    level: 'debug',
    format: 'json',
    verdictFields: VERDICT_FIELDS,
    stream: { write: (line: string) => lines.push(line) },
  });
}
