/**
 * Leaf certificates of terminated hosts, each in a TLS server of its own that never listens.
 *
 * One server per host, because without SNI a shared server would show its default certificate: SNICallback is not
 * called then. The server is what is kept, not the PEM: creating it is the cost (measured: 0.3–1.1 ms and 31–39 KB,
 * next to 0.1 ms for signing).
 */

import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { SigningCa } from '../../certs-tool/authority.ts';
import { issueLeaf } from '../../certs-tool/leaf.ts';
import type { Clock } from '../telemetry/clock.ts';

/** A week, backdated an hour by issueLeaf: far below what public verifiers allow, and nobody revokes one. */
const LEAF_DAYS = 7;
const SERIAL_BYTES = 16;

export interface LeafEvents {
  /** The handshake is done; the socket's names are not checked yet. */
  secured(socket: TLSSocket): void;
  /** The handshake failed. `socket` may hold a client's connection that nobody else closes. */
  failed(error: Error, socket: TLSSocket): void;
}

export interface LeafCacheOptions {
  /** The CA of now: asked at each mint, so that a renewed CA is taken up. */
  readonly ca: () => SigningCa;
  /** Hosts kept; the least recently used goes. */
  readonly max: number;
  readonly handshakeMs: number;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly events: LeafEvents;
}

interface Leaf {
  readonly server: Server;
  readonly ca: SigningCa;
  /** Milliseconds since 1970 from which on it is replaced: a third of its life left. */
  readonly renewAt: number;
}

export class LeafCache {
  readonly #options: LeafCacheOptions;
  /** One for the process, and never the CA's: equal key ids in leaf and CA break verifiers (mitmproxy #6494). */
  readonly #publicKey: KeyObject;
  readonly #privateKeyPem: string;
  /** Least recently used first. */
  readonly #leaves = new Map<string, Leaf>();
  #minted = 0;

  constructor(options: LeafCacheOptions) {
    this.#options = options;
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#publicKey = pair.publicKey;
    this.#privateKeyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  }

  get size(): number {
    return this.#leaves.size;
  }

  /** Leaves issued so far. */
  get minted(): number {
    return this.#minted;
  }

  /**
   * The TLS server that shows a certificate for the host. Minting is one synchronous step, so two callers can never
   * mint the same host twice. Only hosts that policy admitted may be asked for: each one is kept.
   * @throws CertificateError when the CA may not sign for the host
   */
  server(host: string): Server {
    const held = this.#leaves.get(host);
    const ca = this.#options.ca();
    // On every hit: a process that runs for months must not show an expired leaf.
    const fresh = held !== undefined && held.ca === ca && this.#options.clock.now() < held.renewAt;
    const leaf = fresh ? held : this.#mint(host, ca);
    this.#leaves.delete(host);
    this.#leaves.set(host, leaf);
    this.#trim();
    return leaf.server;
  }

  #mint(host: string, ca: SigningCa): Leaf {
    const { clock, randomBytes, handshakeMs, events } = this.#options;
    const now = new Date(clock.now());
    const serial = randomBytes(SERIAL_BYTES);
    const cert = issueLeaf(ca, host, this.#publicKey, { now, serial, days: LEAF_DAYS });
    this.#minted += 1;
    const server = createServer({
      cert: cert,
      key: this.#privateKeyPem,
      ALPNProtocols: ['http/1.1'], // h2 would bring its rules on cookies, trailers and aborts; LLM clients need none
      handshakeTimeout: handshakeMs, // Node's default is 120 s
    });
    server.on('secureConnection', events.secured);
    server.on('tlsClientError', events.failed);
    const { validFromDate, validToDate } = new X509Certificate(cert);
    const life = validToDate.getTime() - validFromDate.getTime();
    return { server, ca, renewAt: validToDate.getTime() - life / 3 };
  }

  /** A server that never listened holds nothing but memory; connections in it live on by themselves. */
  #trim(): void {
    for (const host of this.#leaves.keys()) {
      if (this.#leaves.size <= this.#options.max) return;
      this.#leaves.delete(host);
    }
  }
}
