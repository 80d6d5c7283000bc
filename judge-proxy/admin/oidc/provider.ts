/**
 * The provider, by openid-client: discovery, the address that browsers are sent to, and the exchange of a code for an ID
 * token that holds. Everything that is fetched goes through the resolver, the address guard and the certificate checks.
 */

import * as client from 'openid-client';
import type { OidcConfig } from '../../config/oidc.ts';
import { ProxyError } from '../../errors.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Pending } from './pending.ts';
import type { Claims } from './person.ts';
import { Refusal } from './refusal.ts';

export interface ProviderParts {
  readonly oidc: OidcConfig;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  /** Of each request to the provider, milliseconds. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** What discovery said is believed for so long; keys are fetched anew when one is unknown. */
const FRESH_MS = 3_600_000;
/** Discovery documents and key sets have some kilobytes. */
const MOST_ANSWER = 1_048_576;

export class Provider {
  readonly #parts: ProviderParts;
  #known: { readonly config: Promise<client.Configuration>; readonly until: number } | null = null;

  constructor(parts: ProviderParts) {
    this.#parts = parts;
  }

  /**
   * Where to send the browser, and what its answer will be held against.
   * @throws {Refusal} `unavailable`
   */
  async begin(redirectUri: string): Promise<{ readonly url: URL } & Pick<Pending, 'state' | 'nonce' | 'verifier'>> {
    const config = await this.#config();
    const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
    const url = this.#addressOf(config, {
      redirect_uri: redirectUri,
      scope: this.#parts.oidc.scopes.join(' '),
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url, state, nonce, verifier };
  }

  /** Where browsers are sent: by HTTPS, as everything that the library asks itself. */
  #addressOf(config: client.Configuration, parameters: Record<string, string>): URL {
    const { authorization_endpoint: endpoint } = config.serverMetadata();
    const allowed = ['https:', new URL(this.#parts.oidc.issuer).protocol];
    if (endpoint === undefined || !allowed.includes(URL.parse(endpoint)?.protocol ?? '')) {
      throw new Refusal('unavailable', 'authorization_endpoint');
    }
    return client.buildAuthorizationUrl(config, parameters);
  }

  /**
   * Claims of the ID token: signed by the provider, for us, just now, and for this very sign-in.
   * @throws {Refusal} `cancelled`, `bad_answer`, `unavailable`
   */
  async finish(pending: Omit<Pending, 'attempt'>, search: string): Promise<Claims> {
    const config = await this.#config();
    const answer = new URL(pending.redirectUri);
    answer.search = search;
    const checks = {
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      pkceCodeVerifier: pending.verifier,
      idTokenExpected: true,
    };
    const tokens = await client.authorizationCodeGrant(config, answer, checks).catch((error: unknown) => {
      throw refusalOf(error);
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Refusal('bad_answer', 'id_token');
    // Of one audience the library does not ask (OpenID Connect Core §3.1.3.7, 5).
    if (claims.azp !== undefined && claims.azp !== this.#parts.oidc.client_id) throw new Refusal('bad_answer', 'azp');
    return { ...claims };
  }

  async #config(): Promise<client.Configuration> {
    const now = this.#parts.clock.monotonic();
    if (this.#known === null || this.#known.until <= now) {
      this.#known = { config: this.#discover(), until: now + FRESH_MS };
    }
    const known = this.#known;
    try {
      return await known.config;
    } catch (error) {
      if (this.#known === known) this.#known = null; // the next one asks again
      throw new Refusal('unavailable', reasonOf(error));
    }
  }

  async #discover(): Promise<client.Configuration> {
    const { oidc, fetch, timeoutMs = TIMEOUT_MS } = this.#parts;
    const issuer = new URL(oidc.issuer);
    // Without this the library trusts an ID token by the connection it came over, and reads no signature.
    const execute = [client.enableNonRepudiationChecks];
    if (issuer.protocol === 'http:') execute.push(client.allowInsecureRequests); // loopback: check-oidc.ts
    const auth = client.ClientSecretBasic(oidc.client_secret);
    return await client.discovery(issuer, oidc.client_id, undefined, auth, {
      execute,
      timeout: timeoutMs / 1000,
      [client.customFetch]: async (url, init) => await bounded(await fetch(url, init as RequestInit)),
    });
  }
}

/** The answer, read whole and never beyond its bound. */
async function bounded(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_ANSWER) throw new Refusal('unavailable', 'too_large');
    chunks.push(chunk);
  }
  const { status, headers } = response;
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : Buffer.concat(chunks), { status, headers: [...headers] });
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof client.AuthorizationResponseError) {
    return new Refusal(error.error === 'access_denied' ? 'cancelled' : 'bad_answer', 'authorization_response');
  }
  const reason = reasonOf(error);
  return new Refusal(/^(OAUTH_(?!RESPONSE_IS_)|token_endpoint$)/.test(reason) ? 'bad_answer' : 'unavailable', reason);
}

/** A code of the library or of ours; never a text, which might be the provider's. */
function reasonOf(error: unknown): string {
  if (error instanceof Refusal) return error.reason ?? error.code;
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof client.ResponseBodyError) return 'token_endpoint';
  for (let one: unknown = error; one instanceof Error; one = one.cause) {
    if (one instanceof ProxyError) return one.code;
    if (one.name === 'TimeoutError' || one.name === 'AbortError') return 'timeout';
  }
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^OAUTH_[A-Z_]{1,60}$/.test(code) ? code : 'network';
}
