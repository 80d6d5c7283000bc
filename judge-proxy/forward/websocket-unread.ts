/**
 * A WebSocket whose messages no format of ours reads: bytes pass as they come, and the connection is one exchange with
 * coverage `none`. Its text messages are copied as far as the limits go, so that the rules can look for secrets.
 */

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError } from '../errors.ts';
import type { Tap } from '../exchange/tap.ts';
import { type Agreed, MessageInflater, TimeBudget } from '../exchange/websocket-deflate.ts';
import { closePayload, FrameParser, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import { MessageAssembler } from '../exchange/websocket-messages.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { type PairEnd, SocketPair } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';

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
    const { limits, clock } = parts.exchange;
    const budget = new TimeBudget(limits.decode_time, () => clock.monotonic());
    const copy = (tap: Tap, masked: boolean, takeover: boolean | null) => {
      const inflater = takeover === null ? null : new MessageInflater(takeover, limits.websocket_message, budget);
      const parser = new FrameParser({ masked, rsv1: agreed !== null });
      return new MessageCopy(parser, new MessageAssembler(limits.websocket_message, inflater), tap);
    };
    const known = agreed === 'unknown' ? null : agreed;
    this.#up = copy(record.requestTap, true, known?.clientTakeover ?? null);
    this.#down = copy(record.responseTap, false, known?.serverTakeover ?? null);
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

/** Text messages of one side, a line each, until one cannot be read. */
class MessageCopy {
  readonly #parser: FrameParser;
  readonly #messages: MessageAssembler;
  readonly #tap: Tap;

  constructor(parser: FrameParser, messages: MessageAssembler, tap: Tap) {
    this.#parser = parser;
    this.#messages = messages;
    this.#tap = tap;
  }

  /** Whether a frame of ours may stand here. */
  get betweenMessages(): boolean {
    return this.#parser.betweenMessages;
  }

  push(chunk: Uint8Array): void {
    for (const piece of this.#parser.push(chunk)) {
      const message = piece.head.opcode < OPCODE.close ? this.#messages.push(piece) : null;
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
