/** The endpoint of agreement. */

import type { ReadModel } from '../../ledger/read-model/rows.ts';
import type { Handlers } from '../handlers.ts';
import { period } from '../period.ts';
import { qualityOf } from './quality.ts';

export interface QualityParts {
  readonly readModel: Pick<ReadModel, 'labelled'>;
}

export function createQualityHandlers({ readModel }: QualityParts): Pick<Handlers, 'quality'> {
  return { quality: async ({ query }) => qualityOf(await readModel.labelled(period(query))) };
}
