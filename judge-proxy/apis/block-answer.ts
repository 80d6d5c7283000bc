/** What all block writers share: headers, the two kinds of body, and what a client may be told beside the message. */

import type { Block, WholeAnswer } from './block.ts';
import type { JsonObject } from './json.ts';

/** A JSON answer with the block's status. */
export function jsonAnswer(block: Block, status: number, body: JsonObject): WholeAnswer {
  return answer(block, status, 'application/json', JSON.stringify(body));
}

/** An event stream that is complete: status 200. */
export function streamAnswer(block: Block, events: string): WholeAnswer {
  return answer(block, 200, 'text/event-stream; charset=utf-8', events);
}

/**
 * One server-sent event. JSON never holds a line end, so one `data` line is enough.
 * @param event value of the `event` field, null for none
 */
export function sse(event: string | null, data: JsonObject): string {
  const name = event === null ? '' : `event: ${event}\n`;
  return `${name}data: ${JSON.stringify(data)}\n\n`;
}

/** The `judge` field of an error object: only where the route says that findings may be shown. */
export function revealed(block: Block): JsonObject {
  if (block.reveal === null) return {};
  const { violated, evidence } = block.reveal;
  const quotes = evidence.map(({ place, quote }) => ({ place, quote }));
  return { judge: { violated: [...violated], ...(quotes.length === 0 ? {} : { evidence: quotes }) } };
}

/**
 * Repeating a request that was judged costs a second judgement and ends alike: `x-should-retry` stops the retries of
 * OpenAI's and Anthropic's SDKs (openai-node `shouldRetry`, `_base_client._should_retry` in Python), whatever the status.
 */
function answer(block: Block, status: number, type: string, body: string): WholeAnswer {
  const length = String(Buffer.byteLength(body));
  const headers = [
    'content-type',
    type,
    'content-length',
    length,
    'cache-control',
    'no-store',
    'x-should-retry',
    'false',
  ];
  return { status, headers: [...headers, ...judgeHeaders(block)], body };
}

function judgeHeaders(block: Block): string[] {
  if (!block.headers) return [];
  const verdict = block.verdictId === null ? [] : ['x-judge-verdict-id', block.verdictId];
  return ['x-judge-code', block.code, 'x-judge-request-id', block.requestId, ...verdict];
}
