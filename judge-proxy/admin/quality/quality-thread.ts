/** Thread that computes the figures of agreement: 100,000 labels take a second and more, none of it from traffic. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Quality } from '../../contract/responses.ts';
import type { LedgerCause } from '../../ledger/ledger-error.ts';
import { IndexUnavailableError } from '../../ledger/read-model/index-error.ts';
import { type LabelledFilter, readLabelled } from '../../ledger/read-model/labelled.ts';
import { qualityOf } from './quality.ts';

export interface QualityOrder {
  /** `sqlite:PATH` of the ledger beside which the index stands. */
  readonly url: string;
  readonly filter: LabelledFilter;
}

export type FromQuality =
  | { readonly quality: Quality }
  /** Why the index cannot be read. */
  | { readonly unavailable: LedgerCause };

if (parentPort !== null) parentPort.postMessage(answer(workerData as QualityOrder));

function answer({ url, filter }: QualityOrder): FromQuality {
  try {
    return { quality: qualityOf(readLabelled(url, filter)) };
  } catch (error) {
    if (error instanceof IndexUnavailableError) return { unavailable: error.reason };
    throw error;
  }
}
