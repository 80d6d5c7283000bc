/** The metrics of a config: every set of words that may become a label, closed here. */

import { API_NAMES } from './apis/registry.ts';
import type { Config } from './config/schema.ts';
import type { HandshakeEnd } from './intercept/distrust.ts';
import { BUDGET_SCOPES } from './judge/budget.ts';
import { LEDGER_CAUSES } from './ledger/ledger-error.ts';
import { COVERAGE_REASONS, JUDGE_STATES } from './ledger/records.ts';
import { judgeModels } from './main-judges.ts';
import { SHADOW_RESULTS } from './replays/shadow.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';

/** Every way in which a handshake ends: the compiler refuses a list that lacks one. */
const HANDSHAKE_ENDS: Readonly<Record<HandshakeEnd, true>> = {
  distrust: true,
  likely_distrust: true,
  unused: true,
  no_protocol: true,
  not_tls: true,
  timeout: true,
  unknown: true,
};

export function buildMetrics(config: Config): Metrics {
  return createMetrics({
    routes: config.routes.map((route) => route.name),
    apis: [...API_NAMES, 'unknown'],
    coverageReasons: COVERAGE_REASONS,
    judgeStates: JUDGE_STATES,
    judgeModels: judgeModels(config),
    budgetScopes: BUDGET_SCOPES,
    handshakeEnds: Object.keys(HANDSHAKE_ENDS),
    shadowedJudges: Object.entries(config.judges).flatMap(([name, { shadow }]) => (shadow === undefined ? [] : [name])),
    shadowResults: SHADOW_RESULTS,
    ledgerCauses: Object.keys(LEDGER_CAUSES),
    sinks: config.sinks.map(({ name }) => name),
  });
}
