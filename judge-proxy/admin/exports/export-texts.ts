/** The text of a download, read by a thread of its own, no faster than it is taken. */

import { Worker } from 'node:worker_threads';
import type { ExportOrder, FromExport } from './export-thread.ts';

/**
 * Starts with the first text that is taken; the thread ends with the last one, when nobody takes more, or with the signal.
 * @throws what the ledger throws when it cannot be read; the reason of the signal
 */
export async function* exportTexts(order: ExportOrder, signal: AbortSignal): AsyncGenerator<string> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./export-thread.ts', import.meta.url), { workerData: order, name: 'export' });
  // One that comes when nobody waits for a text any more: unheard it would end the process.
  worker.on('error', () => undefined);
  try {
    for (;;) {
      const text = await next(worker, signal);
      if (text === null) return;
      yield text;
    }
  } finally {
    await worker.terminate();
  }
}

async function next(worker: Worker, signal: AbortSignal): Promise<FromExport> {
  const answer = Promise.withResolvers<FromExport>();
  const aborted = () => answer.reject(signal.reason);
  const exited = () => answer.reject(new Error('The thread of the export ended before its text.'));
  worker.once('message', answer.resolve);
  worker.once('error', answer.reject);
  worker.once('exit', exited);
  signal.addEventListener('abort', aborted);
  try {
    signal.throwIfAborted();
    worker.postMessage('next');
    return await answer.promise;
  } finally {
    worker.off('message', answer.resolve);
    worker.off('error', answer.reject);
    worker.off('exit', exited);
    signal.removeEventListener('abort', aborted);
  }
}
