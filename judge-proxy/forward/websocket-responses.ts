/**
 * A WebSocket that speaks OpenAI Responses: both directions read beside the bytes that pass, one exchange for each
 * response, whichever lane it is on. What cannot be read is one exchange for the rest of the connection, with coverage
 * `none`; where the route holds back, it is `on_judge_failure` that decides whether such a rest passes.
 */

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Envelope } from '../apis/openai-responses-websocket-envelope.ts';
import { Lanes, type Slot } from '../apis/openai-responses-websocket-lanes.ts';
import { ProxyError } from '../errors.ts';
import { type Agreed, MessageInflater, TimeBudget } from '../exchange/websocket-deflate.ts';
import { closePayload, FrameParser, OPCODE, writeFrame } from '../exchange/websocket-frames.ts';
import { type Message, MessageAssembler } from '../exchange/websocket-messages.ts';
import type { ExchangeSummary } from './exchange-record.ts';
import { DownSide } from './websocket-down.ts';
import { type Clearance, errorEvent, LaneExchange } from './websocket-lane.ts';
import { type PairEnd, SocketPair } from './websocket-pair.ts';
import type { WebSocketParts } from './websocket-parts.ts';
import { UpSide } from './websocket-up.ts';

/** Requests without an answer on one connection; above it the client is not read. */
const MAX_OPEN = 256;
/** Events of a session that carry nothing of a model: they pass although they belong to no response. */
const SESSION = /^(?:error|keepalive|[a-z_.]*rate_limits[a-z_.]*)$/;

export class ResponsesConnection {
  readonly #parts: WebSocketParts;
  readonly #pair: SocketPair;
  readonly #up: UpSide;
  readonly #down: DownSide;
  readonly #lanes = new Lanes();
  readonly #exchanges = new Map<Slot, LaneExchange>();
  readonly #finishing = new Set<Promise<void>>();
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
    const budget = new TimeBudget(limits.decode_time, () => clock.monotonic());
    const inflater = (takeover: boolean) => new MessageInflater(takeover, limits.websocket_message, budget);
    const messages = (takeover: boolean | undefined) =>
      new MessageAssembler(limits.websocket_message, takeover === undefined ? null : inflater(takeover));
    const parser = (masked: boolean) => new FrameParser({ masked, rsv1: agreed !== null });
    this.#pair = new SocketPair(client, origin, limits.tunnel_idle, {
      fromClient: (chunk) => this.#left || this.#up.take(chunk),
      fromOrigin: (chunk) => this.#left || this.#down.take(chunk),
      clientEnded: () => this.#clientEnded(),
      originEnded: () => this.#originEnded(),
      broken: (end) => this.#broken(end),
      closed: () => void this.#settled().then(() => this.#closed()),
    });
    this.#up = new UpSide(parser(true), messages(agreed?.clientTakeover), {
      send: (bytes) => this.#pair.toOrigin(bytes),
      message: (envelope, message) => this.#asked(envelope, message, ordered),
      unreadable: () => this.#unreadable(),
      closing: () => {
        this.#clientClosing = true;
      },
      waiting: (bytes) => this.#upWaits(bytes),
    });
    this.#down = new DownSide(parser(false), messages(agreed?.serverTakeover), this.#gated, {
      send: (bytes) => void this.#pair.toClient(bytes),
      message: (envelope, message, frames) => this.#answered(envelope, message, frames),
      unreadable: () => this.#downUnreadable(),
      closing: () => this.#endAll(this.#clientClosing ? 'client_closed' : 'origin_closed'),
      waiting: (waits) => (waits ? this.#pair.hold('origin', 'record') : this.#pair.readOn('origin', 'record')),
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
        const exchange = this.#open(step.slot.lane);
        exchange.request(message.bytes, message.cut);
        this.#exchanges.set(step.slot, exchange);
        return { wait: this.#clear(exchange, step.slot), turn };
      }
      case 'joins': {
        const exchange = this.#exchanges.get(step.slot);
        if (exchange === undefined || exchange.over) return { wait: this.#stranger(message, envelope), turn };
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

  async #clear(exchange: LaneExchange, slot: Slot): Promise<Clearance> {
    const clearance = await exchange.clear();
    if (clearance === 'send') return clearance;
    this.#forget(slot);
    // What the client compresses from now on refers to a message that the origin does not have.
    if (this.#clientTakeover) this.#leave(1013, 'request_dropped');
    return clearance;
  }

  /** More input for a response whose first was judged already: judged on its own. */
  async #alone(message: Message, envelope: Envelope | null): Promise<Clearance> {
    const exchange = this.#open(envelope?.lane ?? null);
    exchange.request(message.bytes, message.cut);
    const clearance = await exchange.clear();
    if (clearance === 'send') this.#track(exchange.finish('complete', null));
    return clearance;
  }

  /** A message that we cannot attribute: what it is about is not judged. */
  #stranger(message: Message, envelope: Envelope | null): Promise<Clearance> {
    const { requestId } = this.#parts;
    if (this.#blocksUnjudged) {
      this.#say(envelope?.lane ?? null, errorEvent(new ProxyError('judge_unavailable'), requestId()));
      return Promise.resolve('drop');
    }
    const rest = this.#openRest();
    rest.request(message.bytes, message.cut);
    return rest.inLedger();
  }

  #unreadable(): Promise<Clearance> {
    this.#cutShort();
    this.#down.stopReading();
    if (this.#blocksUnjudged) {
      this.#refuseRest();
      return Promise.resolve('drop');
    }
    return this.#openRest().inLedger();
  }

  #upWaits(bytes: number): void {
    this.#waitingUp = bytes;
    const { websocket_message } = this.#parts.exchange.limits;
    if (bytes > websocket_message || this.#lanes.size > MAX_OPEN) this.#pair.hold('client', 'record');
    else this.#pair.readOn('client', 'record');
  }

  // Origin to client

  #answered(envelope: Envelope | null, message: Message, frames: Uint8Array | null): Promise<void> | null {
    const step = this.#lanes.server(envelope);
    if (step.superseded !== null) this.#endUnfinished(step.superseded);
    if (step.slot === null) {
      if (frames !== null && this.#mayPass(envelope, step.session)) this.#down.insert(frames);
      return null;
    }
    if (step.opens) this.#exchanges.set(step.slot, this.#open(step.slot.lane));
    const exchange = this.#exchanges.get(step.slot);
    const ungated = step.session && frames !== null;
    if (ungated) this.#down.insert(frames);
    exchange?.event(message.bytes, ungated ? null : frames, envelope?.status ?? null);
    if (message.cut) exchange?.truncated();
    return step.ends ? this.#ends(step.slot, exchange) : null;
  }

  #ends(slot: Slot, exchange: LaneExchange | undefined): Promise<void> | null {
    this.#exchanges.delete(slot);
    const ended = exchange === undefined ? null : this.#track(exchange.finish('complete', null));
    this.#freed();
    return ended;
  }

  #endUnfinished(slot: Slot): void {
    const exchange = this.#exchanges.get(slot);
    exchange?.truncated();
    this.#ends(slot, exchange);
  }

  #mayPass(envelope: Envelope | null, session: boolean): boolean {
    return session || SESSION.test(envelope?.type ?? '') || !this.#blocksUnjudged;
  }

  #downUnreadable(): boolean {
    this.#cutShort();
    if (this.#blocksUnjudged) {
      this.#refuseRest();
      return false;
    }
    this.#openRest();
    this.#up.stopReading();
    return true;
  }

  // Both

  get #blocksUnjudged(): boolean {
    return (this.#gated || this.#parts.target.route.hold_request) && this.#parts.failurePolicy === 'block';
  }

  #open(lane: string | null): LaneExchange {
    const { exchange: parts, target, originHead, requestId } = this.#parts;
    return new LaneExchange(
      { parts, target, originHead, requestId: requestId(), lane },
      {
        send: (frame) => this.#down.insert(frame),
        say: (on, event) => this.#say(on, event),
        pauseOrigin: (exchange) => {
          this.#pausing.add(exchange);
          this.#pair.hold('origin', 'gate');
        },
        resumeOrigin: (exchange) => {
          if (this.#pausing.delete(exchange) && this.#pausing.size === 0) this.#pair.readOn('origin', 'gate');
        },
        concluded: (summary: ExchangeSummary) => this.#parts.concluded(summary),
      },
    );
  }

  #openRest(): LaneExchange {
    this.#rest ??= this.#open(null);
    return this.#rest;
  }

  /** What is open cannot be followed to its end. */
  #cutShort(): void {
    for (const [slot, exchange] of this.#exchanges) {
      exchange.truncated();
      this.#track(exchange.finish('complete', null));
      this.#forget(slot);
    }
  }

  #refuseRest(): void {
    this.#leave(1008, 'judge_unavailable');
  }

  #forget(slot: Slot): void {
    this.#lanes.drop(slot);
    this.#exchanges.delete(slot);
    this.#freed();
  }

  #freed(): void {
    this.#upWaits(this.#waitingUp);
    this.#leaveWhenIdle();
  }

  /** An event of ours, on the lane of whoever waits for it. */
  #say(lane: string | null, event: string): void {
    const text = lane === null ? event : onLane(event, lane);
    this.#down.insert(writeFrame(OPCODE.text, Buffer.from(text), null));
  }

  #track(finishing: Promise<void>): Promise<void> {
    this.#finishing.add(finishing);
    void finishing.finally(() => this.#finishing.delete(finishing));
    return finishing;
  }

  // Ends

  #clientEnded(): void {
    this.#up.end(() => this.#pair.endOrigin());
  }

  #originEnded(): void {
    const end = this.#clientClosing ? 'client_closed' : 'origin_closed';
    void this.#endAll(end).then(() => this.#down.end(() => this.#pair.endClient()));
  }

  #broken(end: PairEnd): void {
    const clientGone = end === 'client_closed' || end === 'client_reset' || this.#clientClosing;
    if (clientGone) for (const exchange of this.#exchanges.values()) exchange.abandon();
    void this.#endAll(end);
  }

  /** Everything that is open ends with the connection. */
  async #endAll(end: PairEnd): Promise<void> {
    for (const [slot, exchange] of this.#exchanges) {
      const { outcome, error } = unfinished(end);
      this.#track(exchange.finish(outcome, error));
      this.#lanes.drop(slot);
    }
    this.#exchanges.clear();
    await this.#settled();
  }

  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#finishing]);
  }

  async #closed(): Promise<void> {
    if (this.#rest !== null) {
      this.#rest.passed(this.#pair.bytesUp, this.#pair.bytesDown);
      await this.#rest.finish('complete', null);
    }
    this.#over();
  }

  #leaveWhenIdle(): void {
    if (this.#draining && this.#exchanges.size === 0 && this.#finishing.size === 0) this.#leave(1001, 'shutting_down');
    else if (this.#draining)
      void this.#settled().then(() => this.#exchanges.size === 0 && this.#leave(1001, 'shutting_down'));
  }

  /** Closes both sides by the protocol; what comes now is not read. */
  #leave(code: number, reason: string): void {
    if (this.#left || this.#rest !== null) return;
    const payload = closePayload(code, reason);
    if (this.#up.betweenMessages) this.#pair.toOrigin(writeFrame(OPCODE.close, payload, randomBytes(4)));
    if (this.#down.betweenMessages) this.#pair.toClient(writeFrame(OPCODE.close, payload, null));
    this.#left = true;
    this.#pair.leave();
  }
}

/** What an exchange that was under way is called when its connection ends. */
function unfinished(end: PairEnd): { outcome: 'client_aborted' | 'origin_failed'; error: ProxyError | null } {
  switch (end) {
    case 'client_closed':
    case 'client_reset':
      return { outcome: 'client_aborted', error: null };
    case 'origin_closed':
    case 'origin_reset':
      return { outcome: 'origin_failed', error: new ProxyError('origin_reset') };
    case 'idle':
      return { outcome: 'origin_failed', error: new ProxyError('origin_timeout') };
    case 'shutdown':
      return { outcome: 'client_aborted', error: new ProxyError('shutting_down') };
    default:
      return end satisfies never;
  }
}

/** Our own events are objects; the lane goes in as its first member. */
function onLane(event: string, lane: string): string {
  return event.startsWith('{') ? `{"stream_id":${JSON.stringify(lane)},${event.slice(1)}` : event;
}
