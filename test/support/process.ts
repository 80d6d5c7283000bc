/** A child process whose JSON log lines are events to wait for. */

import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

export type LogLine = Readonly<Record<string, unknown>> & { readonly event?: string };

export class LoggedProcess {
  readonly lines: LogLine[] = [];
  /** What was no JSON, for failure messages. */
  readonly text: string[] = [];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #gone = false;

  constructor(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}, cwd?: string) {
    this.#child = spawn(process.execPath, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.exited = new Promise((done) => {
      this.#child.once('close', (code, signal) => {
        this.#gone = true;
        for (const check of this.#waiting) check();
        done({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The first line, past or future, that fits. Rejects when the process ends without it. */
  async line(fits: (line: LogLine) => boolean): Promise<LogLine> {
    let from = 0;
    let found: LogLine | undefined;
    await this.#until(() => {
      for (; from < this.lines.length && found === undefined; from += 1) {
        const line = this.lines[from];
        if (line !== undefined && fits(line)) found = line;
      }
      return found !== undefined;
    });
    return found as LogLine;
  }

  /** Resolves when a line that is no JSON, past or future, fits. */
  said(pattern: RegExp): Promise<void> {
    return this.#until(() => this.text.some((line) => pattern.test(line)));
  }

  event(name: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return this.line((line) => line.event === name && fits(line));
  }

  tail(): string {
    return [...this.lines.slice(-15).map((line) => JSON.stringify(line)), ...this.text.slice(-15)].join('\n');
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Looks again whenever something was said, and a last time when the process is gone. */
  #until(ready: () => boolean): Promise<void> {
    return new Promise((done, fail) => {
      const check = () => {
        if (!ready() && !this.#gone) return;
        this.#waiting.delete(check);
        if (ready()) done();
        else fail(new Error(`The process ended before what was waited for came. It said:\n${this.tail()}`));
      };
      this.#waiting.add(check);
      check();
    });
  }

  #take(text: string): void {
    if (text.startsWith('{')) {
      try {
        this.lines.push(JSON.parse(text) as LogLine);
      } catch {
        this.text.push(text);
      }
    } else {
      this.text.push(text);
    }
    for (const check of this.#waiting) check();
  }
}
