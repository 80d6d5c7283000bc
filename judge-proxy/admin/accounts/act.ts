/** The audit record of a change, appended with it. */

import type { Action, Actor, ActRecord } from '../../ledger/acts.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Change } from '../../ledger/tables/statements-of-tables.ts';
import { type Clock, timestamp } from '../../telemetry/clock.ts';

export interface ActParts {
  readonly clock: Clock;
  readonly newId: () => string;
}

/** A record of now. `before` and `after` never hold a secret: not a hash of one, either. */
export function act(
  { clock, newId }: ActParts,
  actor: Actor,
  action: Action,
  object: string,
  before: ActRecord['before'],
  after: ActRecord['after'],
): ActRecord {
  return { act_id: newId(), ts: timestamp(clock), actor, action, object, before, after };
}

/** Records and changes in one transaction: there is never one without the other. */
export async function append(
  ledger: Pick<Ledger, 'append'>,
  records: ActRecord | readonly ActRecord[],
  changes: readonly Change[],
): Promise<void> {
  const list = [records].flat();
  await ledger.append(
    list.map((record) => ({ kind: 'act', record })),
    changes,
  );
}
