/** Everything that judges, wired: the analysis thread, the one way to the models, and the worker of queued jobs. */

import { randomBytes } from 'node:crypto';
import type { Config } from './config/schema.ts';
import { createAnalyser } from './judge/analyser.ts';
import { Budgets, type SpendingRow } from './judge/budget.ts';
import type { Consultant } from './judge/consult.ts';
import { createConsultant } from './judge/consultant.ts';
import type { Analyser } from './judge/input.ts';
import { createPathRedaction, type RedactPath } from './judge/path-redaction.ts';
import { Turns } from './judge/turns.ts';
import { startJudge } from './judge/worker.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { buildJudges } from './main-judges.ts';
import { countVerdict } from './main-recorder.ts';
import { type FailurePolicy, failurePolicies, type Subject } from './policy/failure-policy.ts';
import { newId, systemClock } from './telemetry/clock.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

type Judges = ReturnType<typeof buildJudges>;

export interface JudgingParts {
  readonly config: Config;
  readonly judges: Judges;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What recording and forwarding need of it. */
export interface Judging {
  readonly judges: Judges['byName'];
  readonly onFailure: (route: string, subject?: Subject) => FailurePolicy;
  /** What clears the windows of a route, null for a route that is gone. */
  readonly release: (route: string) => 'cleared' | 'eager' | null;
  readonly newId: () => string;
}

export interface RunningJudging {
  readonly judging: Judging;
  readonly analyser: Analyser;
  readonly redactPath: RedactPath;
  readonly consultant: Consultant;
  /** Of all calls of models: replays and shadow judges share them. */
  readonly turns: Turns;
  /** Loaded. */
  readonly budgets: Budgets;
  /** Judgements that wait. */
  readonly judgeQueue: () => number;
}

/** Starts it. `own` closes it, the worker first. */
export async function startJudging(own: AsyncDisposableStack, parts: JudgingParts): Promise<RunningJudging> {
  const { config, judges, ledger, log, metrics } = parts;
  const { limits, prices } = config;
  const hmacKey = randomBytes(32);
  const analyser = createAnalyser({
    limits,
    judges: config.judges,
    hmacKey,
    redaction: config.redaction,
    sealing: config.sealing,
    onRestart: (reason) => {
      metrics.analysisRestarted(reason);
      log.write('error', 'analysis_restarted', { reason });
    },
  });
  own.defer(() => analyser.close());
  await analyser.ready;

  const budgets = new Budgets(new Map([...judges.byName].map(([name, { budget }]) => [name, budget])), systemClock);
  await budgets.load({ spending: (since) => allSpending(ledger, since) });
  const turns = new Turns({ running: limits.judge_concurrency, waiting: limits.judge_queue });
  const consultant = createConsultant({
    ...{ limits, prices, budgets, turns, clock: systemClock, randomBytes, metrics, hmacKey },
  });
  metrics.gauge('judge_calls_active', () => consultant.running);
  metrics.gauge('judge_inline_waiting', () => consultant.waiting('inline'));
  const routes = new Map(config.routes.map((route) => [route.name, route]));
  const judging: Judging = {
    judges: judges.byName,
    onFailure: failurePolicies(config),
    release: (name) => routes.get(name)?.window.release ?? null,
    newId,
  };
  let queued = 0;
  metrics.gauge('judge_queue', () => queued);
  const worker = startJudge({
    ...judging,
    sampling: (name) => routes.get(name)?.sampling ?? 1,
    consultant,
    ledger,
    limits,
    clock: systemClock,
    randomBytes,
    log,
    metrics: {
      verdict: (verdict) => countVerdict(metrics, verdict),
      judgeQueue: (waiting) => {
        queued = waiting;
      },
    },
  });
  own.defer(() => worker.close());
  const redactPath = createPathRedaction(config.redaction, hmacKey, systemClock);
  return { judging, analyser, redactPath, consultant, turns, budgets, judgeQueue: () => queued };
}

/** What judges spent on traffic and as shadows, oldest day first. */
async function allSpending(ledger: Ledger, since: string): Promise<readonly SpendingRow[]> {
  const shadows = await ledger.rows<SpendingRow>('shadowSpending', since);
  return [...(await ledger.spending(since)), ...shadows].toSorted((a, b) =>
    a.day < b.day ? -1 : a.day > b.day ? 1 : 0,
  );
}
