/**
 * One response on a WebSocket, from its request to its end: the record, the copies, and in `window` and `hold` the gate.
 * To recorder and judge it is an exchange like one over HTTP: its request is what the client sent for it, a message a
 * line, its response the events as server-sent events.
 */

import type { Ending, Gate } from '../enforcement/gate.ts';
import type { ExchangeEnd, RecordedExchange } from '../enforcement/recorder.ts';
import { ProxyError } from '../errors.ts';
import { ExchangeRecord, type ExchangeSummary } from './exchange-record.ts';
import { errorEvent, eventsOf, oneLine } from './websocket-events.ts';
import type { Clearance, LaneConnection, LaneOptions } from './websocket-lane-contract.ts';
import { HeldFrames } from './websocket-lane-gate.ts';
import { LaneTurn } from './websocket-turn.ts';

const LINE_END = Uint8Array.of(0x0a);
const DATA = Buffer.from('data: ');
const EVENT_END = Buffer.from('\n\n');
const EVENTS_HEAD = {
  headers: [],
  contentLength: -1,
  contentType: 'text/event-stream',
  contentEncoding: null,
} as const;

export class LaneExchange {
  readonly #options: LaneOptions;
  readonly #connection: LaneConnection;
  readonly #record: ExchangeRecord;
  readonly #recorded: RecordedExchange;
  readonly #gone = new AbortController();
  readonly #held: HeldFrames;
  #gate: Gate | null = null;
  #asked = false;
  #started = false;
  #turn: LaneTurn | null = null;
  readonly #done = Promise.withResolvers<void>();
  #end: Promise<void> | null = null;
  #truncated: 'request' | 'response' | null = null;
  #unread: { readonly up: number; readonly down: number } | null = null;

  /** Writes the opening record. */
  constructor(options: LaneOptions, connection: LaneConnection) {
    this.#options = options;
    this.#connection = connection;
    const { parts, target, requestId, originHead } = options;
    const { clock, budget, limits } = parts;
    this.#record = new ExchangeRecord({ requestId, method: 'GET', target, originHead, clock, budget, limits });
    this.#recorded = this.#record.begin(parts.recorder);
    this.#recorded.committed.catch(ignore); // whoever sends asks `clear`
    this.#held = new HeldFrames((frame) => this.#speak(() => connection.send(frame)));
  }

  get holdsRequest(): boolean {
    return this.#recorded.holdsRequest;
  }

  /** Resolves when it is recorded to its end and all of it with the client, or was never sent. Begins with `finish`. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get lane(): string | null {
    return this.#options.lane;
  }

  get inTurn(): boolean {
    return this.#options.inTurn;
  }

  /** The origin has begun to answer. */
  get started(): boolean {
    return this.#started;
  }

  get over(): boolean {
    return this.#end !== null;
  }

  /**
   * A message of the client that belongs to it.
   * @param cut the message is longer than what is given
   */
  request(message: Uint8Array, cut: boolean): void {
    const { requestTap } = this.#record;
    if (requestTap.total > 0) requestTap.push(LINE_END);
    requestTap.push(oneLine(message));
    if (cut) this.#truncated ??= 'request';
    this.#record.requestEnded = true;
  }

  /** Resolves when the origin may see the request: it is in the ledger, and was judged where the route says so. */
  async clear(): Promise<Clearance> {
    if ((await this.inLedger()) === 'drop') return 'drop';
    if (this.#gone.signal.aborted) return 'drop';
    // Also when it is over, because the connection cannot be read any more: it is known, and nothing else was asked.
    if (!this.#recorded.holdsRequest) return 'send';
    if (this.over) return 'drop';
    const ending = await this.#recorded.clearRequest(this.#requestCopy(), this.#gone.signal);
    if (ending === null && !this.over) return 'send';
    if (ending !== null && !this.over) {
      this.#answer(ending);
      await this.finish('blocked', null);
    }
    return 'drop';
  }

  /** Resolves when the ledger knows it, whether or not its request is judged. */
  async inLedger(): Promise<Clearance> {
    try {
      await this.#recorded.committed;
      return 'send';
    } catch (error) {
      this.#end ??= this.#ended(this.#neverSent(asProxyError(error)));
      return 'drop';
    }
  }

  /** Counts bytes that passed without being read. */
  passed(up: number, down: number): void {
    this.#unread = { up, down };
    this.#record.requestEnded = true;
    this.#record.answeredWith(101, { ...EVENTS_HEAD, headers: [], contentType: null, requestId: null });
  }

  /**
   * An event of the origin that belongs to it.
   * @param frames the frames of its message where they are held back, null where they go out by themselves
   * @param status HTTP status of an error event
   */
  event(message: Uint8Array, frames: Uint8Array | null, status: number | null): void {
    if (this.over) return;
    this.#answered(status);
    const data = oneLine(message);
    const { responseTap } = this.#record;
    for (const piece of [DATA, data, EVENT_END]) responseTap.push(piece);
    this.#started = true;
    if (frames === null) return;
    this.#takeTurn();
    this.#openGate();
    if (this.#gate === null) {
      this.#speak(() => this.#connection.send(frames));
      return;
    }
    this.#held.push(frames);
    if (!this.#gate.push(Buffer.concat([DATA, data, EVENT_END]))) this.#connection.pauseOrigin(this);
  }

  /** The first event stands for the head. Of an error that comes later the status would hide what was said before. */
  #answered(status: number | null): void {
    if (this.#record.status !== null) return;
    this.#record.answered();
    const code = status !== null && status >= 400 && status <= 599 ? status : 200;
    this.#record.answeredWith(code, { ...EVENTS_HEAD, headers: [], requestId: null });
  }

  /** More of the response came than can be read. */
  truncated(): void {
    this.#truncated ??= 'response';
  }

  /**
   * The exchange is over. Call again for nothing.
   * @returns when it is recorded, and in `window` and `hold` when the client has its ending
   */
  finish(outcome: ExchangeEnd['outcome'], error: ProxyError | null): Promise<void> {
    this.#end ??= this.#ended(this.#finish(outcome, error));
    return this.#end;
  }

  /** The client is gone: nobody waits for a verdict. */
  abandon(): void {
    this.#gone.abort();
    this.#gate?.close();
    this.#held.drop();
  }

  async #ended(end: Promise<void>): Promise<void> {
    try {
      await end;
      await this.#turn?.begun;
    } finally {
      this.#done.resolve();
    }
  }

  async #finish(outcome: ExchangeEnd['outcome'], error: ProxyError | null): Promise<void> {
    this.#record.responseEnded = outcome === 'complete';
    const summary = this.#record.summary(outcome, error, this.#recorded);
    this.#connection.concluded(summary);
    try {
      await this.#recorded.committed;
    } catch (error) {
      this.#unknown(asProxyError(error));
      return;
    }
    const ending = await this.#recorded.finish(this.#ending(summary));
    if (this.#gate !== null) this.#answer(ending);
    this.#connection.resumeOrigin(this);
    this.#record.release();
  }

  /** The ledger never knew it: what is held of it does not go out. */
  #unknown(error: ProxyError): void {
    const { lane, requestId } = this.#options;
    if (this.#gate !== null) {
      this.#gate.close();
      this.#held.drop();
      this.#speak(() => this.#connection.say(lane, errorEvent(error, requestId)));
    }
    this.#connection.resumeOrigin(this);
    this.#record.release();
  }

  #ending(summary: ExchangeSummary): ExchangeEnd {
    const end = this.#record.end(summary);
    if (this.#unread !== null) {
      const { up, down } = this.#unread;
      return { ...end, request: { ...end.request, total: up }, response: { ...end.response, total: down } };
    }
    if (this.#truncated === null) return end;
    const { request, response } = end;
    return this.#truncated === 'request'
      ? { ...end, request: { ...request, cut: request.cut ?? 'cap' } }
      : { ...end, response: { ...response, cut: response.cut ?? 'cap' } };
  }

  #requestCopy(): ExchangeEnd['request'] {
    const copy = this.#record.request();
    return this.#truncated === 'request' ? { ...copy, cut: copy.cut ?? 'cap' } : copy;
  }

  #openGate(): void {
    if (this.#asked) return;
    this.#asked = true;
    const outlet = {
      release: (bytes: Uint8Array) => {
        this.#held.release(bytes);
        return this.#takeTurn().hasBegun;
      },
      resume: () => this.#connection.resumeOrigin(this),
      stop: () => void this.finish('blocked', null),
    };
    const head = { status: 200, contentType: EVENTS_HEAD.contentType, contentEncoding: null };
    this.#gate = this.#recorded.gate(head, outlet, () => this.#requestCopy());
  }

  #answer(ending: Ending): void {
    if (this.#gone.signal.aborted) return;
    switch (ending.kind) {
      case 'deliver':
        for (const bytes of ending.rest) this.#held.release(bytes);
        this.#held.drop(); // what was not judged is not delivered
        return;
      case 'block': {
        this.#held.drop();
        const { lane } = this.#options;
        const said =
          this.#held.sent > 0 && ending.tail !== null ? Buffer.from(ending.tail).toString() : ending.whole.body;
        for (const event of eventsOf(said)) this.#speak(() => this.#connection.say(lane, event));
        return;
      }
      default:
        ending satisfies never;
    }
  }

  #speak(speak: () => void): void {
    this.#takeTurn().run(speak);
  }

  #takeTurn(): LaneTurn {
    this.#turn ??= new LaneTurn(this.#connection.before(this), () => this.#gate?.drained?.());
    return this.#turn;
  }

  async #neverSent(error: ProxyError): Promise<void> {
    const summary = this.#record.summary('origin_failed', error, null);
    this.#connection.concluded(summary);
    this.#record.unjudged(this.#options.parts.recorder, summary);
    this.#record.release();
    const { lane, requestId } = this.#options;
    this.#speak(() => this.#connection.say(lane, errorEvent(error, requestId)));
  }
}

function asProxyError(error: unknown): ProxyError {
  return error instanceof ProxyError ? error : new ProxyError('ledger_unavailable', { cause: error });
}

function ignore(): void {}
