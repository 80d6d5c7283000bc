/** One call of the judge model: an OpenAI-compatible endpoint, strict JSON schema, no retries (the queue owns those). */

import OpenAI, { APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { word } from '../exchange/free-strings.ts';
import type { LlmError } from '../ledger/records.ts';
import type { Clock } from '../telemetry/clock.ts';
import { classifyLlmError, codeWord } from './llm-error.ts';

export interface JudgeModelOptions {
  readonly base_url: string;
  readonly api_key: string;
  readonly name: string;
  /** Milliseconds for the whole call. */
  readonly timeout: number;
  /** Goes through the resolver and the address guard; must not follow redirects. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
}

export interface JudgeCall {
  readonly system: string;
  readonly user: string;
  readonly schema: Record<string, unknown>;
}

export interface JudgeUsage {
  readonly in: number;
  readonly out: number;
  readonly cached: number;
}

export type JudgeReply =
  | {
      readonly kind: 'answer' | 'refused';
      readonly text: string;
      readonly model: string;
      readonly usage: JudgeUsage | null;
    }
  | {
      readonly kind: 'failed';
      readonly state: 'timeout' | 'provider_error';
      readonly error: LlmError | null;
      /** Worth another try later: a transient failure or a rate limit, not a quota. */
      readonly again: boolean;
      readonly retryAfterMs: number | null;
    }
  /** Given up because the signal said so. */
  | { readonly kind: 'aborted' };

export interface JudgeModel {
  /** As configured. */
  readonly name: string;
  /** Never rejects. */
  ask(call: JudgeCall, signal: AbortSignal): Promise<TimedReply>;
}

export interface TimedReply {
  readonly reply: JudgeReply;
  readonly latencyMs: number;
}

/** More than any answer of the schema; a judge that never stops talking must not fill memory. */
const LARGEST_ANSWER = 2 * 2 ** 20;

/** @throws Error that says what is wrong with base URL or key, without showing the key */
export function createJudgeModel(options: JudgeModelOptions): JudgeModel {
  if (!/^[\u0021-\u007e]+$/.test(options.api_key))
    throw new Error('the API key of the judge has characters that no key has');
  const client = new OpenAI({
    apiKey: options.api_key,
    baseURL: checkedBaseUrl(options.base_url),
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: options.timeout,
    logLevel: 'off',
    fetch: boundedFetch(options.fetch),
  });
  return {
    name: options.name,
    ask: async (call, signal) => {
      const started = options.clock.monotonic();
      const reply = await ask(client, options, call, signal);
      return { reply, latencyMs: Math.round(options.clock.monotonic() - started) };
    },
  };
}

/**
 * The SDK appends `/chat/completions` to the base URL as text, so nothing may stand in it that gives this another
 * meaning: user info, query, fragment, dot segments, escapes, white space, backslashes.
 */
export function checkedBaseUrl(text: string): string {
  const plain = /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*\/?$/.test(text);
  if (!plain || /\/\.{1,2}(?:\/|$)/.test(text) || !URL.canParse(text)) {
    throw new Error(
      'base_url of the judge model must be http(s)://host[:port]/path, without user, query or dot segments',
    );
  }
  return text.replace(/\/$/, '');
}

function boundedFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'manual' });
    if (response.body === null) return response;
    let left = LARGEST_ANSWER;
    const bounded = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          left -= chunk.byteLength;
          if (left < 0) controller.error(new Error('the answer of the judge is too large'));
          else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(bounded, { status: response.status, headers: response.headers });
  };
}

async function ask(
  client: OpenAI,
  options: JudgeModelOptions,
  call: JudgeCall,
  signal: AbortSignal,
): Promise<JudgeReply> {
  // The SDK's own timeout ends with the headers; the deadline covers the whole call.
  const deadline = AbortSignal.timeout(options.timeout);
  try {
    const completion = await client.chat.completions.create(
      {
        model: options.name,
        messages: [
          { role: 'system', content: call.system },
          { role: 'user', content: call.user },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'judgement', strict: true, schema: call.schema } },
        ...(fixesTemperature(options.name) ? {} : { temperature: 0 }),
      },
      { signal: AbortSignal.any([signal, deadline]) },
    );
    return replyOf(completion, options.name);
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' };
    if (deadline.aborted || error instanceof APIConnectionTimeoutError) return failed('timeout', null, true, null);
    return failureOf(error, options.name);
  }
}

/** Reasoning models refuse any temperature but their own. */
function fixesTemperature(model: string): boolean {
  return /(?:^|\/)(?:gpt-5|o\d)/.test(model);
}

function replyOf(completion: OpenAI.Chat.ChatCompletion, asked: string): JudgeReply {
  // The server is not trusted to send what the SDK's types promise.
  const choice = completion.choices?.[0] as Partial<OpenAI.Chat.ChatCompletion.Choice> | undefined;
  const text = choice?.message?.content;
  const refused = typeof choice?.message?.refusal === 'string' || choice?.finish_reason === 'content_filter';
  return {
    kind: refused ? 'refused' : 'answer',
    text: typeof text === 'string' ? text : '',
    model: typeof completion.model === 'string' ? word(completion.model) : asked,
    usage: usageOf(completion.usage),
  };
}

function usageOf(usage: OpenAI.CompletionUsage | null | undefined): JudgeUsage | null {
  if (!isCount(usage?.prompt_tokens) || !isCount(usage.completion_tokens)) return null;
  const cached = usage.prompt_tokens_details?.cached_tokens;
  return { in: usage.prompt_tokens, out: usage.completion_tokens, cached: isCount(cached) ? cached : 0 };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const CONTENT_CODES: ReadonlySet<string> = new Set(['content_filter', 'content_policy_violation']);

function failureOf(error: unknown, asked: string): JudgeReply {
  if (error instanceof APIUserAbortError) return failed('timeout', null, true, null);
  if (!(error instanceof APIError) || error.status === undefined) {
    return failed('provider_error', { source: 'judge', class: 'transient', status: null, code: null }, true, null);
  }
  const status: number = error.status;
  const code = codeWord(error.code);
  const type = codeWord(error.type);
  if (status === 400 && code !== null && CONTENT_CODES.has(code)) {
    return { kind: 'refused', text: '', model: asked, usage: null };
  }
  const errorClass = classifyLlmError(status, [code, type]);
  const again = errorClass === 'transient' || errorClass === 'rate_limit';
  const llmError: LlmError = { source: 'judge', class: errorClass, status, code: code ?? type };
  return failed('provider_error', llmError, again, again ? retryAfterMs(error.headers) : null);
}

function failed(
  state: 'timeout' | 'provider_error',
  error: LlmError | null,
  again: boolean,
  retryAfter: number | null,
): JudgeReply {
  return { kind: 'failed', state, error, again, retryAfterMs: retryAfter };
}

/** RFC 9110 §10.2.3, seconds only, and OpenAI's `retry-after-ms`. A date needs clocks that agree. */
function retryAfterMs(headers: Headers | undefined): number | null {
  const ms = Number(headers?.get('retry-after-ms') || Number.NaN);
  if (ms >= 0) return ms;
  const seconds = Number(headers?.get('retry-after') || Number.NaN);
  return seconds >= 0 ? seconds * 1_000 : null;
}
