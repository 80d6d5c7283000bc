/**
 * Thread of the writer. All operations that have arrived by the time a transaction begins go into it (group commit), so
 * the cost of a commit is shared by as many requests as wait for it, and nobody waits for a timer.
 */

import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { causeOf, LedgerError } from './ledger-error.ts';
import { checkSqliteVersion, lockForWriting, openForWriting } from './sqlite-file.ts';
import type { FromWriter, Operation, Result, ToWriter, WriterData } from './thread-protocol.ts';
import { Writer } from './writer.ts';

/** Operations in one transaction at most: a batch that fails takes all of its callers with it. */
const MAX_BATCH = 1_000;

export function runWriter(port: MessagePort, data: WriterData): void {
  const tell = (message: FromWriter) => port.postMessage(message);
  const ledger = openLedgerFile(data, tell);
  if (ledger === null) return;
  const writer = new Writer(ledger.db);
  port.on('message', (first: ToWriter) => {
    const { batch, closing } = arrived(port, first);
    for (let start = 0; start < batch.length; start += MAX_BATCH) {
      tell(commit(writer, batch.slice(start, start + MAX_BATCH)));
    }
    if (!closing) return;
    ledger.close();
    port.close();
  });
  tell({ type: 'ready' });
}

function openLedgerFile(data: WriterData, tell: (message: FromWriter) => void) {
  try {
    checkSqliteVersion(data.file);
    const lock = lockForWriting(data.file);
    try {
      const db = openForWriting(data.file, data.durability, data.startedAt, (migration) =>
        tell({ type: 'migrating', migration }),
      );
      return {
        db,
        close: () => {
          db.close();
          lock.close();
        },
      };
    } catch (error) {
      lock.close();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    tell({ type: 'refused', cause: error.reason, detail: error.detail, message: error.message });
    return null;
  }
}

/** What waits at the port, as one batch. `close` is the last message. */
function arrived(port: MessagePort, first: ToWriter): { batch: readonly Operation[]; closing: boolean } {
  if (first === 'close') return { batch: [], closing: true };
  let batch = first;
  for (;;) {
    const next = receiveMessageOnPort(port) as { message: ToWriter } | undefined;
    if (next === undefined) return { batch, closing: false };
    if (next.message === 'close') return { batch, closing: true };
    batch = batch.concat(next.message);
  }
}

function commit(writer: Writer, batch: readonly Operation[]): FromWriter {
  const started = performance.now();
  try {
    const results: [number, Result][] = [];
    const refused: [number, 'conflict'][] = [];
    for (const [index, outcome] of writer.apply(batch).entries()) {
      if ('refused' in outcome) refused.push([index, 'conflict']);
      else if (outcome.result !== undefined) results.push([index, outcome.result]);
    }
    return {
      type: 'committed',
      count: batch.length,
      results,
      refused,
      ms: performance.now() - started,
      seq: writer.lastSeq,
    };
  } catch (error) {
    return { type: 'failed', count: batch.length, cause: causeOf(error) ?? 'unknown' };
  }
}

if (parentPort !== null) runWriter(parentPort, workerData as WriterData);
