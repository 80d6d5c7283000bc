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
import type { LaneExchange } from './websocket-lane.ts';
import type { Clearance } from './websocket-lane-contract.ts';
import { type PairEnd, SocketPair } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { sideReaders } from './websocket-readers.ts';
import { LaneRequests } from './websocket-requests.ts';
import { recordUnasked } from './websocket-unasked.ts';
import { UpSide } from './websocket-up.ts';

/** Requests without an answer on one connection; above it the client is not read. */
const MAX_OPEN = 256;
/** Above it, responses that nobody asked for are not told apart. */
const MAX_UNASKED = 2 * MAX_OPEN;

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
  readonly #since: number;
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
    const { mode, hold_request: holdsRequests } = parts.target.route;
    this.#since = clock.monotonic();
    this.#gated = mode !== 'observe';
    this.#clientTakeover = agreed?.clientTakeover === true;
    const { client: fromClient, origin: fromOrigin } = sideReaders(agreed, parts.exchange);
    this.#exchanges = this.#newExchanges();
    const requests = new LaneRequests({
      ...{ lanes: this.#lanes, exchanges: this.#exchanges, held: parts.exchange.held, ordered: !holdsRequests },
      stranger: (message, envelope) => this.#stranger(message, envelope),
      dropped: (slot) => this.#dropped(slot),
    });
    this.#pair = new SocketPair(client, origin, limits.tunnel_idle, {
      fromClient: (chunk) => this.#take(this.#up, chunk),
      fromOrigin: (chunk) => this.#take(this.#down, chunk),
      clientEnded: () => this.#clientEnded(),
      originEnded: () => this.#originEnded(),
      broken: (end) => this.#broken(end),
      closed: () => {
        for (const { messages } of [fromClient, fromOrigin]) messages.release();
        void this.#closed();
      },
    });
    this.#up = new UpSide(fromClient, {
      send: (bytes) => this.#pair.toOrigin(bytes),
      message: (envelope, message) => requests.asked(envelope, message),
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

  #take(side: UpSide | DownSide, chunk: Buffer): void {
    if (this.#left) return;
    side.take(chunk);
    this.#leaveWhenIdle();
  }

  /** Lets responses under way end, then closes with 1001 on both sides. */
  drain(): void {
    this.#draining = true;
    this.#leaveWhenIdle();
  }

  // Client to origin

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
      this.#leave(1008, 'judge_unavailable');
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
    const { live } = this.#exchanges;
    if (bytes > websocket_message || this.#lanes.size > MAX_OPEN || live > MAX_OPEN)
      this.#pair.hold('client', 'record');
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
    if (step.opens && this.#exchanges.live > MAX_UNASKED) {
      this.#lanes.drop(step.slot);
      if (!this.#blocksUnjudged) this.#passBeside(message, frames, false);
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
      this.#leave(1008, 'judge_unavailable');
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

  #dropped(slot: Slot): void {
    this.#lanes.drop(slot);
    this.#exchanges.forget(slot);
    this.#freed();
    // What the client compresses from now on refers to a message that the origin does not have.
    if (this.#clientTakeover) this.#leave(1013, 'request_dropped');
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
    await this.#exchanges.settled();
    if (this.#rest !== null) {
      this.#rest.passed(this.#pair.bytesUp, this.#pair.bytesDown);
      await this.#rest.finish('complete', null);
    }
    if (!this.#exchanges.began) recordUnasked(this.#parts, this.#pair, this.#since);
    this.#over();
  }

  #leaveWhenIdle(): void {
    if (!this.#draining || !this.#exchanges.idle || !this.#down.settled) return;
    if (this.#rest === null || (this.#up.betweenMessages && this.#down.betweenMessages))
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
