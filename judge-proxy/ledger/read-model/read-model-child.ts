/**
 * A process that tests start and kill: `node read-model-child.ts ACTION URL`. It has a ledger and its read model, and
 * prints one line for each event, written at once.
 *
 *     write      judged and labelled exchanges without end, several at a time; prints how far index and ledger are
 *     fill-disk  fills the disk of the index alone, writes, makes room; prints what ledger, health and lists say each time
 */

import { appendFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { judgedExchange } from '../erasure-rig.ts';
import { KeptLog, sampleCompleted, sampleOpened } from '../sample-records.ts';
import { openLedger } from '../sqlite.ts';
import { openReadModel } from './read-model.ts';
import { contentOf } from './read-model-rig.ts';
import { indexFile } from './schema.ts';

const [action = '', url = ''] = process.argv.slice(2);
const TS = '2026-01-01T00:00:00.000Z';

const log = new KeptLog();
const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log });
let last = 0;
ledger.onCommit((seq) => {
  last = seq;
});
const model = openReadModel({ url, clock: systemClock, log, onCommit: (listener) => ledger.onCommit(listener) });

/** Waits while the reader of the pipe is behind. */
function say(value: unknown): void {
  for (;;) {
    try {
      writeSync(1, `${JSON.stringify(value)}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function logged(event: string): Promise<void> {
  return new Promise((resolve) => {
    const { write } = log;
    log.write = (level, written, fields) => {
      write.call(log, level, written, fields);
      if (written === event) resolve();
    };
  });
}

async function writeWithoutEnd(): Promise<never> {
  for (;;) {
    await judgedExchange(ledger, newId(), `team-${last % 5}`, TS);
    const [id, content] = [newId(), contentOf(['Words of a user.', `Words of answer ${last}.`])];
    await ledger.open(sampleOpened(id));
    await ledger.complete(sampleCompleted(id, { content_sha256: content.sha256 }), content, null);
    say({ index: model.position, ledger: last });
  }
}

const ids = async () => (await model.exchanges({}, { limit: 200 })).items.length;

async function fillDisk(): Promise<void> {
  for (let at = 0; at < 10; at += 1) await judgedExchange(ledger, `before-${at}`, 'team-a', TS);
  await model.caughtUp(last);
  say({ found: await ids(), health: model.health() });
  const filler = join(dirname(indexFile(url)), 'filler');
  takeAll(filler);
  const [failed, recovered] = [logged('index_failed'), logged('index_recovered')];
  // More than fits in the pages that the files have already.
  for (let at = 0; at < 100; at += 1) await judgedExchange(ledger, `full-${at}`, `client-${at}`, TS);
  await failed;
  say({ written: (await ledger.stats()).exchanges, ledger: ledger.health().ok, health: model.health(), head: last });
  // What is in the index can be read all the same.
  say({ readable: (await ids()) >= 10 });
  rmSync(filler);
  await recovered;
  await model.caughtUp(last);
  say({ found: await ids(), health: model.health() });
}

/** Every byte that the disk has left. */
function takeAll(filler: string): void {
  for (const size of [1 << 20, 1 << 12, 1]) {
    const chunk = Buffer.alloc(size);
    try {
      for (;;) appendFileSync(filler, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

if (action === 'write') {
  // Somebody looks: the index is never long at rest.
  model.onChange(() => undefined);
  await Promise.all(Array.from({ length: 4 }, writeWithoutEnd));
} else await fillDisk();
await model.close();
await ledger.close();
