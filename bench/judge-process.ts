/** Child process: the judge model of the bench. Answers by fixed patterns, after the milliseconds that its path names. */

import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { judgeModelHandler } from '../test/support/judge-model.ts';
import { Origin } from '../test/support/origin.ts';

const judge = judgeModelHandler();
const origin = await Origin.start({
  handler: async (seen, response, self) => {
    self.seen.length = 0;
    const delay = Number(/^\/after\/(\d+)\//.exec(seen.url)?.[1] ?? 0);
    if (delay > 0) await after(delay);
    await judge(seen, response, self);
  },
});
process.stdout.write(`${JSON.stringify({ event: 'listening', port: origin.port })}\n`);
