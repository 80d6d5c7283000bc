/** What a list of verdicts shows of a conversation. Both read a *redacted* transcript. Lengths are UTF-16 code units. */

import { head, tail } from './cut.ts';
import type { Part, Transcript } from './transcript.ts';

const MAX_LATEST = 2000;

export interface LatestUserMessage {
  /** At most 2,000 characters; null when no user message was read. */
  readonly text: string | null;
  /** Length before the cut. */
  readonly length: number | null;
}

/** The last user message of the request: all its text parts, joined by line breaks. */
export function latestUserMessage(transcript: Transcript): LatestUserMessage {
  const texts = transcript.parts.filter(
    (part) => part.side === 'request' && part.role === 'user' && part.kind === 'text',
  );
  const last = texts.at(-1);
  if (last === undefined) return { text: null, length: null };
  const message = messageOf(last);
  const text = texts
    .filter((part) => messageOf(part) === message)
    .map((part) => part.text)
    .join('\n');
  return { text: head(text, MAX_LATEST), length: text.length };
}

/** The end of what the model was given to read: the request's parts in order, tool definitions left out. */
export function contextTail(transcript: Transcript, limit: number): string | null {
  let rest = limit;
  const pieces: string[] = [];
  for (const part of transcript.parts.toReversed()) {
    if (part.side !== 'request' || part.kind === 'tool_definition') continue;
    if (rest <= 0) break;
    pieces.unshift(tail(part.text, rest));
    rest -= part.text.length + 1;
  }
  return pieces.length === 0 ? null : tail(pieces.join('\n'), limit);
}

/** `request.messages[3]` of `request.messages[3].content[0].text`: the parts of one message share it. */
function messageOf(part: Part): string {
  return /^[^.]+\.[^.]+/.exec(part.place)?.[0] ?? part.place;
}
