/** What reads the two sides of one WebSocket: frames, and messages under the caps of the limits. */

import { type Agreed, MessageInflater, TimeBudget } from '../exchange/websocket-deflate.ts';
import { FrameParser } from '../exchange/websocket-frames.ts';
import { MessageAssembler } from '../exchange/websocket-messages.ts';
import type { ExchangeParts } from './exchange-parts.ts';

export interface SideReader {
  readonly parser: FrameParser;
  readonly messages: MessageAssembler;
}

/**
 * Both share one budget of time.
 * @param agreed compression that both sides agreed on; `unknown`: compressed messages cannot be read
 */
export function sideReaders(
  agreed: Agreed | null | 'unknown',
  { limits, clock, budget: copies }: Pick<ExchangeParts, 'limits' | 'clock' | 'budget'>,
): { readonly client: SideReader; readonly origin: SideReader } {
  const { websocket_message: most, decode_time } = limits;
  const budget = new TimeBudget(decode_time, () => clock.monotonic());
  const known = agreed === 'unknown' ? null : agreed;
  const side = (masked: boolean, takeover: boolean | undefined): SideReader => ({
    parser: new FrameParser({ masked, rsv1: agreed !== null }),
    messages: new MessageAssembler(
      most,
      takeover === undefined ? null : new MessageInflater(takeover, most, budget),
      copies,
    ),
  });
  return { client: side(true, known?.clientTakeover), origin: side(false, known?.serverTakeover) };
}
