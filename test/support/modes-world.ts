/**
 * A chain with a route for each mode and each answer to a failed judge, an origin that says what the prompt asks for in
 * all three wire formats, and a judge model that fails as the prompt asks for. Clients are the vendors' SDKs.
 */

import { readFile } from 'node:fs/promises';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { message, messageEvents } from './anthropic-shapes.ts';
import { Chain, type Hop } from './chain.ts';
import { judgeModelHandler } from './judge-model.ts';
import { openAiHandler, type Script } from './openai-origin.ts';
import { chatCompletion } from './openai-shapes.ts';
import type { OriginHandler, SeenRequest } from './origin.ts';

export const MODES = ['observe', 'cleared', 'eager', 'hold'] as const;
export const POLICIES = ['allow', 'review', 'block'] as const;
export const APIS = ['chat', 'responses', 'anthropic'] as const;
/** How the judge model fails, and the state that this gives. */
export const FAULTS = {
  http_400: 'provider_error',
  garbage: 'invalid_output',
  nonce: 'nonce_mismatch',
  quote: 'quote_mismatch',
  refused: 'refused',
  silence: 'timeout',
} as const;
export type ModeName = (typeof MODES)[number];
export type Policy = (typeof POLICIES)[number];
export type ApiName = (typeof APIS)[number];
export type Fault = keyof typeof FAULTS;

/** Words that the patterns of the judge model hold for a violation. */
export const CONFIDENTIAL = 'STRICTLY CONFIDENTIAL: the merger';
/** Found by rules. Put together here so that no scanner takes this file for a leak. */
export const SECRET = ['sk-proj', 'Zq8Fj2kLmNp3QrStUvWxYz0123456789abcdefABCDEFGHIJ'].join('-');
/** Some two hundred tokens that nobody objects to. */
export const PROSE = Array.from({ length: 20 }, (_, i) => `Sentence ${i} speaks of rivers and their bridges. `).join(
  '',
);

const TEXTS: Readonly<Record<string, string>> = {
  clean: `${PROSE}The end.`,
  confidential: `${PROSE}${CONFIDENTIAL} is in May. ${PROSE}`,
  secret: `${PROSE}Take the key ${SECRET} for it. ${PROSE}`,
};

/** What came of one call, as the program that made it sees it. */
export interface Seen {
  /** The SDK raised. */
  readonly raised: { readonly status: number | undefined; readonly code: unknown; readonly message: string } | null;
  /** Text that it was given, before it raised or in all. */
  readonly text: string;
  /** Milliseconds from the call to the first text. */
  readonly firstTextMs: number | null;
}

export interface Call {
  readonly api: ApiName;
  readonly streamed: boolean;
  readonly mode: ModeName;
  readonly policy: Policy;
  /** Unique: the verdict is found by it. */
  readonly model: string;
  readonly prompt: string;
}

export class ModesWorld {
  readonly chain: Chain;
  readonly #agent: ProxyAgent;

  private constructor(chain: Chain, agent: ProxyAgent) {
    this.chain = chain;
    this.#agent = agent;
  }

  static async start(hop: Hop, config: Readonly<Record<string, unknown>> = {}): Promise<ModesWorld> {
    const hosts = MODES.flatMap((mode) => POLICIES.map((policy) => hostOf(mode, policy)));
    const chain = await Chain.start({
      hop,
      handler: originHandler,
      judgeHandler: faultyJudge(),
      terminatedHosts: hosts,
      config: {
        routes: MODES.flatMap((mode) => POLICIES.map((policy) => routeOf(mode, policy))),
        // The breaker has tests of its own; here it would end all that comes after five faults.
        limits: { judge_breaker_failures: 1_000_000 },
        judges: { default: { model: { timeout: '2s' } } },
        ...config,
      },
    });
    const agent = new ProxyAgent({ uri: chain.proxyUrl, requestTls: { ca: await readFile(chain.caFile, 'utf8') } });
    return new ModesWorld(chain, agent);
  }

  /** Makes the call as a program would. */
  async call(call: Call): Promise<Seen> {
    let text = '';
    let firstTextMs: number | null = null;
    const started = performance.now();
    const told = (piece: string) => {
      if (piece === '') return;
      firstTextMs ??= performance.now() - started;
      text += piece;
    };
    try {
      if (call.api === 'anthropic') await this.#anthropic(call, told);
      else if (call.api === 'chat') await this.#chat(call, told);
      else await this.#responses(call, told);
      return { raised: null, text, firstTextMs };
    } catch (error) {
      if (!(error instanceof OpenAI.APIError) && !(error instanceof Anthropic.APIError)) throw error;
      const code =
        'code' in error ? error.code : (error.error as { error?: { type?: string } } | undefined)?.error?.type;
      return { raised: { status: error.status, code, message: error.message }, text, firstTextMs };
    }
  }

  async stop(): Promise<void> {
    await this.#agent.close();
    await this.chain.stop();
  }

  async #chat({ streamed, model, prompt, ...route }: Call, told: (text: string) => void): Promise<void> {
    const params = { model, messages: [{ role: 'user' as const, content: prompt }] };
    const { completions } = this.#openai(route).chat;
    if (!streamed) return told((await completions.create(params)).choices[0]?.message.content ?? '');
    for await (const chunk of await completions.create({ ...params, stream: true }))
      told(chunk.choices[0]?.delta.content ?? '');
  }

  async #responses({ streamed, model, prompt, ...route }: Call, told: (text: string) => void): Promise<void> {
    const { responses } = this.#openai(route);
    if (!streamed) return told((await responses.create({ model, input: prompt })).output_text);
    for await (const event of await responses.create({ model, input: prompt, stream: true })) {
      if (event.type === 'response.output_text.delta') told(event.delta);
    }
  }

  async #anthropic({ streamed, model, prompt, ...route }: Call, told: (text: string) => void): Promise<void> {
    const client = new Anthropic({ apiKey: 'sk-ant-test', ...this.#wired(route), maxRetries: 2 });
    const params = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: prompt }] };
    if (!streamed) {
      const [block] = (await client.messages.create(params)).content;
      return told(block?.type === 'text' ? block.text : '');
    }
    for await (const event of await client.messages.create({ ...params, stream: true })) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') told(event.delta.text);
    }
  }

  #openai(route: Pick<Call, 'mode' | 'policy'>): OpenAI {
    const { baseURL, fetch } = this.#wired(route);
    // Retries stay at the SDK's default: a block that is repeated would be seen twice by the origin.
    return new OpenAI({ apiKey: 'sk-test', baseURL: `${baseURL}/v1`, fetch });
  }

  #wired({ mode, policy }: Pick<Call, 'mode' | 'policy'>) {
    return {
      baseURL: `https://${hostOf(mode, policy)}`,
      fetch: (url: unknown, init: unknown) =>
        undiciFetch(url as string, { ...(init as object), dispatcher: this.#agent }) as unknown as Promise<Response>,
    };
  }
}

function hostOf(mode: ModeName, policy: Policy): string {
  return `${mode}-${policy}.modes.test`;
}

function routeOf(mode: ModeName, policy: Policy): Record<string, unknown> {
  const windowed = mode === 'cleared' || mode === 'eager';
  return {
    name: `${mode}-${policy}`,
    hosts: [hostOf(mode, policy)],
    action: 'terminate',
    judge: 'default',
    mode: windowed ? 'window' : mode,
    // A window of 200 characters, read by rules 40 at a time: each answer has several.
    ...(windowed ? { window: { release: mode, tokens: 50, rules_tokens: 10, overlap_tokens: 20 } } : {}),
    on_judge_failure: policy,
  };
}

/** The answer that the prompt names, in the format of the path. */
const script: Script = ({ lastUser }) => ({
  kind: 'reply',
  text: TEXTS[wordAfter('say', lastUser) ?? ''] ?? 'You said something.',
  deltaLength: 8,
});

const openAi = openAiHandler({ script });

const originHandler: OriginHandler = async (seen, response, origin) => {
  if (!seen.url.startsWith('/v1/messages')) return openAi(seen, response, origin);
  const sent = JSON.parse(seen.body.toString('utf8')) as {
    model: string;
    stream?: boolean;
    messages: { content: string }[];
  };
  const reply = { model: sent.model, text: TEXTS[wordAfter('say', sent.messages.at(-1)?.content ?? '') ?? ''] ?? '' };
  if (sent.stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message(reply)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const event of messageEvents(reply)) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end();
};

/** Answers by the patterns of `judgeModelHandler`, unless the text that it is shown asks for a fault. */
function faultyJudge(): OriginHandler {
  const sound = judgeModelHandler();
  const tampering = (tamper: (answer: Record<string, unknown>) => unknown) => judgeModelHandler({ tamper });
  const handlers: Readonly<Record<Fault, OriginHandler>> = {
    http_400: (_seen, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ error: { message: 'no', type: 'invalid_request_error', param: null, code: 'odd' } }),
      );
    },
    garbage: (seen, response) => answer(seen, response, { text: 'I would rather not say.' }),
    nonce: tampering((judged) => ({ ...judged, nonce: 'another' })),
    quote: tampering((judged) => ({
      ...judged,
      judge_manipulation: { present: true, evidence: [{ place: 'response', quote: 'words that nobody wrote' }] },
    })),
    refused: (seen, response) => answer(seen, response, { refusal: 'I cannot judge this.' }),
    silence: () => {},
  };
  return (seen, response, origin) => {
    const fault = wordAfter('fault', seen.body.toString('utf8'));
    const handler = fault !== null && Object.hasOwn(handlers, fault) ? handlers[fault as Fault] : sound;
    return handler(seen, response, origin);
  };
}

function answer(
  seen: SeenRequest,
  response: Parameters<OriginHandler>[1],
  { text = '', refusal = null }: { text?: string; refusal?: string | null },
): void {
  const { model } = JSON.parse(seen.body.toString('utf8')) as { model: string };
  const completion = chatCompletion({ model, text }) as { choices: { message: object }[] };
  const [choice] = completion.choices;
  if (choice !== undefined) choice.message = { ...choice.message, refusal };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(completion));
}

/** `say:clean` → `clean`. */
function wordAfter(name: string, text: string): string | null {
  return new RegExp(`${name}:([a-z0-9_]+)`).exec(text)?.[1] ?? null;
}
