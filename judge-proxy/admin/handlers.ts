/** What answers the endpoints of the contract: one function each, without HTTP. server.ts checks and calls them. */

import type { Answer, Body, ENDPOINTS, EndpointName, Params, Query } from '../contract/endpoints.ts';
import type { Permission, Role } from '../contract/roles.ts';
import type { Action, Actor, ActRecord } from '../ledger/acts.ts';

/** Who asks, authenticated. */
export interface Caller {
  readonly actor: Actor;
  /** Name of the user; of a token that of its maker. Labels and queues are by this name. */
  readonly user: string;
  readonly role: Role;
  /** Of the role; of a token only its scopes. */
  readonly permissions: ReadonlySet<Permission>;
}

export interface Context {
  readonly caller: Caller;
  readonly requestId: string;
  /** The caller went away, or the server closes. */
  readonly signal: AbortSignal;
  /** An audit record of this caller, now: to be appended with the change that it tells of. */
  act(action: Action, object: string, before: ActRecord['before'], after: ActRecord['after']): ActRecord;
}

export interface Given<N extends EndpointName> {
  readonly params: Params<N>;
  readonly query: Query<N>;
  readonly body: Body<N>;
}

/** Bytes as a download. */
export interface FileAnswer {
  readonly type: string;
  readonly name: string;
  readonly body: AsyncIterable<string | Uint8Array>;
}

type AnswerOf<N extends EndpointName> = (typeof ENDPOINTS)[N]['answer'] extends 'file'
  ? FileAnswer
  : (typeof ENDPOINTS)[N]['answer'] extends 'events'
    ? AsyncIterable<Answer<N>>
    : Answer<N>;

/** @throws {ApiProblem} what the caller is told; everything else is `internal` */
export type Handler<N extends EndpointName> = (given: Given<N>, context: Context) => Promise<AnswerOf<N>>;

/** Sign-in and what belongs to it sets cookies: the server answers these itself (accounts/sessions.ts). */
export const SESSION_ENDPOINTS = [
  'sign_in',
  'who_am_i',
  'sign_out',
  'change_password',
  'sign_in_ways',
  'start_oidc',
  'finish_oidc',
] as const;
export type SessionEndpoint = (typeof SESSION_ENDPOINTS)[number];

export type HandledEndpoint = Exclude<EndpointName, SessionEndpoint>;
export type Handlers = { readonly [N in HandledEndpoint]: Handler<N> };
