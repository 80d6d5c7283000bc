/** The endpoint of health: parts, how far lists have come, what waits. */

import type { Ledger } from '../../ledger/ledger.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { type HealthReport, isReady } from '../health.ts';

export interface HealthParts {
  readonly ledger: Pick<Ledger, 'head'>;
  readonly readModel: Pick<ReadModel, 'position'>;
  readonly health: () => HealthReport;
  /** Judgements that wait. */
  readonly judgeQueue: () => number;
  /** Records that the last signed checkpoint covers, null without one. */
  readonly checkpointSize: () => number | null;
  /** Of this program. */
  readonly version: string;
}

export function createHealthHandlers(parts: HealthParts): Pick<Handlers, 'health'> {
  return {
    health: async () => {
      const report = parts.health();
      const head = await parts.ledger.head();
      return {
        status: isReady(report) ? 'ready' : 'not_ready',
        parts: report.parts,
        ledger: {
          ledger_id: head?.ledger_id ?? '',
          head_seq: head?.seq ?? 0,
          readable_seq: parts.readModel.position,
          checkpoint_size: parts.checkpointSize(),
        },
        judge_queue: parts.judgeQueue(),
        version: parts.version,
      };
    },
  };
}
