/** Child process: the TLS origin of the bench, so that its CPU is nobody's. */

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { openAiHandler } from '../test/support/openai-origin.ts';
import { Origin } from '../test/support/origin.ts';

const ANSWER = 'A forward proxy stands between programs and the internet and sends their requests on. '.repeat(5);

const origin = await Origin.start({
  tls: {
    cert: readFileSync(process.env.ORIGIN_CERT ?? '', 'utf8'),
    key: readFileSync(process.env.ORIGIN_KEY ?? '', 'utf8'),
  },
  handler: async (seen, response, self) => {
    // The record of what was seen is for tests: over a long bench it would only grow.
    self.seen.length = 0;
    await answer(seen, response, self);
  },
});
const answer = openAiHandler({ script: () => ({ kind: 'reply', text: ANSWER }) });
process.stdout.write(`${JSON.stringify({ event: 'listening', port: origin.port })}\n`);
