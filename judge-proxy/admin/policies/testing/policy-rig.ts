/** What tests of policies share: a ledger, a judge whose model is real, handlers, and callers. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import { judgeModelHandler } from '../../../../test/support/judge-model.ts';
import type { Origin, OriginHandler } from '../../../../test/support/origin.ts';
import { Budgets } from '../../../judge/budget.ts';
import { createConsultant } from '../../../judge/consultant.ts';
import type { JudgeInput } from '../../../judge/input.ts';
import { createJudge } from '../../../judge/judges.ts';
import { type JudgeGiven, Policies } from '../../../judge/published.ts';
import { parseRubric } from '../../../judge/rubric.ts';
import { startJudgeServer } from '../../../judge/testing/judge-server.ts';
import { INPUT } from '../../../judge/testing/judgements.ts';
import type { ActRecord } from '../../../ledger/acts.ts';
import type { Content, Ledger } from '../../../ledger/ledger.ts';
import type { NewVerdict } from '../../../ledger/records.ts';
import {
  KeptLog,
  sampleCompleted,
  sampleContent,
  sampleOpened,
  sampleVerdict,
} from '../../../ledger/sample-records.ts';
import { openLedger } from '../../../ledger/sqlite.ts';
import { newId, systemClock } from '../../../telemetry/clock.ts';
import { act } from '../../accounts/act.ts';
import type { Context } from '../../handlers.ts';
import { createPolicyHandlers } from '../handlers.ts';

/** The judge model of the tests takes this for a leak. */
export const LEAK = 'STRICTLY CONFIDENTIAL plan';

export const FILE = `name: small
version: 1
criteria:
  - id: leak
    question: Does something leak?
    definition: Confidential text leaves.
    violating: [a secret plan is pasted]
    allowed: [public text]
    scale: ordinal
    threshold: 2
    weight: 0.5
    severity: critical
`;
/** Another one: what it finds is less grave. */
export const DRAFT = FILE.replace('severity: critical', 'severity: low').replace('version: 1', 'version: 2');

export class PolicyRig implements AsyncDisposable {
  readonly database: string;
  readonly ledger: Ledger;
  readonly model: Origin;
  readonly log = new KeptLog();
  /** Of the model. */
  answer: OriginHandler = judgeModelHandler();
  policies: Policies;
  handlers: ReturnType<typeof createPolicyHandlers>;
  readonly budgets: Budgets;
  readonly #given: ReadonlyMap<string, JudgeGiven>;
  readonly #close: AsyncDisposableStack;

  private constructor(
    parts: Pick<PolicyRig, 'ledger' | 'model' | 'budgets' | 'database'> & { given: ReadonlyMap<string, JudgeGiven> },
    close: AsyncDisposableStack,
  ) {
    this.database = parts.database;
    this.ledger = parts.ledger;
    this.model = parts.model;
    this.budgets = parts.budgets;
    this.#given = parts.given;
    this.#close = close;
    this.policies = new Policies(this.#given);
    this.handlers = this.#handlers();
  }

  static async start(): Promise<PolicyRig> {
    await using close = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'policies-'));
    close.defer(() => rmSync(folder, { recursive: true }));
    const database = join(folder, 'ledger.db');
    const url = `sqlite:${database}`;
    const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log: new KeptLog() });
    close.defer(() => ledger.close());
    const { origin, model } = close.use(
      await startJudgeServer((...asked) => rig.answer(...asked), { name: 'test-judge' }),
    );
    const file = { yaml: FILE, rubric: parseRubric(FILE, 'file') };
    const budget = { day: { tokens: 1_000_000 }, month: {}, client_day: {}, client_month: {} };
    const judge = (name: string) => createJudge({ name, rubric: file.rubric, rules: [], model, budget });
    const given = new Map([
      ['default', { judge: judge('default'), file, publishable: true }],
      ['fixed', { judge: judge('fixed'), file, publishable: false }],
    ]);
    const budgets = new Budgets(new Map([['default', budget]]), systemClock);
    const rig: PolicyRig = new PolicyRig({ database, ledger, model: origin, budgets, given }, close.move());
    return rig;
  }

  /** As after a restart: what is in force is what the ledger says. */
  restarted(): Policies {
    this.policies = new Policies(this.#given);
    this.handlers = this.#handlers();
    return this.policies;
  }

  #handlers() {
    const consultant = createConsultant({
      limits: { judge_queue: 10, judge_concurrency: 2 },
      ...{ prices: {}, budgets: this.budgets, clock: systemClock, randomBytes },
      metrics: { judgeCall: () => undefined, judgeCache: () => undefined, judgeBudget: () => undefined },
    });
    return createPolicyHandlers({
      ...{ ledger: this.ledger, policies: this.policies, clock: systemClock, log: this.log },
      trial: { consultant, onFailure: () => 'review', clock: systemClock },
    });
  }

  /** Records an exchange with what was judged of it, and its verdict. */
  async record(id: string, text: string, verdict: Partial<NewVerdict> = {}): Promise<void> {
    const content = contentOf(text);
    await this.ledger.open(sampleOpened(id));
    const completed = sampleCompleted(id, { content_sha256: content.sha256 });
    await this.ledger.completeJudged(
      completed,
      content,
      sampleVerdict(id, { input_sha256: content.sha256, ...verdict }),
    );
  }

  async close(): Promise<void> {
    await this.#close.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function contentOf(text: string): Content {
  const [first, ...rest] = INPUT.transcript.parts;
  const parts = first === undefined ? [] : [{ ...first, text }, ...rest];
  const input: JudgeInput = { ...INPUT, transcript: { ...INPUT.transcript, parts } };
  return sampleContent(JSON.parse(canonicalize(input) ?? ''));
}

/** A caller of that name; `acts`, when given, gets each record that it makes. */
export function contextOf(user: string, acts: ActRecord[] = []): Context {
  const actor = { kind: 'user', name: user } as const;
  return {
    caller: { actor, user, role: 'policy_editor', permissions: new Set() },
    requestId: 'request-1',
    signal: new AbortController().signal,
    act: (...of) => {
      const record = act({ clock: systemClock, newId }, actor, ...of);
      acts.push(record);
      return record;
    },
  };
}
