/**
 * The OpenAI-compatible origin of tests and demo: Chat Completions and Responses, streamed or not, in the published
 * shapes. What it answers is decided by a script from the request's body; the default script echoes.
 */

import type http from 'node:http';
import {
  chatCompletion,
  chatCompletionEvents,
  errorBody,
  type ReplyShape,
  response,
  responseEvents,
} from './openai-shapes.ts';
import type { OriginHandler, SeenRequest } from './origin.ts';

/** What one request gets. */
export type Script = (body: RequestBody, seen: SeenRequest) => Reply;

export interface RequestBody {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Text of the last user message or input. */
  readonly lastUser: string;
}

export type Reply =
  | ({ readonly kind: 'reply' } & Omit<ReplyShape, 'model'>)
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly type: string;
      readonly code: string | null;
      readonly message: string;
    }
  /** Ends the connection after this many events, in the middle of the stream. */
  | { readonly kind: 'die'; readonly text: string; readonly afterEvents: number };

/** Called before each event is written; a test gates a stream with it. */
export type EventGate = (index: number, seen: SeenRequest) => Promise<void>;

export interface OpenAiOriginOptions {
  readonly script?: Script;
  readonly gate?: EventGate;
}

/** The handler to give to `Origin.start`. */
export function openAiHandler(options: OpenAiOriginOptions = {}): OriginHandler {
  const script = options.script ?? ((body) => ({ kind: 'reply', text: `You said: ${body.lastUser}` }));
  return async (seen, res) => {
    res.setHeader('x-request-id', `req_origin_${seen.connection}_${seen.url.length}`);
    res.setHeader('openai-version', '2020-10-01');
    const chat = /\/chat\/completions(\?|$)/.test(seen.url);
    const responses = /\/responses(\?|$)/.test(seen.url);
    if (seen.method !== 'POST' || (!chat && !responses)) {
      if (seen.url.endsWith('/models')) return json(res, 200, { object: 'list', data: [] });
      return json(res, 404, errorBody('Unknown endpoint.', 'invalid_request_error', null));
    }
    const body = readBody(seen.body);
    const reply = script(body, seen);
    if (reply.kind === 'error') return json(res, reply.status, errorBody(reply.message, reply.type, reply.code));
    const shape: ReplyShape = { ...reply, model: `${body.model}-2026-01-01` };
    if (!body.stream) {
      if (reply.kind === 'die') return void res.socket?.destroy();
      return json(res, 200, chat ? chatCompletion(shape) : response(shape));
    }
    const events = chat
      ? chatCompletionEvents(shape, body.includeUsage).map((data) => `data: ${data}\n\n`)
      : responseEvents(shape).map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    for (const [index, event] of events.entries()) {
      if (reply.kind === 'die' && index === reply.afterEvents) return die(res, event);
      await options.gate?.(index, seen);
      if (res.destroyed) return;
      res.write(event);
    }
    res.end();
  };
}

/** Half an event, then the end of the connection: what came before has reached the client by then. */
function die(res: http.ServerResponse, event: string): void {
  res.write(event.slice(0, event.length / 2), () => res.socket?.destroy());
}

function json(res: http.ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

function readBody(bytes: Buffer): RequestBody {
  let value: Record<string, unknown> = {};
  try {
    value = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  } catch {
    // A body that is no JSON gets the default answer: tests send such bodies on purpose.
  }
  const options = value.stream_options as { include_usage?: boolean } | undefined;
  return {
    model: typeof value.model === 'string' ? value.model : 'gpt-5-mini',
    stream: value.stream === true,
    includeUsage: options?.include_usage === true,
    lastUser: lastUserText(value.messages ?? value.input),
  };
}

function lastUserText(messages: unknown): string {
  if (typeof messages === 'string') return messages;
  if (!Array.isArray(messages)) return '';
  const last = messages.findLast((message: { role?: string }) => message?.role === 'user') as
    | { content?: unknown }
    | undefined;
  if (typeof last?.content === 'string') return last.content;
  if (!Array.isArray(last?.content)) return '';
  return (last.content as { text?: string }[]).map((part) => part.text ?? '').join('');
}
