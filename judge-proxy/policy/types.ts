/** The values that policy decisions are made of and give out. */

import type { RouteConfig } from '../config/schema.ts';

/**
 * A target, canonical: the one form that policy, minting, dialling and comparison use.
 * `host`: lower-case A-label name without trailing dot, or an IP literal without brackets.
 */
export interface Authority {
  readonly host: string;
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  readonly port: number;
}

export type Action = 'tunnel' | 'terminate' | 'deny';

/** The answer of the routes for one authority. No match denies. */
export type RouteDecision =
  | { readonly action: Action; readonly route: RouteConfig }
  | { readonly action: 'deny'; readonly route: null };
