/** Child process: a TLS origin that streams at the pace of a model: four tokens every 12.5 ms, 320 a second. */

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { openAiHandler } from '../test/support/openai-origin.ts';
import { Origin } from '../test/support/origin.ts';
import { PACED } from './paced.ts';

const origin = await Origin.start({
  tls: {
    cert: readFileSync(process.env.ORIGIN_CERT ?? '', 'utf8'),
    key: readFileSync(process.env.ORIGIN_KEY ?? '', 'utf8'),
  },
  handler: async (seen, response, self) => {
    self.seen.length = 0;
    const started = performance.now();
    // By the clock and not by a sleep between two events: a late timer must not slow the whole stream down.
    const gate = async (index: number) => {
      const due = started + index * PACED.everyMs - performance.now();
      if (due > 0) await after(due);
    };
    const text = seen.body.includes('leak') ? PACED.violating : PACED.clean;
    const script = () => ({ kind: 'reply', text, deltaLength: PACED.characters }) as const;
    await openAiHandler({ script, gate })(seen, response, self);
  },
});
process.stdout.write(`${JSON.stringify({ event: 'listening', port: origin.port })}\n`);
