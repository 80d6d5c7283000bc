/**
 * From the client to the origin of Responses over WebSocket: a message that asks for something waits until it is in the
 * ledger (and, with `hold_request`, judged), then its frames go out as they came. Pings and pongs never wait.
 */

import { readEnvelope } from '../apis/openai-responses-websocket-envelope.ts';
import { ByteRun } from '../exchange/byte-run.ts';
import { type FrameParser, OPCODE, type Piece } from '../exchange/websocket-frames.ts';
import type { Message, MessageAssembler } from '../exchange/websocket-messages.ts';
import type { Clearance } from './websocket-lane-contract.ts';
import type { SideReader } from './websocket-readers.ts';

export interface UpEvents {
  send(bytes: Uint8Array): void;
  /**
   * What a message asks for.
   * @param envelope null for what is no JSON object
   * @returns what it waits for; null: it may go. `turn`: messages with the same one keep their order
   */
  message(
    envelope: ReturnType<typeof readEnvelope>,
    message: Message,
  ): { wait: Promise<Clearance> | null; turn: string };
  /** The messages cannot be read from here on: what is left of the connection waits for this once, then passes. */
  unreadable(): Promise<Clearance>;
  /** The close frame of the client has gone to the origin. */
  closing(): void;
  /** Bytes that wait here changed. */
  waiting(bytes: number): void;
}

interface Entry {
  readonly raw: ByteRun;
  turn: string;
  state: 'undecided' | 'waiting' | 'ready' | 'dropped';
  complete: boolean;
  /** Goes behind everything before it. */
  readonly barrier: boolean;
}

export class UpSide {
  readonly #parser: FrameParser;
  readonly #messages: MessageAssembler;
  readonly #events: UpEvents;
  readonly #control = { frame: new ByteRun() };
  #queue: Entry[] = [];
  /** The message that is coming. */
  #current: Entry | null = null;
  /** A message of which the beginning has gone out: nothing else may until it is complete. */
  #passing: Entry | null = null;
  /** Nothing is read any more. */
  #blind: Entry | null = null;
  #ended: (() => void) | null = null;

  constructor({ parser, messages }: SideReader, events: UpEvents) {
    this.#parser = parser;
    this.#messages = messages;
    this.#events = events;
  }

  /** Whether a frame of ours may be sent to the origin now. */
  get betweenMessages(): boolean {
    return this.#passing === null && this.#blind === null && this.#queue.length === 0;
  }

  take(chunk: Uint8Array): void {
    if (this.#parser.fault === null) {
      for (const piece of this.#parser.push(chunk)) this.#piece(piece);
      if (this.#parser.fault !== null) this.#goBlind(this.#parser.rest);
    } else this.#passOn(chunk);
    this.#flush();
  }

  /** The other side cannot be read: nor can this one be understood. */
  stopReading(): void {
    if (this.#blind === null) this.#goBlind(new Uint8Array(0));
    this.#flush();
  }

  /** Calls back when everything that came has gone out or was dropped. */
  end(done: () => void): void {
    this.#ended = done;
    this.#flush();
  }

  #piece(piece: Piece): void {
    if (this.#blind !== null) this.#passOn(piece.raw);
    else if (piece.head.opcode >= OPCODE.close) this.#controlPiece(piece);
    else this.#dataPiece(piece);
  }

  #dataPiece(piece: Piece): void {
    this.#current ??= this.#add(newEntry());
    const entry = this.#current;
    const message = this.#messages.push(piece);
    if (entry !== this.#passing) {
      if (entry.state !== 'dropped') entry.raw.push(piece.raw);
    } else this.#events.send(piece.raw);
    if (piece.last && piece.head.fin) {
      entry.complete = true;
      this.#current = null;
      if (entry === this.#passing) this.#passing = null;
    }
    if (entry.state !== 'undecided') return;
    if (this.#messages.fault !== null) this.#unreadable(entry);
    else if (message !== null) this.#decide(entry, message);
    else if (this.#messages.overflowing) {
      const prefix = this.#messages.prefix();
      if (prefix === null) this.#unreadable(entry);
      else this.#decide(entry, prefix);
    }
  }

  /** Whole before it is written: what was held may be released between two reads. */
  #controlPiece({ head, raw, last }: Piece): void {
    const { frame } = this.#control;
    frame.push(raw);
    if (!last) return;
    this.#control.frame = new ByteRun();
    if (head.opcode !== OPCODE.close) {
      this.#events.send(frame.bytes);
      return;
    }
    this.#add({ raw: frame, turn: '', state: 'ready', complete: true, barrier: true });
  }

  #decide(entry: Entry, message: Message): void {
    // Whatever kind of frame it came in: a server may read JSON from either.
    const { wait, turn } = this.#events.message(readEnvelope(message.bytes), message);
    entry.turn = turn;
    this.#await(entry, wait);
  }

  #await(entry: Entry, wait: Promise<Clearance> | null): void {
    if (wait === null) {
      entry.state = 'ready';
      return;
    }
    entry.state = 'waiting';
    void wait.then((clearance) => {
      entry.state = clearance === 'send' ? 'ready' : 'dropped';
      this.#flush();
    });
  }

  #unreadable(entry: Entry): void {
    entry.complete = false;
    this.#blind = entry;
    this.#await(entry, this.#events.unreadable());
  }

  #goBlind(rest: Uint8Array): void {
    if (this.#blind === null) {
      const entry = this.#current ?? this.#add(newEntry());
      this.#current = null;
      entry.complete = false;
      this.#blind = entry;
      if (entry.state === 'undecided') this.#await(entry, this.#events.unreadable());
    }
    this.#passOn(rest);
  }

  #passOn(raw: Uint8Array): void {
    if (this.#blind === null || raw.length === 0) return;
    if (this.#passing === this.#blind) this.#events.send(raw);
    else if (this.#blind.state !== 'dropped') this.#blind.raw.push(raw);
  }

  #add(entry: Entry): Entry {
    this.#queue.push(entry);
    return entry;
  }

  #flush(): void {
    const behind = new Set<string>();
    const left: Entry[] = [];
    for (const entry of this.#queue) {
      const blocked = this.#passing !== null || behind.has(entry.turn) || (entry.barrier && left.length > 0);
      if (entry.state === 'dropped') {
        if (!entry.complete && entry !== this.#blind) left.push(entry);
      } else if (blocked || entry.state !== 'ready') {
        behind.add(entry.turn);
        left.push(entry);
      } else this.#sendOut(entry);
    }
    this.#queue = left;
    this.#events.waiting(
      left.reduce((bytes, entry) => bytes + (entry.state === 'undecided' ? 0 : entry.raw.length), 0),
    );
    if (left.every(({ state }) => state === 'undecided' || state === 'dropped')) {
      this.#ended?.();
      this.#ended = null;
    }
  }

  #sendOut(entry: Entry): void {
    this.#events.send(entry.raw.bytes);
    if (!entry.complete) this.#passing = entry;
    if (entry.barrier) this.#events.closing();
  }
}

function newEntry(): Entry {
  return { raw: new ByteRun(), turn: '', state: 'undecided', complete: false, barrier: false };
}
