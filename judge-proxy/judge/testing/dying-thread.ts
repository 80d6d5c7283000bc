/** A thread in place of the analysis, for tests: it dies of captures from one host and answers for all others. */

import { parentPort } from 'node:worker_threads';
import { failedAnalysis, type Task } from '../analysis-messages.ts';

parentPort?.on('message', (tasks: readonly Task[]) => {
  if (tasks.some(({ capture }) => capture.host === 'dies.invalid')) process.exit(1);
  parentPort?.postMessage(tasks.map(({ id }) => ({ id, analysis: { ...failedAnalysis(), api: 'answered' } })));
});
parentPort?.postMessage(null);
