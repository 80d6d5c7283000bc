/** The live tail. */

import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { liveRows } from './live-rows.ts';
import { matches } from './row-filter.ts';

export interface LiveParts {
  readonly readModel: Pick<ReadModel, 'onChange'>;
}

export function createLiveHandlers({ readModel }: LiveParts): Pick<Handlers, 'live'> {
  return {
    live: async ({ query }, { signal }) => liveRows(readModel, (row) => matches(row, query), signal),
  };
}
