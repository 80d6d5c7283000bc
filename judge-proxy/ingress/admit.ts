/** The part of the decision that needs the network: vet → (tunnel) dial, (terminate) certificate. */

import type { Socket } from 'node:net';
import { ProxyError } from '../errors.ts';
import type { Interceptor } from '../intercept/interceptor.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Admitted } from './decide.ts';

export interface AdmitOptions {
  readonly upstream: Pick<Upstream, 'vet' | 'dial'>;
  readonly interceptor: Pick<Interceptor, 'prepare'>;
}

/**
 * Everything that can fail before the answer, so that a failure is still an HTTP answer.
 * @param signal aborted when the client is gone
 * @returns the origin socket of a blind tunnel, null otherwise
 * @throws ProxyError, whatever went wrong
 */
export async function admit(decision: Admitted, options: AdmitOptions, signal: AbortSignal): Promise<Socket | null> {
  try {
    const target = await options.upstream.vet(decision.authority);
    switch (decision.outcome) {
      case 'tunnel':
        return await options.upstream.dial(target, signal);
      case 'terminate':
        await options.interceptor.prepare(decision.authority);
        return null;
      case 'forward':
        return null;
      default:
        return decision.outcome satisfies never;
    }
  } catch (error) {
    throw error instanceof ProxyError ? error : new ProxyError('internal', { cause: error });
  }
}
