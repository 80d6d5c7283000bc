/** One request to a sink over the network, with the resolver, the address guard and the checks that traffic has. */

import type { Limits } from '../config/schema.ts';
import type { SinkConfig } from '../config/sinks.ts';
import { ProxyError } from '../errors.ts';
import { createAddressGuard } from '../policy/address.ts';
import type { Clock } from '../telemetry/clock.ts';
import { createJudgeFetch } from '../upstream/judge-fetch.ts';
import { bulkOutcome, type Outcome, outcomeOf } from './answer.ts';
import type { Send } from './delivery.ts';
import { requestFor } from './request.ts';

export interface Sender {
  readonly send: Send;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Only the bulk API's answer is read; it has some hundred bytes an item. */
const MOST_ANSWER = 8 * 1024 * 1024;

/** @throws Error that names a CA file which cannot be read */
export function createSender(
  sink: SinkConfig,
  limits: Pick<Limits, 'dns' | 'connect' | 'tls_handshake'>,
  clock: Clock,
): Sender {
  const guard = createAddressGuard(sink.allow_addresses);
  const { fetch, close } = createJudgeFetch({ caFiles: sink.ca_files, guard, limits, connections: 1 });
  const closing = new AbortController();
  return {
    send: async (events, id) => {
      const { headers, body } = requestFor(sink, events, id, clock.now());
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(sink.timeout)]);
      try {
        const response = await fetch(sink.url, { method: 'POST', headers, body, signal });
        return await outcomeOfAnswer(sink, response, events.length, clock.now());
      } catch (error) {
        return { kind: 'retry', afterMs: null, code: failureCode(error) };
      }
    },
    close: async () => {
      closing.abort();
      await close();
    },
  };
}

async function outcomeOfAnswer(sink: SinkConfig, response: Response, count: number, nowMs: number): Promise<Outcome> {
  const outcome = outcomeOf(response.status, response.headers.get('retry-after'), nowMs);
  if (sink.type !== 'elastic' || outcome.kind !== 'delivered') {
    await response.body?.cancel();
    return outcome;
  }
  const text = await readBounded(response);
  try {
    return bulkOutcome(text === null ? null : JSON.parse(text), count);
  } catch {
    return bulkOutcome(null, count);
  }
}

async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_ANSWER) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A word of ours: the codes of errors.ts, `timeout`, or `network`. */
function failureCode(error: unknown): string {
  if (!(error instanceof Error)) return 'network';
  if (error.name === 'TimeoutError') return 'timeout';
  if (error.name === 'AbortError') return 'stopped';
  const { cause } = error;
  return cause instanceof ProxyError ? cause.code : 'network';
}
