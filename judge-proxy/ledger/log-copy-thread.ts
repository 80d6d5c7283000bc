/** Thread that copies the ledger's log (WAL) back into its database, so that the writer need not stop for it. */

import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Durability } from './sqlite-file.ts';

export interface LogCopyData {
  readonly file: string;
  readonly durability: Durability;
}

/** `copy`: there is enough to be copied. `empty`: all of it, and cut to nothing. */
export type ToLogCopy = 'copy' | 'empty' | 'close';

/** Answer to each `empty`: whether it is. */
export type FromLogCopy = boolean;

function run(port: MessagePort, { file, durability }: LogCopyData): void {
  const db = new DatabaseSync(file);
  if (durability === 'disk') db.exec('PRAGMA checkpoint_fullfsync = 1');
  // The writer's connection copies at a limit of its own, should this one fail or fall behind.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const cut = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  port.on('message', (first: ToLogCopy) => {
    const message = last(port, first);
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    try {
      // First without a lock on the writer: what is left to be copied under the lock is little then.
      checkpoint.get();
      if (message === 'empty') port.postMessage((cut.get()?.busy === 0) satisfies FromLogCopy);
    } catch {
      // What fails here fails for the writer, too, which says so.
      if (message === 'empty') port.postMessage(false satisfies FromLogCopy);
    }
  });
}

/** The last message that waits, unless one before it is to be answered: several calls to copy are one. */
function last(port: MessagePort, first: ToLogCopy): ToLogCopy {
  let message = first;
  while (message === 'copy') {
    const next = receiveMessageOnPort(port) as { message: ToLogCopy } | undefined;
    if (next === undefined) return message;
    message = next.message;
  }
  return message;
}

if (parentPort !== null) run(parentPort, workerData as LogCopyData);
