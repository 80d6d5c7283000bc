/** Tells in the log that an old ledger is being migrated: a start that is silent for a minute looks like one that hangs. */

import type { Log } from '../telemetry/log.ts';
import type { Migration } from './migration.ts';

const EVERY_MS = 2_000;

export class MigrationProgress {
  readonly #file: string;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #began = 0;
  #version = '';

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  began({ from, to, records }: Migration): void {
    this.#version = `${from} to ${to}`;
    this.#began = performance.now();
    this.#log.write('info', 'ledger_migrating', { file: this.#file, version: this.#version, count: records });
    this.#timer = setInterval(() => this.#tell('ledger_migrating'), EVERY_MS);
  }

  /** The ledger was opened, or not: then the caller tells why. */
  ended(done: boolean): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    if (done) this.#tell('ledger_migrated');
  }

  #tell(event: string): void {
    const duration_ms = Math.round(performance.now() - this.#began);
    this.#log.write('info', event, { file: this.#file, version: this.#version, duration_ms });
  }
}
