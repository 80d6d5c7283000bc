/** Text that no rule has read is not kept: it may hold what the rules would have taken out. */

import { namePlace } from '../exchange/free-strings.ts';
import type { Part, Transcript } from '../exchange/transcript.ts';

/** @param withheld per place, the offset from which on the text was not read */
export function withhold(transcript: Transcript, withheld: ReadonlyMap<string, number>): Transcript {
  if (withheld.size === 0) return transcript;
  const words = mapWords(transcript, (word, place) => (withheld.has(place) ? '' : word));
  return { ...words, parts: words.parts.map((part) => withoutRest(part, withheld.get(part.place))) };
}

function withoutRest(part: Part, from: number | undefined): Part {
  if (from === undefined || from >= part.text.length) return part;
  return { ...part, text: `${part.text.slice(0, from)}[UNSCANNED:${part.text.length - from} characters]` };
}

/** Places are those of `placedTexts`. */
function mapWords(transcript: Transcript, change: (word: string, place: string) => string): Transcript {
  const orNull = (word: string | null, place: string) => (word === null ? null : change(word, place));
  return {
    ...transcript,
    model_requested: orNull(transcript.model_requested, 'request.model'),
    model_returned: orNull(transcript.model_returned, 'response.model'),
    finish: transcript.finish.map((word, index) => change(word, `response.finish[${index}]`)),
    error: transcript.error && {
      type: orNull(transcript.error.type, 'response.error.type'),
      code: orNull(transcript.error.code, 'response.error.code'),
    },
    parts: transcript.parts.map((part) => {
      if (part.name === undefined) return part;
      return { ...part, name: change(part.name, namePlace(part.place)) };
    }),
  };
}
