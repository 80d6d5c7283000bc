/** A thread in place of the analysis, for tests: it dies of captures from one host and answers for all others. */

import { parentPort } from 'node:worker_threads';
import { failedAnalysis, type Result, type Task } from '../analysis-messages.ts';

parentPort?.on('message', (tasks: readonly Task[]) => {
  if (tasks.some((task) => task.kind === 'capture' && task.capture.host === 'dies.invalid')) process.exit(1);
  parentPort?.postMessage(tasks.map(answerTo));
});

function answerTo({ id, kind }: Task): Result {
  if (kind === 'window') return { id, kind, reading: { parts: [], rule_hits: [], complete: true } };
  return { id, kind, analysis: { ...failedAnalysis(), api: 'answered' } };
}

parentPort?.postMessage(null);
