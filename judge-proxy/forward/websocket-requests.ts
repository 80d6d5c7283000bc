/** What the client asks for on Responses over WebSocket: which exchange a message is of, and when it may go. */

import type { Envelope } from '../apis/openai-responses-websocket-envelope.ts';
import type { Lanes, Slot } from '../apis/openai-responses-websocket-lanes.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { Message } from '../exchange/websocket-messages.ts';
import type { LaneExchanges } from './websocket-exchanges.ts';
import type { LaneExchange } from './websocket-lane.ts';
import type { Clearance } from './websocket-lane-contract.ts';

export interface RequestsOptions {
  readonly lanes: Lanes;
  readonly exchanges: LaneExchanges;
  /** For what waits for a verdict. */
  readonly held: CopyBudget;
  /** Messages keep their order across lanes. */
  readonly ordered: boolean;
  /** A message that belongs to no response. */
  stranger(message: Message, envelope: Envelope | null): Promise<Clearance>;
  /** The origin will not see the request of the response. */
  dropped(slot: Slot): void;
}

export class LaneRequests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** @returns what the message waits for; those of the same `turn` keep their order */
  asked(envelope: Envelope | null, message: Message): { wait: Promise<Clearance> | null; turn: string } {
    const { lanes, exchanges, ordered, stranger } = this.#options;
    const step = lanes.client(envelope);
    const turn = ordered ? '' : (envelope?.lane ?? '');
    switch (step.kind) {
      case 'opens': {
        const exchange = exchanges.beginFor(step.slot);
        return { wait: this.#clear(exchange, message, step.slot), turn };
      }
      case 'joins': {
        const exchange = exchanges.of(step.slot);
        if (exchange === null || exchange.over) return { wait: stranger(message, envelope), turn };
        if (exchange.holdsRequest) return { wait: this.#alone(message, envelope), turn };
        exchange.request(message.bytes, message.cut);
        return { wait: exchange.clear(), turn };
      }
      case 'stranger':
        return { wait: stranger(message, envelope), turn };
      default:
        return step satisfies never;
    }
  }

  async #clear(exchange: LaneExchange, message: Message, slot: Slot): Promise<Clearance> {
    const clearance = await this.#held(exchange, message);
    if (clearance === 'send') return clearance;
    this.#options.dropped(slot);
    return clearance;
  }

  /** More input for a response whose first was judged already: judged on its own. */
  async #alone(message: Message, envelope: Envelope | null): Promise<Clearance> {
    const exchange = this.#options.exchanges.begin(envelope?.lane ?? null);
    const clearance = await this.#held(exchange, message);
    if (clearance === 'send') void exchange.finish('complete', null);
    return clearance;
  }

  /** Waits until the message may go; what waits for a verdict counts as held, and what finds no room is not judged whole. */
  async #held(exchange: LaneExchange, { bytes, cut }: Message): Promise<Clearance> {
    const { held } = this.#options;
    const room = exchange.holdsRequest && held.take(bytes.length);
    exchange.request(bytes, cut || (exchange.holdsRequest && !room));
    try {
      return await exchange.clear();
    } finally {
      if (room) held.give(bytes.length);
    }
  }
}
