/**
 * The admin API as typed calls, made from the table of endpoints that the server is made from: a name, what it is given,
 * what it answers. Knows the session's CSRF token, and says when the session is over.
 */

import type { z } from 'zod';
import { type Answer, ENDPOINTS, type EndpointName } from '../../../contract/endpoints.ts';
import type { Me } from '../../../contract/responses.ts';
import { ApiError, readProblem, unreachable } from './problem.ts';

type Of<N extends EndpointName> = (typeof ENDPOINTS)[N];
type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };
/** A part of a request: left out where it has no field that must be given. */
type Part<Name extends string, T> =
  Record<never, never> extends T ? { readonly [K in Name]?: Loose<T> } : { readonly [K in Name]: Loose<T> };

/** What a call is given: `params` in the path, `query` behind it, `body` as JSON. */
export type Given<N extends EndpointName> = Part<'params', z.input<Of<N>['params']>> &
  Part<'query', z.input<Of<N>['query']>> &
  Part<'body', z.input<Of<N>['body']>>;

interface Parts {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

export type JsonEndpoint = {
  [N in EndpointName]: Of<N>['answer'] extends 'json' ? N : never;
}[EndpointName];

/** Calls after which a 401 says "wrong password" and not "the session is over". */
const SIGNING_IN: ReadonlySet<EndpointName> = new Set(['sign_in', 'who_am_i', 'change_password']);

export class Api {
  #csrfToken: string | null = null;
  readonly #onSessionEnd: () => void;

  /** `onSessionEnd` is called when the server no longer knows the session. */
  constructor(onSessionEnd: () => void) {
    this.#onSessionEnd = onSessionEnd;
  }

  /** To be told who is signed in: what changes something carries the session's CSRF token. */
  signedInAs(me: Me | null): void {
    this.#csrfToken = me?.csrf_token ?? null;
  }

  /**
   * Asks one endpoint and resolves with its answer.
   * @throws {ApiError} what the server refused, or that it cannot be reached
   */
  async call<N extends JsonEndpoint>(name: N, given: Given<N>, signal?: AbortSignal): Promise<Answer<N>> {
    const response = await this.#send(name, given, signal);
    return (response.status === 204 ? null : await response.json()) as Answer<N>;
  }

  /** Fetches a file. @throws {ApiError} as `call` */
  async file<N extends EndpointName>(name: N, given: Given<N>, signal?: AbortSignal): Promise<DownloadedFile> {
    const response = await this.#send(name, given, signal);
    const named = /filename="([^"/\\]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
    return { name: named ?? name, content: await response.blob() };
  }

  /** Address of an endpoint, for what the browser itself asks: event streams and large downloads. */
  address<N extends EndpointName>(name: N, given: Given<N>): string {
    return addressOf(ENDPOINTS[name].path, given);
  }

  async #send(name: EndpointName, given: Parts, signal: AbortSignal | undefined): Promise<Response> {
    const { method, path } = ENDPOINTS[name];
    const headers = new Headers({ accept: 'application/json, application/problem+json, */*;q=0.1' });
    if (given.body !== undefined) headers.set('content-type', 'application/json');
    if (method !== 'GET' && this.#csrfToken !== null) headers.set('x-csrf-token', this.#csrfToken);
    const response = await fetch(addressOf(path, given), {
      method,
      headers,
      credentials: 'same-origin',
      redirect: 'error',
      ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
      ...(signal !== undefined && { signal }),
    }).catch((error: unknown) => {
      throw signal?.aborted === true ? error : unreachable();
    });
    if (response.ok) return response;
    const problem = await readProblem(response);
    if (problem.status === 401 && !SIGNING_IN.has(name)) this.#onSessionEnd();
    throw problem;
  }
}

export interface DownloadedFile {
  readonly name: string;
  readonly content: Blob;
}

/** Hands a file to the browser's downloads. */
export function saveFile(file: DownloadedFile): void {
  const address = URL.createObjectURL(file.content);
  const anchor = document.createElement('a');
  anchor.href = address;
  anchor.download = file.name;
  anchor.click();
  URL.revokeObjectURL(address);
}

function addressOf(path: string, { params = {}, query = {} }: Parts): string {
  const filled = path.replace(/:([a-z_]+)/g, (_whole, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}

/** Whether it makes sense to ask again: the network and the server's own faults, never a refusal. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500);
}
