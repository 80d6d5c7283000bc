/** Responses over WebSocket as OpenAI serves it: events in the shapes of the description, lanes by `stream_id`. */

import type { WebSocket } from 'ws';
import { type ReplyShape, responseEvents } from './openai-shapes.ts';

export interface CreateMessage {
  readonly type: string;
  readonly stream_id?: string;
  readonly model?: string;
  readonly input?: unknown;
  readonly previous_response_id?: string;
}

/** The events of one response, as messages of a lane. */
export function laneEvents(reply: ReplyShape, lane: string | undefined, id: string): string[] {
  return responseEvents(reply)
    .map((event): Record<string, unknown> => ({ ...event }))
    .map((event) => JSON.stringify(named({ ...event, ...(lane === undefined ? {} : { stream_id: lane }) }, id)));
}

/** Answers each request with `reply`, at once, on its lane. */
export function answerResponses(socket: WebSocket, reply: (create: CreateMessage) => ReplyShape): void {
  let count = 0;
  socket.on('message', (data) => {
    const create = JSON.parse(String(data)) as CreateMessage;
    if (create.type !== 'response.create') return;
    count += 1;
    for (const event of laneEvents(reply(create), create.stream_id, `resp_${count}`)) socket.send(event);
  });
}

function named(event: Record<string, unknown>, id: string): Record<string, unknown> {
  const { response } = event;
  return typeof response === 'object' && response !== null ? { ...event, response: { ...response, id } } : event;
}
