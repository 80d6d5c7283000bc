/** The endpoint that erases: what is kept of an exchange or of a client. */

import { hash } from 'node:crypto';
import type { Body } from '../../contract/endpoints.ts';
import type { ErasureOrder, Ledger } from '../../ledger/ledger.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import { caughtUp } from '../exchanges/catch-up.ts';
import { findExchange } from '../exchanges/find-exchange.ts';
import type { Handlers } from '../handlers.ts';
import { ApiProblem } from '../problems.ts';

export interface ErasureParts {
  readonly ledger: Pick<Ledger, 'append' | 'erase' | 'exchange' | 'head'>;
  readonly readModel: Pick<ReadModel, 'caughtUp' | 'position'>;
}

type Scope = Body<'erase'>['scope'];

export function createErasureHandlers({ ledger, readModel }: ErasureParts): Pick<Handlers, 'erase'> {
  return {
    erase: async ({ body: { tier, scope, confirm } }, { act, caller, signal }) => {
      if (confirm !== nameOf(scope)) {
        throw new ApiProblem('invalid_request', 'Nothing was erased.', [
          {
            path: 'body.confirm',
            message: 'has to repeat what is erased: the id of the exchange, or the name of the client',
          },
        ]);
      }
      if (scope.kind === 'exchange') await checkWhole(ledger, scope.exchange_id);
      const after = { tier, scope: scope.kind };
      await ledger.append([{ kind: 'act', record: act('erasure.order', objectOf(scope), null, after) }]);
      const order: ErasureOrder = { actor: caller.actor, reason: 'request', tier, scope };
      const done = await ledger.erase(order);
      await caughtUp(readModel, (await ledger.head())?.seq ?? 0, signal);
      return done;
    },
  };
}

function nameOf(scope: Scope): string {
  return scope.kind === 'exchange' ? scope.exchange_id : scope.client;
}

/** The name of a client must not outlive what is erased of it. */
function objectOf(scope: Scope): string {
  return scope.kind === 'exchange' ? scope.exchange_id : hash('sha256', scope.client);
}

/** A prefix names an exchange to read; to erase one it takes its whole id. */
async function checkWhole(ledger: ErasureParts['ledger'], id: string): Promise<void> {
  const { opened } = await findExchange(ledger, id);
  if (opened.exchange_id !== id) throw new ApiProblem('not_found', 'Give the whole id of the exchange.');
}
