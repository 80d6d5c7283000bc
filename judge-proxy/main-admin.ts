/** The handlers of the admin API, wired: what each reads and changes. One that is missing does not compile. */

import { readFileSync } from 'node:fs';
import { createAccountHandlers, createAuditHandlers } from './admin/accounts/account-handlers.ts';
import type { AccountParts } from './admin/accounts/account-parts.ts';
import { createErasureHandlers } from './admin/erasures/handlers.ts';
import { createExchangeHandlers } from './admin/exchanges/handlers.ts';
import { createExportHandlers } from './admin/exports/handlers.ts';
import type { Handlers } from './admin/handlers.ts';
import type { HealthReport } from './admin/health.ts';
import { createLiveHandlers } from './admin/live/handlers.ts';
import { createOverviewHandlers } from './admin/overview/handlers.ts';
import { createHealthHandlers } from './admin/overview/health-handlers.ts';
import { createQualityHandlers } from './admin/quality/handlers.ts';
import { createReviewHandlers } from './admin/review/handlers.ts';
import { createSinkHandlers } from './admin/sinks/sink-handlers.ts';
import type { Config } from './config/schema.ts';
import { checkpointPlaces, lastCheckpoint } from './ledger/checkpoint-file.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { ReadModel } from './ledger/read-model/rows.ts';
import { ledgerFile } from './ledger/sqlite-file.ts';
import type { startReplaying } from './main-replays.ts';
import type { Sinks } from './sinks/sinks.ts';
import { newId, systemClock } from './telemetry/clock.ts';

export interface AdminParts {
  readonly config: Pick<Config, 'ledger' | 'review'>;
  readonly ledger: Ledger;
  readonly readModel: ReadModel;
  readonly accounts: AccountParts;
  readonly sinks: Sinks;
  /** Those of policies, replays and judges. */
  readonly replaying: Awaited<ReturnType<typeof startReplaying>>;
  readonly health: () => HealthReport;
  /** Judgements that wait. */
  readonly judgeQueue: () => number;
}

export function buildHandlers(parts: AdminParts): Handlers {
  const { config, ledger, readModel, accounts, sinks, health, judgeQueue } = parts;
  const checkpointSize = checkpointSizeOf(config.ledger);
  const common = { ledger, readModel, clock: systemClock, newId, checkpointSize };
  return {
    ...createAccountHandlers(accounts),
    ...createAuditHandlers(common),
    ...createExchangeHandlers(common),
    ...createLiveHandlers(common),
    ...createOverviewHandlers(common),
    ...createReviewHandlers({ ...common, review: config.review }),
    ...createQualityHandlers({ ...common, ledgerUrl: config.ledger.url }),
    ...createExportHandlers({ ...common, ledgerUrl: config.ledger.url }),
    ...createErasureHandlers(common),
    ...createHealthHandlers({ ...common, health, judgeQueue, version: VERSION }),
    ...createSinkHandlers({ sinks, ledger }),
    ...parts.replaying,
  };
}

/** Read when it is asked for: another line is appended every minute or so. One that cannot be read covers nothing. */
function checkpointSizeOf({ url, checkpoints }: Config['ledger']): () => number | null {
  const { file } = checkpointPlaces(ledgerFile(url), checkpoints);
  return () => {
    try {
      return lastCheckpoint(file)?.size ?? null;
    } catch {
      return null;
    }
  };
}

const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
