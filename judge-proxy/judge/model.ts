/** One call of the judge model: an OpenAI-compatible endpoint, the strictest form it knows, no retries (the queue owns those). */

import OpenAI, { APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { word } from '../exchange/free-strings.ts';
import type { LlmError, OutputMode } from '../ledger/records.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { BreakerState } from './breaker.ts';
import { classifyLlmError, codeWord } from './llm-error.ts';
import { boundedFetch } from './model-fetch.ts';
import { EndpointForm, type FormRefusal, type OutputForm, plainerForm } from './output-form.ts';

export interface JudgeModelOptions {
  readonly base_url: string;
  readonly api_key: string;
  readonly name: string;
  /** Milliseconds for the whole call. */
  readonly timeout: number;
  /** Goes through the resolver and the address guard; must not follow redirects. */
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** What is known of the endpoint; shared by all models there of this name. */
  readonly form?: EndpointForm;
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
      /** How the answer was asked for. */
      readonly outputMode?: OutputMode;
    }
  | {
      readonly kind: 'failed';
      /** `circuit_open`: not asked, because the endpoint failed too often just now. */
      readonly state: 'timeout' | 'provider_error' | 'circuit_open';
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
  /** State of its endpoint; absent where nothing guards it. */
  readonly breaker?: BreakerState;
  /**
   * Never rejects.
   * @param withinMs milliseconds from now in which it ends, when that is less than the model's own timeout
   */
  ask(call: JudgeCall, signal: AbortSignal, withinMs?: number): Promise<TimedReply>;
}

export interface TimedReply {
  readonly reply: JudgeReply;
  readonly latencyMs: number;
}

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
  const { form = new EndpointForm(options.name) } = options;
  return {
    name: options.name,
    ask: async (call, signal, withinMs = options.timeout) => {
      const started = options.clock.monotonic();
      const within = { signal, withinMs: Math.min(withinMs, options.timeout) };
      const reply = await ask(client, options, form, call, within);
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

/** What an answer became, or the plainer form in which to ask again. */
type Step = JudgeReply | { readonly kind: 'plainer'; readonly form: OutputForm };

/** One question: asked once, and again only in a plainer form when the endpoint says that it does not know this one. */
async function ask(
  client: OpenAI,
  options: JudgeModelOptions,
  form: EndpointForm,
  call: JudgeCall,
  limit: { readonly signal: AbortSignal; readonly withinMs: number },
): Promise<JudgeReply> {
  if (limit.signal.aborted) return { kind: 'aborted' };
  if (limit.withinMs <= 0) return TIMED_OUT;
  // The SDK's own timeout ends with the headers; the deadline covers the whole call, all forms together.
  const deadline = AbortSignal.timeout(Math.ceil(limit.withinMs));
  const signals = { given: limit.signal, deadline, either: AbortSignal.any([limit.signal, deadline]) };
  for (let tried = form.current; ; ) {
    const step = await askIn(tried, client, options, call, signals);
    if (step.kind === 'plainer') {
      tried = step.form;
      continue;
    }
    // An endpoint that refuses the plainer form too has told nothing about the first.
    if (step.kind === 'answer') form.settle(tried);
    return step;
  }
}

async function askIn(
  form: OutputForm,
  client: OpenAI,
  options: JudgeModelOptions,
  call: JudgeCall,
  signals: { readonly given: AbortSignal; readonly deadline: AbortSignal; readonly either: AbortSignal },
): Promise<Step> {
  try {
    const completion = await client.chat.completions.create(
      {
        model: options.name,
        messages: [
          { role: 'system', content: call.system },
          { role: 'user', content: call.user },
        ],
        ...responseFormat(form.mode, call.schema),
        ...(form.temperature ? { temperature: 0 } : {}),
      },
      { signal: signals.either },
    );
    return replyOf(completion, options.name, form.mode);
  } catch (error) {
    if (signals.given.aborted) return { kind: 'aborted' };
    if (signals.deadline.aborted || error instanceof APIConnectionTimeoutError) return TIMED_OUT;
    const next = error instanceof APIError ? plainerForm(form, refusalOf(error)) : null;
    return next === null ? failureOf(error, options.name) : { kind: 'plainer', form: next };
  }
}

function responseFormat(
  mode: OutputMode,
  schema: Record<string, unknown>,
): Pick<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming, 'response_format'> {
  switch (mode) {
    case 'json_schema':
      return { response_format: { type: mode, json_schema: { name: 'judgement', strict: true, schema } } };
    case 'json_object':
      return { response_format: { type: mode } };
    case 'text':
      return {};
    default:
      return mode satisfies never;
  }
}

function refusalOf(error: APIError): FormRefusal {
  const { code, param, message } = error as { code?: unknown; param?: unknown; message: string };
  return {
    status: error.status ?? 0,
    code: typeof code === 'string' ? code : null,
    param: typeof param === 'string' ? param : null,
    message,
  };
}

const TIMED_OUT = failed('timeout', null, true, null);

function replyOf(completion: OpenAI.Chat.ChatCompletion, asked: string, outputMode: OutputMode): JudgeReply {
  // The server is not trusted to send what the SDK's types promise.
  const choice = completion.choices?.[0] as Partial<OpenAI.Chat.ChatCompletion.Choice> | undefined;
  const text = choice?.message?.content;
  const refused = typeof choice?.message?.refusal === 'string' || choice?.finish_reason === 'content_filter';
  return {
    kind: refused ? 'refused' : 'answer',
    text: typeof text === 'string' ? text : '',
    model: typeof completion.model === 'string' ? word(completion.model) : asked,
    usage: usageOf(completion.usage),
    outputMode,
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
  if (error instanceof APIUserAbortError) return TIMED_OUT;
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
