/** The thread of the analyser: one capture or window after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import { analyseCapture } from './analyse.ts';
import { type FromThread, failedResult, type Result, type Task, type ThreadSettings } from './analysis-messages.ts';
import { readWindow } from './read-window.ts';
import { RULE_NAMES, type RuleName } from './rules/rule.ts';
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
    results.push(await work(task));
    if (queue.length > 0 && performance.now() - since < TOGETHER_MS) continue;
    post(results);
    results = [];
    since = performance.now();
  }
  running = false;
}

/** A defect of ours in one piece of work is the failure of that piece. */
async function work(task: Task): Promise<Result> {
  const how = { ...settings, rules: rulesOf(task.judge), now: () => performance.now(), cache };
  try {
    switch (task.kind) {
      case 'capture':
        return { id: task.id, kind: 'capture', analysis: await analyseCapture(task.capture, how) };
      case 'window':
        return { id: task.id, kind: 'window', reading: readWindow(task, how) };
      default:
        return task satisfies never;
    }
  } catch {
    return failedResult(task);
  }
}

function rulesOf(judge: string | null): readonly RuleName[] {
  const known = judge !== null && Object.hasOwn(settings.judges, judge) ? settings.judges[judge] : undefined;
  return known ?? RULE_NAMES;
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
  for (let i = 0; i < 50; i++) await work({ id: 0, kind: 'capture', judge: null, capture });
}
