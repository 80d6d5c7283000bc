/**
 * The door's decision, without a socket: from what arrived to what is done with it (DESIGN decision 1). What needs the
 * network (resolve and vet, dial, certificate) comes after it, in the same order, in admit.ts.
 */

import type { RouteConfig } from '../config/schema.ts';
import { ProxyError } from '../errors.ts';
import type { RouteTable } from '../policy/routes.ts';
import type { Action, Authority } from '../policy/types.ts';
import { identify, type Peer } from './identity.ts';
import { passedThrough, type RequestHead, readTarget, type Target } from './target.ts';

export interface DoorPolicy {
  readonly routes: RouteTable;
  /** Our name in Via. */
  readonly pseudonym: string;
  /** No new work: the process is about to end. */
  readonly draining: boolean;
}

/** What was known of a request when it was refused. */
export interface Refused {
  readonly outcome: 'refuse';
  readonly error: ProxyError;
  readonly client: string;
  readonly authority: Authority | null;
  readonly route: RouteConfig | null;
  readonly action: Action;
}

export interface Admitted {
  /** What to do: relay or terminate a tunnel, or forward one request in absolute-form. */
  readonly outcome: 'tunnel' | 'terminate' | 'forward';
  readonly client: string;
  readonly authority: Authority;
  readonly route: RouteConfig;
  readonly action: 'tunnel' | 'terminate';
  /** Origin-form with query for `forward`, empty for a tunnel. */
  readonly path: string;
}

export type Decision = Refused | Admitted;

/** A client that could not be identified, in records. */
const NOBODY = 'unknown';

/** Never throws. The first of the numbered reasons to refuse wins. */
export function decide(peer: Peer, head: RequestHead, policy: DoorPolicy): Decision {
  // 1. Identity: before a byte of the request is believed.
  const client = identify(peer, head.rawHeaders);
  // 2. Target: needed for the record of every refusal below.
  const target = readTarget(head);
  const authority = target instanceof ProxyError ? null : target.authority;
  const refuse = (error: ProxyError, route: RouteConfig | null = null, action: Action = 'deny'): Refused => {
    return { outcome: 'refuse', error, client: typeof client === 'string' ? client : NOBODY, authority, route, action };
  };
  if (client instanceof ProxyError) return refuse(client);
  if (target instanceof ProxyError) return refuse(target);
  // 3. Drain: after the target, so that the record names it.
  if (policy.draining) return refuse(new ProxyError('shutting_down'));
  // 4. Loop.
  if (passedThrough(head.rawHeaders, policy.pseudonym)) return refuse(new ProxyError('proxy_loop', { reason: 'via' }));
  // 5. Route. The policy is one, whichever form the target came in.
  const { action, route } = policy.routes.decide(target.authority);
  if (route === null) return refuse(new ProxyError('no_route'));
  if (action === 'deny') return refuse(new ProxyError('route_denied'), route);
  return admitted(client, target, route, action);
}

function admitted(client: string, target: Target, route: RouteConfig, action: 'tunnel' | 'terminate'): Admitted {
  const { authority } = target;
  return target.form === 'connect'
    ? { outcome: action, client, authority, route, action, path: '' }
    : { outcome: 'forward', client, authority, route, action, path: target.path };
}
