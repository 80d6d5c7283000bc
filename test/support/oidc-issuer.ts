/**
 * An OpenID provider that signs everybody in at once, and forges whatever a test asks for. Its rules are those of OpenID
 * Connect Core: codes are used once, with the PKCE verifier and the secret of the client.
 */

import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const CLIENT = { id: 'judge-console', secret: 'the secret of the client' } as const;

type Claims = Record<string, unknown>;
const keyPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
/** Made once: they take a while. */
const OWN = keyPair();
const FOREIGN = keyPair();

export class OidcIssuer implements AsyncDisposable {
  /** Of the person who signs in, over what every ID token has. A forgery replaces any of them. */
  claims: Claims = {};
  /** Signs what the ID token says; RS256 by the issuer's key unless a test has another way. */
  signed: (claims: Claims) => string;
  /** Replaces parts of the discovery document. */
  metadata: Claims = {};
  /** Added to the answer that the browser takes to the console. */
  answer: Readonly<Record<string, string>> = {};
  /** Takes the place of any answer; a test that never ends it is a provider that is slow. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | null = null;
  /** Paths that were asked. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #codes = new Map<string, URLSearchParams>();

  private constructor(server: Server) {
    this.#server = server;
    this.signed = (claims) => jwt({ alg: 'RS256', kid: 'one' }, claims, OWN.privateKey);
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** @param tls its pair, PEM; plain HTTP without one */
  static async start(tls?: { readonly cert: Buffer; readonly key: Buffer }): Promise<OidcIssuer> {
    const server = tls === undefined ? createServer() : https.createServer(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OidcIssuer(server);
  }

  get url(): string {
    return `${this.#server instanceof https.Server ? 'https' : 'http'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** `console.oidc` for this issuer. */
  get config(): { issuer: string; client_id: string; client_secret: string } & Record<string, unknown> {
    const roles = { staff: 'viewer', auditors: 'reviewer', owners: 'admin' };
    return {
      ...{ issuer: this.url, client_id: CLIENT.id, client_secret: CLIENT.secret },
      ...{ role_claim: 'groups', roles, allow_addresses: ['127.0.0.0/8'] },
    };
  }

  /** The public key as text, for who would use it as a secret (RFC 8725 §2.1). */
  get publicKey(): string {
    return OWN.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    this.asked.push(pathname);
    if (this.instead !== null) return this.instead(request, response);
    if (pathname === '/.well-known/openid-configuration') return json(response, 200, this.#discovery());
    if (pathname === '/jwks') return json(response, 200, { keys: [this.#jwk()] });
    if (pathname === '/token') return this.#token(request, response);
    if (pathname !== '/authorize') return json(response, 404, {});
    const code = randomUUID();
    this.#codes.set(code, searchParams);
    const to = new URL(searchParams.get('redirect_uri') ?? '');
    const answer = { code, state: searchParams.get('state') ?? '', iss: this.url, ...this.answer };
    for (const [name, value] of Object.entries(answer)) if (value !== '') to.searchParams.set(name, value);
    response.writeHead(302, { location: to.href }).end();
  }

  async #token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const code = form.get('code') ?? '';
    const asked = this.#codes.get(code);
    this.#codes.delete(code);
    const [id, secret] = basic(request.headers.authorization);
    if (id !== CLIENT.id || secret !== CLIENT.secret) return json(response, 401, { error: 'invalid_client' });
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const good =
      asked?.get('code_challenge') === challenge &&
      asked.get('code_challenge_method') === 'S256' &&
      asked.get('redirect_uri') === form.get('redirect_uri');
    if (!good) return json(response, 400, { error: 'invalid_grant', error_description: 'words of the provider' });
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.url, sub: 'subject-1', aud: CLIENT.id, iat: now, exp: now + 300 };
    const person = { email: 'Anna@example.test', email_verified: true, groups: ['staff'] };
    const id_token = this.signed({ ...usual, nonce: asked.get('nonce'), ...person, ...this.claims });
    json(response, 200, { access_token: randomUUID(), token_type: 'Bearer', expires_in: 300, id_token });
  }

  #discovery(): Claims {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    };
  }

  #jwk(): Claims {
    return { ...OWN.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  }
}

/** A token, signed by the key; without one it has no signature. */
export function jwt(header: Claims, claims: Claims, key: KeyObject | null): string {
  const encode = (part: Claims) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const head = `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${head}.${key === null ? '' : sign('sha256', Buffer.from(head), key).toString('base64url')}`;
}

/** A key that is not the issuer's. */
export const foreignKey: KeyObject = FOREIGN.privateKey;

function basic(header = ''): string[] {
  const [id = '', secret = ''] = Buffer.from(header.replace('Basic ', ''), 'base64').toString().split(':');
  return [id, secret].map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
