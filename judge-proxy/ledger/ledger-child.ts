/**
 * A process that tests start and kill: `node ledger-child.ts ACTION URL`. It prints one line for each event, written at
 * once, so that nothing that was acknowledged is lost with the process.
 *
 *     hold       opens the ledger for writing and waits                       prints `ready`
 *     write      exchanges without end, several at a time                     prints `opened ID`, `request ID`, …
 *     erase      exchanges of two clients, then erases one of them            prints `erasing`, then `step` for each commit
 *     fill-disk  writes until the disk is full, makes room, writes again      prints what each write came to
 */

import { appendFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { ProxyError } from '../errors.ts';
import { newId, systemClock } from '../telemetry/clock.ts';
import { judgedExchange, order } from './erasure-rig.ts';
import type { Ledger } from './ledger.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from './sample-records.ts';
import { openLedger } from './sqlite.ts';
import { ledgerFile } from './sqlite-file.ts';

const [action = '', url = ''] = process.argv.slice(2);

/** Waits while the reader of the pipe is behind: the line must be out before anything else happens. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const log = new KeptLog();

const ACTIONS: Readonly<Record<string, (ledger: Ledger) => Promise<void>>> = {
  async hold() {
    say('ready');
    await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  },

  async write(ledger) {
    await Promise.all(Array.from({ length: 4 }, () => exchangesWithoutEnd(ledger)));
  },

  async erase(ledger) {
    const clients = ['team-gone', 'team-stays'];
    for (let n = 0; n < 200; n += 1) {
      await judgedExchange(ledger, `exchange-${n}`, clients[n % 2] ?? '', '2026-01-01T00:00:00.000Z');
    }
    say('erasing');
    ledger.onCommit(() => say('step'));
    await ledger.erase(order('metadata', { kind: 'client', client: 'team-gone' }));
    say('erased');
    await new Promise((resolve) => process.stdin.once('end', resolve).resume());
  },

  async 'fill-disk'(ledger) {
    await ledger.open(sampleOpened('before'));
    const filler = join(dirname(ledgerFile(url)), 'filler');
    fill(filler);
    // Pages that the files have already can still be used: a record larger than they are cannot fit.
    say(await outcomeOf(ledger.open(sampleOpened('big', { path: 'x'.repeat(1_000_000) }))));
    say(JSON.stringify(ledger.health()));
    rmSync(filler);
    say(await outcomeOf(ledger.open(sampleOpened('after'))));
    say(JSON.stringify(ledger.health()));
    say(JSON.stringify(log.lines.map(({ event, fields }) => [event, fields.cause, fields.count])));
    say(JSON.stringify(await ledger.stats()));
  },
};

async function exchangesWithoutEnd(ledger: Ledger): Promise<never> {
  for (;;) {
    const id = newId();
    await ledger.open(sampleOpened(id));
    say(`opened ${id}`);
    const content = sampleContent({ id, text: 'x'.repeat(2_000) });
    const completed = sampleCompleted(id, { content_sha256: content.sha256 });
    if (Math.random() < 0.5 && (await requestIsRefused(ledger, id))) {
      await ledger.complete({ ...completed, outcome: 'blocked' }, content, null);
      say(`completed ${id}`);
      continue;
    }
    if (Math.random() < 0.5) {
      await ledger.completeJudged(completed, content, sampleVerdict(id, { verdict_id: newId() }));
      say(`completed ${id}`);
      say(`judged ${id}`);
      continue;
    }
    await ledger.complete(completed, content, { exchange_id: id, judge: 'default' });
    say(`completed ${id}`);
    for (const job of await ledger.takeJobs(1, 60_000)) {
      await ledger.finishJob(job.job_id, sampleVerdict(job.exchange_id, { verdict_id: newId() }));
      say(`judged ${job.exchange_id}`);
    }
  }
}

/** Judges the request alone: every other one is refused. */
async function requestIsRefused(ledger: Ledger, id: string): Promise<boolean> {
  const action = Math.random() < 0.5 ? 'blocked' : 'allowed';
  await ledger.verdict(sampleVerdict(id, { verdict_id: newId(), subject: 'request', action }));
  say(`request ${id}`);
  return action === 'blocked';
}

/** Takes every byte that the disk has left. */
function fill(filler: string): void {
  for (const size of [1 << 20, 1 << 12, 1]) {
    const chunk = Buffer.alloc(size);
    try {
      for (;;) appendFileSync(filler, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

async function outcomeOf(write: Promise<void>): Promise<string> {
  try {
    await write;
    return 'committed';
  } catch (error) {
    return error instanceof ProxyError ? `${error.code} ${error.reason}` : String(error);
  }
}

const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log });
await ACTIONS[action]?.(ledger);
await ledger.close();
