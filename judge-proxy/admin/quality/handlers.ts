/** The endpoint of agreement. */

import type { Quality } from '../../contract/responses.ts';
import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { period } from '../period.ts';
import { computeQuality } from './compute-quality.ts';

export interface QualityParts {
  readonly readModel: Pick<ReadModel, 'rows'>;
  /** `sqlite:PATH` of the same ledger, for the thread that reads its index. */
  readonly ledgerUrl: string;
}

export function createQualityHandlers({ readModel, ledgerUrl }: QualityParts): Pick<Handlers, 'quality'> {
  // One thread at one time, whoever asks: the others wait for their turn.
  let last: Promise<unknown> = Promise.resolve();
  return {
    quality: async ({ query }, { signal }): Promise<Quality> => {
      const filter = period(query);
      // Waits while the index is being made, and fails as everything else when it cannot be.
      await readModel.rows([]);
      const mine = last.then(() => computeQuality({ url: ledgerUrl, filter }, signal));
      last = mine.catch(() => undefined);
      return await mine;
    },
  };
}
