/**
 * A WebSocket that speaks OpenAI Responses: both directions read beside the bytes that pass, one exchange for each
 * response, whichever lane it is on. What cannot be read is one exchange for the rest of the connection, with coverage
 * `none`; where the route holds back, it is `on_judge_failure` that decides whether such a rest passes.
 */

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Envelope } from '../apis/openai-responses-websocket-envelope.ts';
import { Lanes, type Slot } from '../apis/openai-responses-websocket-lanes.ts';
import { isPlain } from '../apis/openai-responses-websocket-session.ts';
import { ProxyError } from '../errors.ts';
import type { Agreed } from '../exchange/websocket-deflate.ts';
import { closePayload, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import type { Message } from '../exchange/websocket-messages.ts';
import { DownSide } from './websocket-down.ts';
import { errorEvent, eventFrame } from './websocket-events.ts';
import { LaneExchanges } from './websocket-exchanges.ts';
import type { Clearance, LaneExchange } from './websocket-lane.ts';
import { type PairEnd, SocketPair } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { sideReaders } from './websocket-readers.ts';
import { UpSide } from './websocket-up.ts';

/** Requests without an answer on one connection; above it the client is not read. */
const MAX_OPEN = 256;
export class ResponsesConnection {
  readonly #parts: WebSocketParts;
  readonly #pair: SocketPair;
  readonly #up: UpSide;
  readonly #down: DownSide;
  readonly #lanes = new Lanes();
  readonly #exchanges: LaneExchanges;
  readonly #over: () => void;
  /** Nothing, or nothing more, can be attributed to responses. */
  #rest: LaneExchange | null = null;
  #clientClosing = false;
  /** Bytes of the client that wait for a record or a verdict. */
  #waitingUp = 0;
  #draining = false;
  #left = false;
  readonly #gated: boolean;
  readonly #clientTakeover: boolean;
  readonly #pausing = new Set<LaneExchange>();

  /**
   * Owns both sides from now on.
   * @param agreed compression that both sides agreed on
   * @param over called once, when both are closed and everything is recorded
   */
  constructor(parts: WebSocketParts, client: Duplex, origin: Duplex, agreed: Agreed | null, over: () => void) {
    this.#parts = parts;
    this.#over = over;
    const { limits, clock } = parts.exchange;
    const { mode, hold_request } = parts.target.route;
    this.#gated = mode !== 'observe';
    this.#clientTakeover = agreed?.clientTakeover === true;
    const ordered = !hold_request;
    const { client: fromClient, origin: fromOrigin } = sideReaders(agreed, limits, clock);
    this.#exchanges = this.#newExchanges();
    this.#pair = new SocketPair(client, origin, limits.tunnel_idle, {
      fromClient: (chunk) => this.#left || this.#up.take(chunk),
      fromOrigin: (chunk) => this.#left || this.#down.take(chunk),
      clientEnded: () => this.#clientEnded(),
      originEnded: () => this.#originEnded(),
      broken: (end) => this.#broken(end),
      closed: () => void this.#exchanges.settled().then(() => this.#closed()),
    });
    this.#up = new UpSide(fromClient, {
      send: (bytes) => this.#pair.toOrigin(bytes),
      message: (envelope, message) => this.#asked(envelope, message, ordered),
      unreadable: () => this.#unreadable(),
      closing: () => {
        this.#clientClosing = true;
      },
      waiting: (bytes) => this.#upWaits(bytes),
    });
    this.#down = new DownSide(fromOrigin, this.#gated, {
      send: (bytes) => void this.#pair.toClient(bytes),
      message: (envelope, message, frames) => this.#answered(envelope, message, frames),
      unreadable: () => this.#downUnreadable(),
      closing: () => this.#exchanges.endAll(this.#clientClosing ? 'client_closed' : 'origin_closed', false),
      waiting: (waits) => this.#downWaits(waits),
    });
    this.#pair.start();
  }

  /** Lets responses under way end, then closes with 1001 on both sides. */
  drain(): void {
    this.#draining = true;
    this.#leaveWhenIdle();
  }

  // Client to origin

  #asked(
    envelope: Envelope | null,
    message: Message,
    ordered: boolean,
  ): { wait: Promise<Clearance> | null; turn: string } {
    const step = this.#lanes.client(envelope);
    const turn = ordered ? '' : (envelope?.lane ?? '');
    switch (step.kind) {
      case 'opens': {
        const exchange = this.#exchanges.beginFor(step.slot);
        return { wait: this.#clear(exchange, message, step.slot), turn };
      }
      case 'joins': {
        const exchange = this.#exchanges.of(step.slot);
        if (exchange === null || exchange.over) return { wait: this.#stranger(message, envelope), turn };
        if (exchange.holdsRequest) return { wait: this.#alone(message, envelope), turn };
        exchange.request(message.bytes, message.cut);
        return { wait: exchange.clear(), turn };
      }
      case 'stranger':
        return { wait: this.#stranger(message, envelope), turn };
      default:
        return step satisfies never;
    }
  }

  async #clear(exchange: LaneExchange, message: Message, slot: Slot): Promise<Clearance> {
    const clearance = await this.#held(exchange, message);
    if (clearance === 'send') return clearance;
    this.#forget(slot);
    // What the client compresses from now on refers to a message that the origin does not have.
    if (this.#clientTakeover) this.#leave(1013, 'request_dropped');
    return clearance;
  }

  /** More input for a response whose first was judged already: judged on its own. */
  async #alone(message: Message, envelope: Envelope | null): Promise<Clearance> {
    const exchange = this.#exchanges.begin(envelope?.lane ?? null);
    const clearance = await this.#held(exchange, message);
    if (clearance === 'send') void exchange.finish('complete', null);
    return clearance;
  }

  /** Waits until the message may go; what waits for a verdict counts as held, and what finds no room is not judged whole. */
  async #held(exchange: LaneExchange, { bytes, cut }: Message): Promise<Clearance> {
    const { held } = this.#parts.exchange;
    const room = exchange.holdsRequest && held.take(bytes.length);
    exchange.request(bytes, cut || (exchange.holdsRequest && !room));
    try {
      return await exchange.clear();
    } finally {
      if (room) held.give(bytes.length);
    }
  }

  /** A message that we cannot attribute: what it is about is not judged. */
  #stranger(message: Message, envelope: Envelope | null): Promise<Clearance> {
    const { requestId } = this.#parts;
    if (this.#blocksUnjudged) {
      this.#say(envelope?.lane ?? null, errorEvent(new ProxyError('judge_unavailable'), requestId()));
      return Promise.resolve('drop');
    }
    this.#openRest().request(message.bytes, message.cut);
    return this.#restInLedger();
  }

  #unreadable(): Promise<Clearance> {
    this.#cutShort();
    this.#down.stopReading();
    if (this.#blocksUnjudged) {
      this.#refuseRest();
      return Promise.resolve('drop');
    }
    this.#openRest();
    return this.#restInLedger();
  }

  async #restInLedger(): Promise<Clearance> {
    const clearance = await this.#openRest().inLedger();
    if (clearance === 'drop') this.#leave(1013, 'ledger_unavailable');
    return clearance;
  }

  #upWaits(bytes: number): void {
    this.#waitingUp = bytes;
    const { websocket_message } = this.#parts.exchange.limits;
    if (bytes > websocket_message || this.#lanes.size > MAX_OPEN) this.#pair.hold('client', 'record');
    else this.#pair.readOn('client', 'record');
  }

  // Origin to client

  #answered(envelope: Envelope | null, message: Message, frames: Uint8Array | null): Promise<void> | null {
    const step = this.#lanes.server(envelope, () => isPlain(message.bytes));
    if (step.superseded !== null) this.#superseded(step.superseded);
    if (step.slot === null) {
      if (step.session || !this.#blocksUnjudged) this.#passBeside(message, frames, step.session);
      return null;
    }
    const exchange = step.opens ? this.#exchanges.beginFor(step.slot) : this.#exchanges.of(step.slot);
    const ungated = step.session && frames !== null;
    if (ungated) this.#down.insert(frames);
    exchange?.event(message.bytes, ungated ? null : frames, envelope?.status ?? null);
    if (message.cut) exchange?.truncated();
    return step.ends ? this.#exchanges.complete(step.slot) : null;
  }

  /** What is of no response. Words in it are kept as unread: nobody knows whose they are. */
  #passBeside({ bytes }: Message, frames: Uint8Array | null, session: boolean): void {
    if (!session) this.#openRest().event(bytes, null, null);
    if (frames !== null) this.#down.insert(frames);
  }

  #superseded(slot: Slot): void {
    this.#exchanges.of(slot)?.truncated();
    void this.#exchanges.complete(slot);
  }

  #downWaits(waits: boolean): void {
    if (waits) {
      this.#pair.hold('origin', 'record');
      return;
    }
    this.#pair.readOn('origin', 'record');
    this.#leaveWhenIdle();
  }

  #downUnreadable(): Promise<void> | 'pass' | 'drop' {
    this.#cutShort();
    if (this.#blocksUnjudged) {
      this.#refuseRest();
      return 'drop';
    }
    this.#openRest();
    this.#up.stopReading();
    return this.#gated ? this.#exchanges.settled() : 'pass';
  }

  // Both

  get #blocksUnjudged(): boolean {
    return (this.#gated || this.#parts.target.route.hold_request) && this.#parts.failurePolicy === 'block';
  }

  #newExchanges(): LaneExchanges {
    const connection = {
      send: (frame: Uint8Array) => this.#down.insert(frame),
      say: (lane: string | null, event: string) => this.#say(lane, event),
      pauseOrigin: (exchange: LaneExchange) => {
        this.#pausing.add(exchange);
        this.#pair.hold('origin', 'gate');
      },
      resumeOrigin: (exchange: LaneExchange) => {
        if (this.#pausing.delete(exchange) && this.#pausing.size === 0) this.#pair.readOn('origin', 'gate');
      },
      concluded: this.#parts.concluded,
    };
    return new LaneExchanges(this.#parts, connection, () => this.#freed());
  }

  #openRest(): LaneExchange {
    this.#rest ??= this.#exchanges.unlisted();
    return this.#rest;
  }

  /** What is open cannot be followed to its end. */
  #cutShort(): void {
    for (const slot of this.#exchanges.cutShort()) this.#lanes.drop(slot);
  }

  #refuseRest(): void {
    this.#leave(1008, 'judge_unavailable');
  }

  #forget(slot: Slot): void {
    this.#lanes.drop(slot);
    this.#exchanges.forget(slot);
    this.#freed();
  }

  #freed(): void {
    this.#upWaits(this.#waitingUp);
    this.#leaveWhenIdle();
  }

  /** An event of ours, on the lane of whoever waits for it. */
  #say(lane: string | null, event: string): void {
    this.#down.insert(eventFrame(event, lane));
  }

  // Ends

  #clientEnded(): void {
    this.#up.end(() => this.#pair.endOrigin());
  }

  #originEnded(): void {
    const end = this.#clientClosing ? 'client_closed' : 'origin_closed';
    void this.#exchanges.endAll(end, false).then(() => this.#down.end(() => this.#pair.endClient()));
  }

  #broken(end: PairEnd): void {
    const clientGone = end === 'client_closed' || end === 'client_reset' || this.#clientClosing;
    void this.#exchanges.endAll(clientGone ? 'client_closed' : end, clientGone);
  }

  async #closed(): Promise<void> {
    if (this.#rest !== null) {
      this.#rest.passed(this.#pair.bytesUp, this.#pair.bytesDown);
      await this.#rest.finish('complete', null);
    }
    this.#over();
  }

  #leaveWhenIdle(): void {
    if (this.#draining && this.#exchanges.idle && this.#down.settled && this.#rest === null)
      this.#leave(1001, 'shutting_down');
  }

  /** Closes both sides by the protocol; what comes now is not read. */
  #leave(code: number, reason: string): void {
    if (this.#left) return;
    const payload = closePayload(code, reason);
    if (this.#up.betweenMessages) this.#pair.toOrigin(writeFrame(OPCODE.close, payload, randomBytes(4)));
    if (this.#down.betweenMessages) this.#pair.toClient(writeFrame(OPCODE.close, payload, null));
    this.#left = true;
    this.#pair.leave();
  }
}
