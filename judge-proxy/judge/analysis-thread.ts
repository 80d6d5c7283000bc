/** The thread of the analyser: one capture or window after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Capture } from '../exchange/capture.ts';
import { KnownLiterals } from '../exchange/known-literals.ts';
import { type AnalysisSettings, analyseWithSecrets } from './analyse.ts';
import { type FromThread, failedResult, type Result, type Task, type ThreadSettings } from './analysis-messages.ts';
import { createDetectors } from './detectors.ts';
import type { Analysis, WindowReading, WindowTask } from './input.ts';
import { JsonSecrets } from './json-secrets.ts';
import { readWindow } from './read-window.ts';
import { RULE_NAMES, type RuleName } from './rules/rule.ts';
import { ScanCache } from './rules/scan-cache.ts';
import { createSeal } from './seal.ts';
import { WindowMemory } from './window-memory.ts';

if (parentPort === null) throw new Error('the analysis thread must be started as a worker');
const port = parentPort;
const settings = workerData as ThreadSettings;

/** How long a result may wait for others. */
const TOGETHER_MS = 1;

const cache = new ScanCache();
const literals = new KnownLiterals();
const memory = new WindowMemory();
const detectors = createDetectors(settings.detectors);
const seal = createSeal(settings.recipients);
const { hmacKey, decodedCopy, decodeMs, ruleMs } = settings;
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
  const common = { hmacKey, decodedCopy, decodeMs, ruleMs, detectors, cache, literals, now: () => performance.now() };
  const how = { ...common, rules: rulesOf(task.judge), ...(seal === null ? {} : { seal }) };
  try {
    switch (task.kind) {
      case 'capture':
        return { id: task.id, kind: 'capture', analysis: await analyse(task.capture, how) };
      case 'window':
        return { id: task.id, kind: 'window', reading: readNext(task, how) };
      default:
        return task satisfies never;
    }
  } catch {
    return failedResult(task);
  }
}

async function analyse(capture: Capture, how: AnalysisSettings): Promise<Analysis> {
  const { exchangeId, beforeWindows } = capture;
  // Whatever becomes of it, no window of it comes any more.
  if (beforeWindows !== true) memory.delete(exchangeId);
  const { analysis, secrets } = await analyseWithSecrets(capture, how);
  if (beforeWindows === true) memory.set(exchangeId, { secrets, stream: new JsonSecrets(detectors.paths) });
  return analysis;
}

/** null for a window of a request that this thread does not know any more: its secrets could not be told. */
function readNext(task: WindowTask, how: AnalysisSettings): WindowReading | null {
  const before = memory.get(task.exchangeId);
  return task.afterRequest === true && before === null ? null : readWindow(task, how, before);
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
