/** Questions to a consultant whose models are real endpoints on loopback. */

import { afterEach } from 'vitest';
import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import type { OriginHandler } from '../../../test/support/origin.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { type BudgetLimits, Budgets } from '../budget.ts';
import type { Consultation, Question } from '../consult.ts';
import { type ConsultantOptions, type ConsultMetrics, createConsultant, type ModelCall } from '../consultant.ts';
import type { JudgeInput } from '../input.ts';
import { createJudge, type Judge } from '../judges.ts';
import type { JudgeModel } from '../model.ts';
import { RULE_NAMES } from '../rules/rule.ts';
import { type JudgeServer, startJudgeServer } from './judge-server.ts';
import { INPUT, RUBRIC } from './judgements.ts';

export const NO_LIMIT: BudgetLimits = { day: {}, month: {}, client_day: {}, client_month: {} };

/** For the tests of one file: starts models on loopback, each closed behind its test. */
export function useModels() {
  const servers: JudgeServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  });
  return async (name: string, handler: OriginHandler = judgeModelHandler(), timeout = 10_000) => {
    const server = await startJudgeServer(handler, { name, timeout });
    servers.push(server);
    return { model: server.model, asked: () => server.origin.seen.length, next: () => server.origin.next() };
  };
}

class Counted implements ConsultMetrics {
  readonly calls: ModelCall[] = [];
  readonly cache: string[] = [];
  readonly budgets: string[] = [];
  judgeCall(call: ModelCall): void {
    this.calls.push(call);
  }
  judgeCache(result: string): void {
    this.cache.push(result);
  }
  judgeBudget(scope: string): void {
    this.budgets.push(scope);
  }
}

/** A consultant with one judge, and the way to ask it. */
export function world(parts: Partial<Judge> & { model: JudgeModel }, over: Partial<ConsultantOptions> = {}) {
  const judge = createJudge({ name: 'default', rubric: RUBRIC, rules: RULE_NAMES, ...parts });
  const metrics = new Counted();
  const consultant = createConsultant({
    limits: { judge_queue: 10, judge_concurrency: 4 },
    prices: { 'large-*': { input: 10, output: 20 }, 'small-*': { input: 1, output: 2 } },
    budgets: new Budgets(new Map([['default', judge.budget]]), systemClock),
    clock: systemClock,
    randomBytes: (size) => crypto.getRandomValues(new Uint8Array(size)),
    metrics,
    ...over,
  });
  const ask = async (asked: Partial<Question> = {}): Promise<Consultation> => {
    const input = asked.input ?? INPUT;
    const consultation = await consultant.consult({
      exchangeId: 'e1',
      judge,
      input,
      document: JSON.stringify(input),
      client: 'team-a',
      route: 'openai',
      sampling: 1,
      urgency: 'inline',
      signal: new AbortController().signal,
      ...asked,
    });
    if (consultation === null) throw new Error('given up');
    return consultation;
  };
  return { judge, metrics, consultant, ask };
}

export function inputSaying(text: string): JudgeInput {
  const [first, ...rest] = INPUT.transcript.parts;
  if (first === undefined) throw new Error('no part');
  return { ...INPUT, transcript: { ...INPUT.transcript, parts: [{ ...first, text }, ...rest] } };
}

/** What the model of tests finds a violation in. */
export const CONFIDENTIAL = inputSaying('STRICTLY CONFIDENTIAL: the merger');
