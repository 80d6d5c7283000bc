/** The judge's `fetch`, tamed: no redirects, bounded answers, and errors of every server in the one form the SDK reads. */

/** More than any answer of the schema; a judge that never stops talking must not fill memory. */
const LARGEST_ANSWER = 2 * 2 ** 20;

export function boundedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'manual' });
    if (response.body === null) return response;
    const { status, headers } = response;
    const bounded = new Response(response.body.pipeThrough(bound(LARGEST_ANSWER)), { status, headers });
    return status < 400 ? bounded : await readableError(bounded);
  };
}

function bound(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes;
  return new TransformStream({
    transform(chunk, controller) {
      left -= chunk.byteLength;
      if (left < 0) controller.error(new Error('the answer of the judge is too large'));
      else controller.enqueue(chunk);
    },
  });
}

/**
 * The SDK reads `{error: {message, type, param, code}}` and nothing else. Others answer `{error: "text"}` (LM Studio,
 * xAI), `{detail: …}` (FastAPI), `{message, code}` or plain text.
 */
async function readableError(response: Response): Promise<Response> {
  const { status, headers } = response;
  const error = errorOf(await response.text());
  const plain = new Headers(headers);
  for (const name of ['content-length', 'content-encoding']) plain.delete(name);
  plain.set('content-type', 'application/json');
  return new Response(JSON.stringify({ error }), { status, headers: plain });
}

function errorOf(text: string): object {
  const body = parsed(text);
  if (!isObject(body)) return { message: text };
  const { error } = body;
  if (isObject(error)) return error;
  if (typeof error === 'string') return { message: error, code: body.code };
  if ('detail' in body) return detailOf(body.detail);
  return body;
}

/** FastAPI's 422. Its `input` repeats what was sent, so it is left out. */
function detailOf(detail: unknown): object {
  const first: unknown = Array.isArray(detail) ? detail[0] : detail;
  if (!isObject(first)) return { message: String(first) };
  const param = Array.isArray(first.loc) ? first.loc.join('.') : null;
  return { message: `${String(first.type)}: ${String(first.msg ?? first.message)}`, param, code: null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
