/**
 * A WebSocket whose messages no format of ours reads: bytes pass as they come, and the connection is one exchange with
 * coverage `none`. Its text messages are copied as far as the limits go, so that the rules can look for secrets.
 */

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError } from '../errors.ts';
import type { Tap } from '../exchange/tap.ts';
import type { Agreed } from '../exchange/websocket-deflate.ts';
import { closePayload, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { type PairEnd, SocketPair } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { type SideReader, sideReaders } from './websocket-readers.ts';

export class UnreadConnection {
  readonly #parts: WebSocketParts;
  readonly #record: ExchangeRecord;
  readonly #recorded: RecordedExchange;
  readonly #pair: SocketPair;
  readonly #over: () => void;
  readonly #up: MessageCopy;
  readonly #down: MessageCopy;
  #draining = false;
  #left = false;

  /**
   * Owns both sides from now on. The record is open.
   * @param agreed compression that both sides agreed on; `unknown`: frames cannot be read
   */
  constructor(
    parts: WebSocketParts,
    record: ExchangeRecord,
    recorded: RecordedExchange,
    agreed: Agreed | null | 'unknown',
    client: Duplex,
    origin: Duplex,
    over: () => void,
  ) {
    this.#parts = parts;
    this.#record = record;
    this.#recorded = recorded;
    this.#over = over;
    const { limits } = parts.exchange;
    const readers = sideReaders(agreed, parts.exchange);
    this.#up = new MessageCopy(readers.client, record.requestTap, limits.request_copy);
    this.#down = new MessageCopy(readers.origin, record.responseTap, limits.response_copy);
    this.#pair = new SocketPair(client, origin, limits.tunnel_idle, {
      fromClient: (chunk) => this.#fromClient(chunk),
      fromOrigin: (chunk) => this.#fromOrigin(chunk),
      clientEnded: () => this.#pair.endOrigin(),
      originEnded: () => this.#pair.endClient(),
      broken: () => {},
      closed: () => void this.#closed(),
    });
    this.#pair.start();
  }

  /** Closes with 1001 on both sides as soon as no message is under way. */
  drain(): void {
    this.#draining = true;
    this.#leaveBetweenMessages();
  }

  #fromClient(chunk: Buffer): void {
    if (this.#left) return;
    this.#up.push(chunk);
    this.#pair.toOrigin(chunk);
    if (this.#draining) this.#leaveBetweenMessages();
  }

  #fromOrigin(chunk: Buffer): void {
    if (this.#left) return;
    this.#down.push(chunk);
    this.#pair.toClient(chunk);
    if (this.#draining) this.#leaveBetweenMessages();
  }

  #leaveBetweenMessages(): void {
    if (this.#left || !this.#up.betweenMessages || !this.#down.betweenMessages) return;
    this.#left = true;
    const payload = closePayload(1001, 'shutting_down');
    this.#pair.toOrigin(writeFrame(OPCODE.close, payload, randomBytes(4)));
    this.#pair.toClient(writeFrame(OPCODE.close, payload, null));
    this.#pair.leave();
  }

  async #closed(): Promise<void> {
    for (const side of [this.#up, this.#down]) side.release();
    const error = errorOf(this.#pair.end);
    this.#record.requestEnded = true;
    this.#record.responseEnded = true;
    const summary = this.#record.summary(error === null ? 'complete' : 'origin_failed', error, this.#recorded);
    this.#parts.concluded({ ...summary, bytesUp: this.#pair.bytesUp, bytesDown: this.#pair.bytesDown });
    const end = this.#record.end(summary);
    const { bytesUp, bytesDown } = this.#pair;
    await this.#recorded.finish({
      ...end,
      request: { ...end.request, total: bytesUp },
      response: { ...end.response, total: bytesDown },
    });
    this.#record.release();
    this.#over();
  }
}

/** Text messages of one side, a line each, until one cannot be read or there are enough. */
class MessageCopy {
  readonly #reader: SideReader;
  readonly #tap: Tap;
  readonly #most: number;

  constructor(reader: SideReader, tap: Tap, most: number) {
    this.#reader = reader;
    this.#tap = tap;
    this.#most = most;
  }

  /** Whether a frame of ours may stand here. */
  get betweenMessages(): boolean {
    return this.#reader.parser.betweenMessages;
  }

  release(): void {
    this.#reader.messages.release();
  }

  push(chunk: Uint8Array): void {
    const { parser, messages } = this.#reader;
    for (const piece of parser.push(chunk)) {
      if (piece.head.opcode >= OPCODE.close || this.#tap.total > this.#most) continue;
      const message = messages.push(piece);
      if (message === null || !message.text) continue;
      this.#tap.push(message.bytes);
      this.#tap.push(LINE_END);
    }
  }
}

const LINE_END = Uint8Array.of(0x0a);

function errorOf(end: PairEnd): ProxyError | null {
  if (end === 'idle') return new ProxyError('origin_timeout');
  return end === 'origin_reset' ? new ProxyError('origin_reset') : null;
}
