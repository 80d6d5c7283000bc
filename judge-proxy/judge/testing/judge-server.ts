/** A judge model on loopback, with the client that reaches it as in production: address guard, no redirects. */

import { judgeModelHandler } from '../../../test/support/judge-model.ts';
import { chatCompletion } from '../../../test/support/openai-shapes.ts';
import { Origin, type OriginHandler } from '../../../test/support/origin.ts';
import { createAddressGuard } from '../../policy/address.ts';
import { systemClock } from '../../telemetry/clock.ts';
import { createJudgeFetch } from '../../upstream/judge-fetch.ts';
import { createJudgeModel, type JudgeModel, type JudgeModelOptions } from '../model.ts';

export const JUDGE_KEY = ['sk', 'judge', '7f3a9c1e5b2d8046aa'].join('-');

export interface JudgeServer extends AsyncDisposable {
  readonly origin: Origin;
  readonly model: JudgeModel;
}

/** @param handler answers like a judge unless given */
export async function startJudgeServer(
  handler: OriginHandler = judgeModelHandler(),
  over: Partial<JudgeModelOptions> = {},
): Promise<JudgeServer> {
  const origin = await Origin.start({ handler });
  const judgeFetch = createJudgeFetch({
    caFiles: [],
    guard: createAddressGuard(['127.0.0.1/32']),
    limits: { dns: 2_000, connect: 2_000, tls_handshake: 2_000 },
    connections: 16,
  });
  const model = createJudgeModel({
    base_url: `http://127.0.0.1:${origin.port}/v1`,
    api_key: JUDGE_KEY,
    name: 'test-judge',
    timeout: 10_000,
    fetch: judgeFetch.fetch,
    clock: systemClock,
    ...over,
  });
  const close = async () => {
    await judgeFetch.close();
    await origin.close();
  };
  return { origin, model, [Symbol.asyncDispose]: close };
}

/** An answer of the endpoint as it is, whatever was asked. */
export function answering(status: number, body: unknown, headers: Record<string, string> = {}): OriginHandler {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A completion whose message is spoiled. */
export function completing(choice: object, text = ''): OriginHandler {
  const completion = chatCompletion({ model: 'test-judge', text }) as { choices: object[] };
  return answering(200, { ...completion, choices: [{ ...completion.choices[0], ...choice }] });
}

/** The handlers one after the other; the last goes on. */
export function inTurn(...handlers: readonly OriginHandler[]): OriginHandler {
  let calls = 0;
  return (seen, response, origin) => {
    const handler = handlers[Math.min(calls++, handlers.length - 1)];
    return handler?.(seen, response, origin);
  };
}

/** Never answers. */
export const hanging: OriginHandler = () => undefined;
