/** What one unit of a stream brings: its event, as the format reads it, and the text beside it. */

import type { StreamReader, StreamStep } from '../apis/stream-reader.ts';
import type { StreamUnit } from './sse-splitter.ts';

const BESIDE = { place: 'response.beside', role: 'unknown', kind: 'other' } as const;

/** @param callOpen a tool call is open: what is no event does not end it */
export function stepOf(
  { event, beside }: StreamUnit,
  reader: Pick<StreamReader, 'read'>,
  callOpen: boolean,
): StreamStep {
  const step = event === null ? { deltas: [], toolCallOpen: callOpen, ended: false } : reader.read(event);
  return beside === undefined ? step : { ...step, deltas: [...step.deltas, { ...BESIDE, text: beside }] };
}
