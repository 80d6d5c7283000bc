/** The figures of agreement, computed by a thread that ends with its answer. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Quality } from '../../contract/responses.ts';
import { IndexUnavailableError } from '../../ledger/read-model/index-error.ts';
import { indexFile } from '../../ledger/read-model/schema.ts';
import type { FromQuality, QualityOrder } from './quality-thread.ts';

/**
 * @param signal ends the thread
 * @throws {IndexUnavailableError} when the index cannot be read now; the signal's AbortError
 */
export async function computeQuality(order: QualityOrder, signal: AbortSignal): Promise<Quality> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./quality-thread.ts', import.meta.url), {
    ...{ workerData: order, name: 'quality', env: {} },
  });
  const ended = new AbortController();
  // What it says comes before its end; an error of its own rejects both.
  const exit = once(worker, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('The thread of quality ended before its answer.');
  });
  try {
    const said = once(worker, 'message', { signal }) as Promise<[FromQuality]>;
    const [answer] = await Promise.race([said, exit]);
    if ('quality' in answer) return answer.quality;
    throw new IndexUnavailableError(answer.unavailable, indexFile(order.url));
  } finally {
    ended.abort();
    await worker.terminate();
  }
}
