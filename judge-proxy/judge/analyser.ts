/**
 * Runs the analysis off the event loop, in one thread: text that is slow to read delays other analyses, and with them
 * the last byte of their exchanges, but no byte before it. The thread holds a few captures at a time; if it dies or hangs, those few are recorded as not
 * analysed, and a new thread goes on with the rest.
 */

import { Worker } from 'node:worker_threads';
import type { Capture, CapturedBody } from '../exchange/capture.ts';
import {
  type FromThread,
  failedAnalysis,
  failedResult,
  type Result,
  type Task,
  type ThreadSettings,
  type Work,
} from './analysis-messages.ts';
import type { DetectorConfig } from './detectors.ts';
import type { Analyser, Analysis, WindowReading, WindowTask } from './input.ts';
import type { RuleName } from './rules/rule.ts';

export interface AnalyserOptions {
  readonly limits: {
    /** Most bytes of a copy after its content coding is undone. */
    readonly decoded_copy: number;
    /** Milliseconds to undo the content coding of one copy. */
    readonly decode_time: number;
  };
  /** Judges by name: which rules give hits. */
  readonly judges: Readonly<Record<string, { readonly rules: readonly RuleName[] }>>;
  /** Random, of this process: keys the tokens that stand for secrets. */
  readonly hmacKey: Uint8Array;
  /** What else is a secret; nothing unless given. */
  readonly redaction?: DetectorConfig;
  /** Who can open what is sealed; nobody unless given, and nothing is. */
  readonly sealing?: { readonly recipients: readonly string[] };
  /** Captures that may wait; above it one is recorded as not analysed. The copy budget bounds their bytes. */
  readonly backlog?: number;
  /** Milliseconds after which a thread that answers nothing is replaced. */
  readonly hangMs?: number;
  /** File of the thread: another only in tests. */
  readonly thread?: URL;
  /** Called when a thread had to be replaced, for log and metrics. */
  readonly onRestart?: (reason: 'crashed' | 'hung') => void;
}

const THREAD = new URL('./analysis-thread.ts', import.meta.url);
/** Milliseconds for each rule on one exchange: measured, 4 MiB of prose take under 60 for the slowest rule. */
const RULE_MS = 250;
/** Captures that the thread holds at one time: enough to keep it busy, few enough to lose. */
const IN_FLIGHT = 8;
const BACKLOG = 2_000;
/** Above what decoding and three rules may take for every capture that the thread holds. */
const HANG_MS = 15_000;
/** Pause before another thread is tried when one did not start. */
const RESTART_MS = 1_000;

export interface StartedAnalyser extends Analyser {
  /** Resolves when the thread is warm; analyses asked for before simply wait. Rejects when it does not start. */
  readonly ready: Promise<void>;
}

/** @returns the analyser, started; `analyse` never rejects */
export function createAnalyser(options: AnalyserOptions): StartedAnalyser {
  return new ThreadAnalyser(options);
}

interface Waiting {
  readonly task: Task;
  readonly resolve: (result: Result) => void;
}

class ThreadAnalyser implements StartedAnalyser {
  readonly #options: AnalyserOptions;
  readonly #settings: ThreadSettings;
  #worker: Worker;
  readonly #queue: Waiting[] = [];
  readonly #held = new Map<number, Waiting>();
  #nextId = 1;
  #flushing = false;
  #closed = false;
  #watchdog: NodeJS.Timeout | null = null;
  readonly #ready = Promise.withResolvers<void>();
  /** The thread that answered that it is ready, if it still lives. */
  #warm: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  readonly #whenLess: (() => void)[] = [];

  constructor(options: AnalyserOptions) {
    this.#options = options;
    this.#settings = {
      judges: Object.fromEntries(Object.entries(options.judges).map(([name, { rules }]) => [name, rules])),
      decodedCopy: options.limits.decoded_copy,
      decodeMs: options.limits.decode_time,
      ruleMs: RULE_MS,
      hmacKey: options.hmacKey,
      detectors: options.redaction ?? { patterns: [], json_paths: [] },
      recipients: options.sealing?.recipients ?? [],
    };
    this.#worker = this.#start();
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  async analyse(capture: Capture, judge: string | null): Promise<Analysis> {
    const result = await this.#do({ kind: 'capture', judge, capture });
    return result.kind === 'capture' ? result.analysis : failedAnalysis();
  }

  async readWindow(window: WindowTask): Promise<WindowReading | null> {
    const result = await this.#do({ kind: 'window', ...window });
    return result.kind === 'window' ? result.reading : null;
  }

  #do(work: Work): Promise<Result> {
    const task: Task = { ...work, id: this.#nextId++ };
    if (this.#closed || this.#queue.length >= (this.#options.backlog ?? BACKLOG))
      return Promise.resolve(failedResult(task));
    return new Promise((resolve) => {
      // A window is small, and its client waits in the middle of a stream: it goes before captures.
      if (task.kind === 'window') this.#queue.unshift({ task, resolve });
      else this.#queue.push({ task, resolve });
      this.#flushSoon();
    });
  }

  /** What waits is still analysed; what comes later is not. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#held.size > 0 || this.#queue.length > 0) {
      await new Promise<void>((resolve) => this.#whenLess.push(resolve));
    }
    this.#disarm();
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#options.thread ?? THREAD, {
      workerData: this.#settings,
      name: 'analysis',
      // Nothing of the environment is needed, and what is not there cannot leak.
      env: {},
      // No resourceLimits: a heap that reaches its limit in the thread aborts the whole process (measured, Node 26.10:
      // the second failure comes while the thread is cleaned up). The caps on copies bound memory instead.
    });
    worker.on('message', (message: FromThread) => this.#receive(worker, message));
    // `exit` follows `error`, so one of the two is enough to react to.
    worker.on('error', () => undefined);
    worker.on('exit', () => this.#replace(worker, 'crashed'));
    return worker;
  }

  /** All captures of one turn of the event loop go in one message: waking the thread costs more than a capture. */
  #flushSoon(): void {
    if (this.#flushing || this.#held.size >= IN_FLIGHT) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    // No thread lives that would answer; the next one takes what waits.
    if (this.#restart !== null) return;
    const tasks: Task[] = [];
    const transfer: ArrayBuffer[] = [];
    while (this.#held.size < IN_FLIGHT) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      const { task } = waiting;
      this.#held.set(task.id, waiting);
      tasks.push(task.kind === 'capture' ? { ...task, capture: movable(task.capture, transfer) } : task);
    }
    if (tasks.length === 0) return;
    this.#worker.ref();
    try {
      this.#worker.postMessage(tasks, transfer);
    } catch {
      // A buffer that is gone already: only a defect of ours can hand one over, and it must not end the process.
      for (const task of tasks) this.#settle(failedResult(task));
    }
    this.#arm();
  }

  #receive(worker: Worker, message: FromThread): void {
    if (worker !== this.#worker) return;
    if (message === null) {
      this.#warm = worker;
      this.#ready.resolve();
    } else {
      this.#disarm();
      for (const result of message) this.#settle(result);
    }
    this.#goOn();
  }

  #settle(result: Result): void {
    this.#held.get(result.id)?.resolve(result);
    this.#held.delete(result.id);
  }

  #goOn(): void {
    this.#flush();
    if (this.#held.size > 0) this.#arm();
    else if (this.#warm === this.#worker) this.#worker.unref();
    for (const resolve of this.#whenLess.splice(0)) resolve();
  }

  /**
   * The captures that the thread held cannot be told apart: any of them may be the one that it died of. A thread that
   * never became ready is no capture's fault: the next one is tried after a pause, and at start the owner is told.
   */
  #replace(worker: Worker, reason: 'crashed' | 'hung'): void {
    if (worker !== this.#worker || (this.#closed && this.#held.size === 0 && this.#queue.length === 0)) return;
    const wasWarm = this.#warm === worker;
    this.#disarm();
    this.#warm = null;
    for (const { task, resolve } of this.#held.values()) resolve(failedResult(task));
    this.#held.clear();
    this.#options.onRestart?.(reason);
    void worker.terminate();
    if (wasWarm) {
      this.#worker = this.#start();
      this.#goOn();
      return;
    }
    this.#ready.reject(new Error('the analysis thread does not start'));
    for (const { task, resolve } of this.#queue.splice(0)) resolve(failedResult(task));
    for (const resolve of this.#whenLess.splice(0)) resolve();
    this.#restart ??= setTimeout(() => {
      this.#restart = null;
      this.#worker = this.#start();
    }, RESTART_MS).unref();
  }

  /** A thread that is still starting is not hanging. */
  #arm(): void {
    if (this.#warm !== this.#worker) return;
    this.#watchdog ??= setTimeout(() => this.#replace(this.#worker, 'hung'), this.#options.hangMs ?? HANG_MS);
  }

  #disarm(): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = null;
  }
}

/** The capture with its copies in buffers of their own, listed for transfer: a pool's buffer must not leave. */
function movable(capture: Capture, transfer: ArrayBuffer[]): Capture {
  return { ...capture, request: moved(capture.request, transfer), response: moved(capture.response, transfer) };
}

function moved(body: CapturedBody, transfer: ArrayBuffer[]): CapturedBody {
  const { bytes } = body;
  // A view is cloned with its whole buffer: a small body out of a pool would take the pool along.
  if (bytes.byteLength !== bytes.buffer.byteLength) return { ...body, bytes: new Uint8Array(bytes) };
  if (bytes.byteLength >= TRANSFER_FROM && bytes.buffer instanceof ArrayBuffer) transfer.push(bytes.buffer);
  return body;
}

/** Below this a copy is cheaper than a transfer. */
const TRANSFER_FROM = 16_384;
