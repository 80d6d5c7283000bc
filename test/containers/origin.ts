/** The origin of this suite, in a container of its own: every name of the network that a test asks for leads here. */

import { readFileSync } from 'node:fs';
import { openAiHandler } from '../support/openai-origin.ts';
import { Origin } from '../support/origin.ts';

await Origin.start({
  host: '0.0.0.0',
  port: 8443,
  tls: { cert: readFileSync('/origin/good.crt', 'utf8'), key: readFileSync('/origin/good.key', 'utf8') },
  handler: openAiHandler(),
});
