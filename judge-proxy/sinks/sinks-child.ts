/**
 * A process that tests start and kill: `node sinks-child.ts LEDGER-URL RECEIVER-URL`. It judges exchanges without end, with
 * a sink beside them, and prints the position of each verdict that was committed.
 */

import { writeSync } from 'node:fs';
import process from 'node:process';
import { KeptLog, sampleCompleted, sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import { openLedger } from '../ledger/sqlite.ts';
import { newId, systemClock } from '../telemetry/clock.ts';
import { startSinks } from './sinks.ts';
import { sinkSettings } from './testing/sink-rig.ts';

const [url = '', receiver = ''] = process.argv.slice(2);
const log = new KeptLog();
const ledger = await openLedger({ url, durability: 'process', clock: systemClock, log });
await ledger.recover();
await startSinks({
  sinks: [sinkSettings(receiver, { batch: 7 })],
  ledgerUrl: url,
  ledger,
  limits: { dns: 5_000, connect: 5_000, tls_handshake: 5_000 },
  log,
  metrics: { sink: () => undefined },
});
for (;;) {
  const id = newId();
  await ledger.open(sampleOpened(id));
  const { seq } = await ledger.completeJudged(sampleCompleted(id), null, sampleVerdict(id, { verdict_id: newId() }));
  writeSync(1, `${seq}\n`);
}
