/** Server-sent events (WHATWG HTML §9.2) from the text of a whole copy. */

import { createParser } from 'eventsource-parser';

export interface SseEvent {
  /** Value of the `event` field; null when there was none. */
  readonly event: string | null;
  readonly data: string;
  /** False for what stood at the end without its blank line: clients drop it, and it may be cut anywhere. */
  readonly whole: boolean;
}

/** All events that carry data, in order. Comments, ids and unknown fields mean nothing to LLM formats. */
export function parseSse(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  let whole = true;
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ event: event ?? null, data, whole }),
  });
  parser.feed(text);
  whole = false;
  // Two line ends: one for the line that is open, one for its event. After a whole stream they end nothing.
  parser.feed('\n\n');
  return events;
}

/** Whether a body is an event stream. The first bytes count more than the label: errors come as JSON under any label. */
export function looksLikeSse(text: string, contentType: string | null): boolean {
  const start = text.slice(0, 100).trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return false;
  return /^\s*text\/event-stream\b/i.test(contentType ?? '') || /^(:|(data|event|id|retry)\s*:)/.test(start);
}
