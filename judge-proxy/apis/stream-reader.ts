/**
 * A stream as it comes, event by event: what each brings to the client, and how the stream can be ended at any point so
 * that the client's SDK reads the end. One reader for one stream.
 */

import type { PartKind, Role } from '../exchange/transcript.ts';
import type { Block } from './block.ts';
import type { SseEvent } from './sse.ts';

/**
 * A piece of text that an event brings. Pieces of one place belong together, in order; one may end in the middle of a
 * character. A tool call is one piece, with its name, in the step that completes it.
 */
export interface Delta {
  /** As in the transcript of the whole response as far as that can be known, e.g. `response.choices[0].message.content`. */
  readonly place: string;
  readonly role: Role;
  readonly kind: PartKind;
  /** Name of the tool, with the piece that brings it. */
  readonly name?: string;
  readonly text: string;
}

export interface StreamStep {
  readonly deltas: readonly Delta[];
  /** A tool call is not complete after this event: from its first event on nothing may be released. */
  readonly toolCallOpen: boolean;
  /** The format says that the stream is complete with this event. */
  readonly ended: boolean;
}

export interface StreamReader {
  /** Never throws: an event that is not understood brings nothing, or its text as kind `other`. */
  read(event: SseEvent): StreamStep;
  /**
   * What ends the stream after the event that was released last (`released` tells it), so that the SDK raises, or
   * reads a well-formed end: server-sent events, ready to be written.
   */
  block(block: Block): string;
  /** An event that was read has been sent to the client: ids and open items that the block must respect. */
  released(event: SseEvent): void;
}
