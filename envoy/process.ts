/**
 * One Envoy process: started in a process group of its own, its last words kept for diagnosis, stopped without leaving
 * an orphan, even when this process is killed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';
import { EnvoyError } from './errors.ts';
import { explainSpawn } from './version.ts';

const LAST_WORDS = 40;
const CHARACTERS_IN_A_LINE = 2_000;
/** Envoy answers SIGTERM within 30 to 70 ms (measured); a stopped or wedged one gets SIGKILL after this. */
const KILL_AFTER_MS = 5_000;

export interface ExitInfo {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its own log. */
  readonly output: string;
}

/** Where Envoy's own output goes. What has no stream is dropped. */
export interface LogSink {
  /** The access log, unless it goes to a file. */
  readonly stdout?: Writable | undefined;
  /** Envoy's own log. */
  readonly stderr?: Writable | undefined;
}

export class EnvoyProcess {
  readonly exited: Promise<ExitInfo>;
  readonly #child: ChildProcess;
  readonly #lastWords: string[] = [];
  #watcher: ChildProcess | null = null;

  private constructor(child: ChildProcess, sink: LogSink) {
    this.#child = child;
    this.#forward(child.stdout, sink.stdout);
    this.#forward(child.stderr, sink.stderr);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#remember(text));
    this.exited = new Promise((done) => {
      child.once('close', (code, signal) => {
        this.#watcher?.kill('SIGKILL');
        done({ code, signal, output: this.#lastWords.join('\n').trim() });
      });
    });
  }

  /**
   * Starts Envoy. `detached`: Ctrl-C in a terminal goes to a whole process group, and Envoy would cut every tunnel at
   * once, before its owner could drain.
   * @throws EnvoyError `cannot_run` when the binary does not start
   */
  static async start(binary: string, args: readonly string[], sink: LogSink): Promise<EnvoyProcess> {
    const child = spawn(binary, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    await new Promise<void>((done, fail) => {
      child.once('spawn', done);
      child.once('error', (error) => {
        fail(new EnvoyError('cannot_run', `${binary} does not run: ${explainSpawn(error)}`, { cause: error }));
      });
    });
    const envoy = new EnvoyProcess(child, sink);
    envoy.#watcher = watchOver(envoy.pid);
    return envoy;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it: SIGTERM, which cuts what is open, and SIGKILL if that is not heard. Resolves when it is gone. */
  async stop(): Promise<ExitInfo> {
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
    try {
      return await this.exited;
    } finally {
      clearTimeout(force);
    }
  }

  #forward(from: Readable | null, to: Writable | undefined): void {
    if (to) from?.pipe(to, { end: false });
    else from?.resume();
  }

  #remember(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.#lastWords.push((this.#lastWords.pop() ?? '') + first, ...rest);
    const surplus = this.#lastWords.length - LAST_WORDS;
    if (surplus > 0) this.#lastWords.splice(0, surplus);
    const last = this.#lastWords.length - 1;
    this.#lastWords[last] = (this.#lastWords[last] ?? '').slice(0, CHARACTERS_IN_A_LINE);
  }
}

/**
 * Ends Envoy when this process dies without ending it: a shell that reads a pipe whose other end only we hold. The kernel
 * closes our end whatever killed us. (PR_SET_PDEATHSIG would need a native call and exists on Linux alone.) Best effort:
 * there is no such shell on Windows, and whoever kills the shell too gets the orphan.
 */
function watchOver(pid: number): ChildProcess | null {
  if (process.platform === 'win32') return null;
  const script = 'read -r _; kill -TERM "$1"';
  const watcher = spawn('/bin/sh', ['-c', script, 'envoy-watcher', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.once('error', () => {});
  watcher.stdin?.once('error', () => {});
  watcher.unref();
  return watcher;
}
