/** A real ledger, real sinks and real receivers on loopback, for tests. */

import { EventEmitter, on, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SinkConfig, sink } from '../../config/sinks.ts';
import type { CheckpointSettings } from '../../ledger/checkpoints.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { NewVerdict } from '../../ledger/records.ts';
import { KeptLog, sampleCompleted, sampleContent, sampleOpened, sampleVerdict } from '../../ledger/sample-records.ts';
import { openLedger } from '../../ledger/sqlite.ts';
import { newId, systemClock } from '../../telemetry/clock.ts';
import { type Sinks, startSinks } from '../sinks.ts';

export interface Received {
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export type Answer = { readonly status: number; readonly headers?: http.OutgoingHttpHeaders; readonly body?: string };

/** A receiver whose answers a test gives. */
export class Receiver {
  readonly requests: Received[] = [];
  readonly #events = new EventEmitter();
  readonly #server: http.Server;
  answer: (request: Received, index: number) => Answer | Promise<Answer> = () => ({ status: 204 });

  private constructor() {
    this.#server = http.createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const received = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      this.requests.push(received);
      const { status, headers = {}, body = '' } = await this.answer(received, this.requests.length - 1);
      response.writeHead(status, headers).end(body);
      this.#events.emit('request');
    });
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in`;
  }

  /** Resolves when a condition holds that only requests can make true. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    for await (const _ of on(this.#events, 'request')) if (holds()) return;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Settings of a sink as a config gives them. */
export function sinkSettings(url: string, changes: object = {}): SinkConfig {
  return sink.parse({ name: 'soc', type: 'webhook', url, rate: 1_000, allow_addresses: ['127.0.0.0/8'], ...changes });
}

export class SinkRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'sinks-'));
  readonly log = new KeptLog();
  readonly #changed = new EventEmitter();
  ledger!: Ledger;
  sinks!: Sinks;

  get url(): string {
    return `sqlite:${join(this.folder, 'ledger.db')}`;
  }

  /** @param checkpoints made as the program makes them; none unless given */
  async start(settings: readonly SinkConfig[], checkpoints?: CheckpointSettings): Promise<this> {
    const signed = checkpoints === undefined ? {} : { checkpoints };
    this.ledger = await openLedger({
      url: this.url,
      durability: 'process',
      clock: systemClock,
      log: this.log,
      ...signed,
    });
    this.sinks = await startSinks({
      sinks: settings,
      ledgerUrl: this.url,
      ledger: this.ledger,
      limits: { dns: 5_000, connect: 5_000, tls_handshake: 5_000 },
      log: this.log,
      metrics: { sink: () => this.#changed.emit('change') },
    });
    this.ledger.onCheckpoint((one) => this.sinks.checkpoint(one.ledger_id, one.size, JSON.stringify(one)));
    return this;
  }

  /** Resolves when a condition on rows holds; they tell of each change. */
  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    for await (const _ of on(this.#changed, 'change')) if (holds()) return;
  }

  /** One exchange with its verdict. @returns its id */
  async judged(changes: Partial<NewVerdict> = {}): Promise<string> {
    const id = newId();
    await this.ledger.open(sampleOpened(id));
    const content = sampleContent({ id });
    const completed = sampleCompleted(id, { content_sha256: content.sha256 });
    await this.ledger.completeJudged(completed, content, sampleVerdict(id, { verdict_id: newId(), ...changes }));
    return id;
  }

  async stop(): Promise<void> {
    await this.sinks.close();
    await this.ledger.close();
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}
