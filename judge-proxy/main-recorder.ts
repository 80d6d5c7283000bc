/** The recorder of the program, wired: what each mode needs, and what is counted of exchanges and verdicts. */

import type { Config } from './config/schema.ts';
import { createRecorder } from './enforcement/create-recorder.ts';
import type { Recorder } from './enforcement/recorder.ts';
import type { CopyBudget } from './exchange/tap.ts';
import type { Consultant } from './judge/consult.ts';
import type { Analyser } from './judge/input.ts';
import type { RedactPath } from './judge/path-redaction.ts';
import { costUsd } from './judge/prices.ts';
import { judgeWithoutModel, type WithoutModelOptions } from './judge/without-model.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Verdict } from './ledger/records.ts';
import { failurePolicy } from './policy/failure-policy.ts';
import { newId, systemClock } from './telemetry/clock.ts';
import type { Log } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface RecorderParts {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly analyser: Analyser;
  readonly judging: WithoutModelOptions;
  readonly consultant: Consultant;
  /** Of all that is held back until a verdict; `limits.held` bytes. */
  readonly held: CopyBudget;
  readonly redactPath: RedactPath;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function buildRecorder({ config, judging, log, metrics, ...parts }: RecorderParts): Recorder {
  const { ledger, analyser, consultant, held, redactPath } = parts;
  const counted = (verdict: Verdict) => countVerdict(metrics, verdict);
  return createRecorder({
    ledger,
    analyser: {
      analyse: async (capture, judge) => {
        const analysis = await analyser.analyse(capture, judge);
        metrics.analysis(analysis.analysis_ms);
        return analysis;
      },
    },
    atOnce: { judge: judgeWithoutModel(judging), ledger, counted },
    enforce: {
      judges: judging.judges,
      consultant,
      onFailure: (route, subject) => failurePolicy(config.on_judge_failure, route, subject),
      held,
      heldCopy: config.limits.held_copy,
      searchesEvents: config.redaction.json_paths.length > 0,
      analyser,
      ledger,
      counted,
    },
    cost: (usage) => costUsd(config.prices, usage.model, usage.tokens_in, usage.tokens_out, usage.tokens_cached),
    redactPath,
    log,
    clock: systemClock,
    newId,
    metrics: {
      exchange: (record, opened) => {
        const { route, mode } = opened;
        metrics.exchange({ route, action: 'terminate', mode, api: record.api, outcome: record.outcome });
        metrics.traffic({ ...record, route });
        // What has a judge is counted with its verdict, which knows more.
        if (opened.judge === null) metrics.coverage(record.coverage.level, record.coverage.reasons);
        if (record.first_byte_ms !== null) metrics.originFirstByte(record.first_byte_ms);
      },
      ledgerGap: () => metrics.ledgerLost(1, 'gap'),
    },
  });
}

/** Counts a verdict that is committed. */
export function countVerdict(metrics: Metrics, verdict: Verdict): void {
  const { overall, state, action, coverage, mode, subject } = verdict;
  metrics.verdict({ label: overall.label, state, action, mode });
  // A request that was cleared is judged again with its answer: that verdict says how far the exchange was judged.
  if (subject === 'exchange' || action !== 'allowed') metrics.coverage(coverage.level, coverage.reasons);
}
