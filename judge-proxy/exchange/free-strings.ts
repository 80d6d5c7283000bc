/** The strings of a transcript that traffic controls beside the texts of its parts. */

import type { Transcript } from './transcript.ts';

/** A string and where it stands. */
export interface PlacedText {
  readonly place: string;
  readonly text: string;
}

/** Place of a part's name: `request.tools[0]#name`. */
export function namePlace(partPlace: string): string {
  return `${partPlace}#name`;
}

/** Everything that a rule must read and a redaction must reach: texts of parts, names, model names, words. */
export function placedTexts(transcript: Transcript): PlacedText[] {
  const found: PlacedText[] = [];
  const add = (place: string, text: string | null | undefined): void => {
    if (typeof text === 'string' && text !== '') found.push({ place, text });
  };
  add('request.model', transcript.model_requested);
  for (const part of transcript.parts) {
    add(part.place, part.text);
    add(namePlace(part.place), part.name);
  }
  add('response.model', transcript.model_returned);
  for (const [index, word] of transcript.finish.entries()) add(`response.finish[${index}]`, word);
  add('response.error.type', transcript.error?.type);
  add('response.error.code', transcript.error?.code);
  return found;
}

const MAX_WORD = 128;

/**
 * A model name, tool name or code word as it may stand in a record: at most 128 characters, printable ASCII of names,
 * everything else a question mark. Such strings go into columns and log lines, where nothing longer is expected.
 */
export function word(text: string): string {
  const plain = text.slice(0, MAX_WORD + 1).replace(/[^A-Za-z0-9 _.,:/@+()[\]-]/g, '?');
  return plain.length > MAX_WORD ? `${plain.slice(0, MAX_WORD - 3)}...` : plain;
}
