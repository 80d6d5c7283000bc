/** Texts of a Responses stream that are no field of an output item: sound, shell commands and what they print. */

import type { Part } from '../exchange/transcript.ts';
import { RESPONSE } from './body.ts';
import { isObject, type Json, type JsonObject, own } from './json.ts';
import { outline } from './outline.ts';
import type { StreamDeltas } from './stream-deltas.ts';

type Kind = 'text' | 'tool_result';

/** @returns false when the event is of none of these types, or brings nothing that can be read */
export function addLoose(out: StreamDeltas, type: string, event: JsonObject): boolean {
  const at = `${indexOf(event, 'output_index')}.${indexOf(event, 'command_index')}`;
  const piece = (place: string, kind: Kind, text: Json | undefined): boolean => {
    if (typeof text !== 'string') return false;
    out.piece({ ...RESPONSE, place }, kind, text);
    return true;
  };
  const whole = (place: string, kind: Kind, text: Json | undefined): boolean => {
    if (typeof text !== 'string') return false;
    if (text !== '') out.whole([{ ...RESPONSE, place, kind, text }]);
    return true;
  };
  switch (type) {
    case 'response.audio.transcript.delta':
      return piece('response.stream.audio.transcript', 'text', own(event, 'delta'));
    // Media is not read as it comes: the whole reading describes it.
    case 'response.audio.delta':
      return typeof own(event, 'delta') === 'string';
    case 'response.image_generation_call.partial_image':
      return typeof own(event, 'partial_image_b64') === 'string';
    case 'response.shell_call_output_content.delta': {
      const delta = own(event, 'delta');
      const streams = isObject(delta) ? delta : {};
      const out = piece(`response.stream.stdout.${at}`, 'tool_result', own(streams, 'stdout'));
      return piece(`response.stream.stderr.${at}`, 'tool_result', own(streams, 'stderr')) || out;
    }
    case 'response.shell_call_output_content.done':
      return whole(`response.stream.shell_output.${at}`, 'tool_result', outline(own(event, 'output') ?? ''));
    default:
      return false;
  }
}

/** A piece of a shell command, or what is told to be the whole of it. */
export interface CommandPart extends Part {
  readonly goesOn: boolean;
}

/** @returns null when the event is about no command, or brings nothing that can be read */
export function commandIn(type: string, event: JsonObject): CommandPart | null {
  const step = /^response\.shell_call_command\.(added|delta|done)$/.exec(type)?.[1];
  const text = own(event, step === 'delta' ? 'delta' : 'command');
  if (step === undefined || typeof text !== 'string') return null;
  const place = `response.stream.command.${indexOf(event, 'output_index')}.${indexOf(event, 'command_index')}`;
  return { ...RESPONSE, place, kind: 'tool_call', text, goesOn: step === 'delta' };
}

function indexOf(event: JsonObject, key: string): number {
  const value = own(event, key);
  return typeof value === 'number' ? value : 0;
}
