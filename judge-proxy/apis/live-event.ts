/** The JSON of an event as it comes. Parsed once, although it is looked at twice: when read, and when released. */

import { isEndMark, RESPONSE } from './body.ts';
import { type Json, parseJson } from './json.ts';
import { inside } from './part-list.ts';
import type { SseEvent } from './sse.ts';
import type { StreamDeltas } from './stream-deltas.ts';

/**
 * Of one event, on the thread that carries all traffic: 4 million took 2.9 s (Node 26, 7.8 MiB). The largest that
 * providers send is a whole answer with the probabilities of its tokens.
 */
const MOST_VALUES = 100_000;

export class LiveEvents {
  readonly #values = new WeakMap<SseEvent, Json>();
  #count = 0;

  /**
   * The value of the next event; what is no JSON is brought as it is.
   * @returns undefined when there is none: the end mark, or something else than JSON
   */
  read(out: StreamDeltas, event: SseEvent): Json | undefined {
    const index = this.#count++;
    if (isEndMark(event)) return undefined;
    const parsed = parseJson(event.data, MOST_VALUES);
    if (!parsed.ok || !parsed.whole) {
      out.strange(inside({ ...RESPONSE, place: 'response.events' }, index), event.data);
      return undefined;
    }
    this.#values.set(event, parsed.value);
    return parsed.value;
  }

  /** The value that `read` found. */
  valueOf(event: SseEvent): Json | undefined {
    return this.#values.get(event);
  }
}
