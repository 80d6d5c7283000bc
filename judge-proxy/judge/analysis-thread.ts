/** The thread of the analyser: one capture after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import { analyseCapture } from './analyse.ts';
import { type FromThread, failedAnalysis, type Result, type Task, type ThreadSettings } from './analysis-messages.ts';
import type { Analysis } from './input.ts';
import { RULE_NAMES } from './rules/rule.ts';
import { ScanCache } from './rules/scan-cache.ts';

if (parentPort === null) throw new Error('the analysis thread must be started as a worker');
const port = parentPort;
const settings = workerData as ThreadSettings;

/** How long a result may wait for others. */
const TOGETHER_MS = 1;

const cache = new ScanCache();
const queue: Task[] = [];
let running = false;

port.on('message', (tasks: readonly Task[]) => {
  queue.push(...tasks);
  if (!running) void drain();
});

await warmUp();
post(null);

/** Results that are there leave together, but none waits long for a slow capture behind it. */
async function drain(): Promise<void> {
  running = true;
  let results: Result[] = [];
  let since = performance.now();
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    results.push({ id: task.id, analysis: await analyse(task) });
    if (queue.length > 0 && performance.now() - since < TOGETHER_MS) continue;
    post(results);
    results = [];
    since = performance.now();
  }
  running = false;
}

/** A defect of ours in one capture is that capture's failure. */
async function analyse(task: Task): Promise<Analysis> {
  const rules =
    task.judge === null ? undefined : Object.hasOwn(settings.judges, task.judge) && settings.judges[task.judge];
  try {
    return await analyseCapture(task.capture, {
      ...settings,
      rules: rules || RULE_NAMES,
      now: () => performance.now(),
      cache,
    });
  } catch {
    return failedAnalysis();
  }
}

function post(message: FromThread): void {
  port.postMessage(message);
}

/** Compiles what the first exchange would otherwise wait for. */
async function warmUp(): Promise<void> {
  const bytes = Buffer.from(
    JSON.stringify({
      model: 'warm-up',
      messages: [{ role: 'user', content: 'api_key: warm-up 4111 @ + ignore judge' }],
    }),
  );
  const body = {
    bytes,
    total: bytes.length,
    cut: null,
    ended: true,
    contentType: 'application/json',
    contentEncoding: null,
  };
  const capture = {
    exchangeId: 'warm-up',
    host: 'warm-up.invalid',
    method: 'POST',
    path: '/v1/chat/completions',
    status: 200,
    request: body,
    response: body,
    errorCode: null,
    clientAborted: false,
  };
  for (let i = 0; i < 50; i++) await analyse({ id: 0, judge: null, capture });
}
