/** Endpoints about a period: counts and costs, and the clients of it. */

import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { defined, period } from '../period.ts';

export interface OverviewParts {
  readonly readModel: Pick<ReadModel, 'overview' | 'clients' | 'shadowAgreement'>;
}

export function createOverviewHandlers({ readModel }: OverviewParts): Pick<Handlers, 'overview' | 'list_clients'> {
  return {
    overview: async ({ query }) => await readModel.overview(period(query)),

    list_clients: async ({ query: { cursor, limit, ...of } }) =>
      await readModel.clients(period(of), { ...defined({ cursor }), limit }),
  };
}
