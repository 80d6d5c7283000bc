/** One judge proxy in this process, as a test sees it: ports, log lines to wait for, and its numbers. */

import { EventEmitter, on } from 'node:events';
import type { Verdict } from '../../judge-proxy/ledger/records.ts';
import type { RunningProxy } from '../../judge-proxy/main.ts';
import type { LogLine } from './process.ts';

export class RunningSettings {
  /** Set as soon as it has started. */
  proxy: RunningProxy | null = null;
  ledgerUrl = '';
  /** Log lines as written. */
  readonly text: string[] = [];
  readonly #lines: LogLine[] = [];
  readonly #written = new EventEmitter();

  /** The log's sink. */
  write(line: string): void {
    this.text.push(line);
    if (line.startsWith('{')) this.#lines.push(JSON.parse(line) as LogLine);
    this.#written.emit('line');
  }

  /** Port of the plain listener. */
  get port(): number {
    return this.proxy?.ports.plain ?? 0;
  }

  /** Port of the listener that asks for a client certificate. */
  get tlsPort(): number {
    return this.proxy?.ports.proxy ?? 0;
  }

  get adminPort(): number {
    return this.proxy?.ports.admin ?? 0;
  }

  /** The first line of the event that fits, past or future. */
  event(name: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return this.#find(0, (line) => line.event === name && fits(line));
  }

  /** The first line of the event from now on. */
  next(name: string): Promise<LogLine> {
    return this.#find(this.#lines.length, (line) => line.event === name);
  }

  /** The verdict on the request that carried this id. */
  async verdict(requestId: string): Promise<Verdict> {
    return (await this.event('verdict', (line) => line.client_request_id === requestId)) as unknown as Verdict;
  }

  /** Codes of all refusals so far. */
  codes(): unknown[] {
    return this.#lines.filter((line) => line.event === 'refused').map((line) => line.code);
  }

  /** Resolves when the metric has the value; asked again and again, because nobody tells when it changes. */
  async measured(metric: string, value: number): Promise<void> {
    const line = `\njudge_proxy_${metric} ${value}\n`;
    const page = async () => await (await fetch(`http://127.0.0.1:${this.adminPort}/metrics`)).text();
    while (!(await page()).includes(line));
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const { proxy } = this;
    this.proxy = null;
    await proxy?.close('test');
  }

  async #find(from: number, fits: (line: LogLine) => boolean): Promise<LogLine> {
    const written = on(this.#written, 'line');
    for (;;) {
      const found = this.#lines.slice(from).find(fits);
      if (found !== undefined) {
        await written.return?.();
        return found;
      }
      await written.next();
    }
  }
}
