/**
 * The judge endpoints of the process. Judges that ask the same model at the same address with the same key share what is
 * known about it: the form it understands and the breaker.
 */

import type { LlmError } from '../ledger/records.ts';
import type { Clock } from '../telemetry/clock.ts';
import { Breaker, type BreakerState, type CallResult } from './breaker.ts';
import { createJudgeModel, type JudgeModel, type JudgeReply } from './model.ts';
import { EndpointForm } from './output-form.ts';

/** A model of the config (`judges.*.model`, `judges.*.small_model`). */
export interface EndpointConfig {
  readonly base_url: string;
  readonly api_key: string;
  readonly name: string;
  /** Milliseconds for the whole call. */
  readonly timeout: number;
  readonly ca_files: readonly string[];
  readonly allow_addresses: readonly string[];
}

/** Connections to one endpoint, its own: traffic never shares them. */
export interface EndpointConnection {
  readonly fetch: typeof globalThis.fetch;
  close(): Promise<void>;
}

export interface EndpointsOptions {
  readonly clock: Clock;
  readonly limits: {
    readonly judge_breaker_failures: number;
    /** Milliseconds. */
    readonly judge_breaker_open: number;
    readonly judge_breaker_successes: number;
  };
  /** Called once for each address with its key, CAs and listed addresses. */
  readonly connect: (config: EndpointConfig) => EndpointConnection;
  /** A breaker changed: name of the model as configured, and which of its endpoints. */
  readonly onBreaker?: (model: string, state: BreakerState, endpoint: number) => void;
}

export interface Endpoints {
  /** @throws Error that says what is wrong with base URL or key, without showing the key */
  model(config: EndpointConfig): JudgeModel;
  close(): Promise<void>;
}

interface Shared {
  readonly form: EndpointForm;
  readonly breaker: Breaker;
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { clock, limits, connect, onBreaker } = options;
  const shared = new Map<string, Shared>();
  const connections = new Map<string, EndpointConnection>();
  const create = ({ name }: EndpointConfig, endpoint: number): Shared => ({
    form: new EndpointForm(name),
    breaker: new Breaker(
      {
        failures: limits.judge_breaker_failures,
        openMs: limits.judge_breaker_open,
        successes: limits.judge_breaker_successes,
      },
      clock,
      (state) => onBreaker?.(name, state, endpoint),
    ),
  });
  return {
    model: (config) => {
      const { base_url, api_key, name, timeout, ca_files, allow_addresses } = config;
      const address = base_url.replace(/\/$/, '');
      // An account is what has a quota and a rate: another key is another endpoint.
      const { form, breaker } = known(shared, [address, api_key, name], () => create(config, shared.size));
      const connection = known(connections, [address, api_key, ca_files, allow_addresses], () => connect(config));
      const model = createJudgeModel({ base_url, api_key, name, timeout, form, clock, fetch: connection.fetch });
      return withBreaker(model, breaker, timeout);
    },
    close: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.close()));
    },
  };
}

function known<Value>(map: Map<string, Value>, key: readonly unknown[], create: () => Value): Value {
  const text = JSON.stringify(key);
  const value = map.get(text) ?? create();
  map.set(text, value);
  return value;
}

/** A timeout after a smaller share of the model's own says nothing: the rest was spent waiting for a turn. */
const FAIR_SHARE = 0.25;

/**
 * The model behind its breaker: while that is open, it answers at once and nobody is asked.
 * @param timeoutMs of the model: one that had less than a fair share of it cannot fail
 */
export function withBreaker(model: JudgeModel, breaker: Breaker, timeoutMs = 0): JudgeModel {
  return {
    name: model.name,
    get breaker() {
      return breaker.state;
    },
    ask: async (call, signal, withinMs) => {
      if (signal.aborted) return { reply: { kind: 'aborted' }, latencyMs: 0 };
      const admission = breaker.enter();
      if (!admission.admitted) return { reply: notAsked(admission.why, admission.afterMs), latencyMs: 0 };
      let result: CallResult = 'unknown';
      try {
        const timed = await model.ask(call, signal, withinMs);
        const isFair = withinMs === undefined || withinMs >= timeoutMs * FAIR_SHARE;
        result = isTimeout(timed.reply) && !isFair ? 'unknown' : resultOf(timed.reply);
        const patience = patienceOf(timed.reply);
        if (patience !== null) breaker.pause(patience);
        return timed;
      } finally {
        breaker.leave(admission.ticket, result);
      }
    },
  };
}

const PAUSED: LlmError = { source: 'judge', class: 'rate_limit', status: null, code: null };

function notAsked(why: 'open' | 'paused', afterMs: number): JudgeReply {
  const retryAfterMs = Math.ceil(afterMs);
  if (why === 'open') return { kind: 'failed', state: 'circuit_open', error: null, again: false, retryAfterMs };
  return { kind: 'failed', state: 'provider_error', error: PAUSED, again: true, retryAfterMs };
}

function isTimeout(reply: JudgeReply): boolean {
  return reply.kind === 'failed' && reply.state === 'timeout';
}

/**
 * What a reply says about the endpoint.
 *
 * - Failures: timeouts, transient errors, and what fails for every question alike: a key that is refused, a quota that is
 *   spent, a model or path that is not there. Those are not worth a call per exchange.
 * - A rate limit is no failure: the endpoint works, and lets some calls through. It is obeyed instead: nobody asks before
 *   `Retry-After`.
 * - What depends on the question (400, 413, 422, a refusal, an unusable answer) says that the endpoint answers. Else a
 *   client could switch the judge off for all by sending five requests that it cannot read.
 * - A 403 that does not speak of the key may be a firewall's word about the question. It neither opens nor closes.
 */
export function resultOf(reply: JudgeReply): CallResult {
  if (reply.kind === 'aborted') return 'unknown';
  if (reply.kind !== 'failed') return 'success';
  if (reply.state === 'timeout') return 'failure';
  switch (reply.error?.class) {
    case 'rate_limit':
      return 'unknown';
    case 'permanent':
      return OF_THE_QUESTION.has(reply.error.status ?? 0) ? 'success' : 'failure';
    case 'auth':
      return reply.error.status === 403 && !OF_THE_KEY.has(reply.error.code ?? '') ? 'unknown' : 'failure';
    default:
      return 'failure';
  }
}

const OF_THE_QUESTION: ReadonlySet<number> = new Set([400, 413, 422]);
const OF_THE_KEY: ReadonlySet<string> = new Set(['invalid_api_key', 'authentication_error', 'permission_error']);

function patienceOf(reply: JudgeReply): number | null {
  return reply.kind === 'failed' && reply.error?.class === 'rate_limit' ? reply.retryAfterMs : null;
}
