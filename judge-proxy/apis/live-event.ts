/** The JSON of an event as it comes. Parsed once, although it is looked at twice: when read, and when released. */

import { isEndMark, RESPONSE } from './body.ts';
import { type Json, MOST_LIVE_VALUES, parseJson } from './json.ts';
import { inside } from './part-list.ts';
import type { SseEvent } from './sse.ts';
import type { StreamDeltas } from './stream-deltas.ts';

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
    const parsed = parseJson(event.data, MOST_LIVE_VALUES);
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
