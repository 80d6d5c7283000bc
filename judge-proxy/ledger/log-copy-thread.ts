/** Thread that copies the ledger's log (WAL) back into its database, so that the writer need not stop for it. */

import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Durability } from './sqlite-file.ts';

export interface LogCopyData {
  readonly file: string;
  readonly durability: Durability;
}

/** `copy`: there is enough to be copied. */
export type ToLogCopy = 'copy' | 'close';

function run(port: MessagePort, { file, durability }: LogCopyData): void {
  const db = new DatabaseSync(file);
  if (durability === 'disk') db.exec('PRAGMA checkpoint_fullfsync = 1');
  // The writer's connection copies at a limit of its own, should this one fail or fall behind.
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  port.on('message', (message: ToLogCopy) => {
    if (last(port, message) === 'close') {
      db.close();
      port.close();
      return;
    }
    try {
      checkpoint.get();
    } catch {
      // What fails here fails for the writer, too, which says so.
    }
  });
}

/** The last message that waits: several calls to copy are one. */
function last(port: MessagePort, first: ToLogCopy): ToLogCopy {
  let message = first;
  for (;;) {
    const next = receiveMessageOnPort(port) as { message: ToLogCopy } | undefined;
    if (next === undefined) return message;
    message = next.message;
  }
}

if (parentPort !== null) run(parentPort, workerData as LogCopyData);
