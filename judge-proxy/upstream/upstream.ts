/** How the rest of the program reaches origins: everything dialled goes through resolve → vet → dial here. */

import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { Authority } from '../policy/types.ts';

/** An authority with the addresses that passed the guard. Only these are ever dialled. */
export interface VettedTarget {
  readonly authority: Authority;
  /** At least one, in the resolver's order. Port differs from the authority's only through `connect_to`. */
  readonly addresses: readonly { readonly ip: string; readonly port: number }[];
}

export interface Upstream {
  /** Resolves and vets. Rejects with ProxyError `dns_failed` or `address_denied` or `proxy_loop` (our own listeners). */
  vet(authority: Authority): Promise<VettedTarget>;
  /**
   * Plain TCP to the first address that accepts, half-open allowed. Rejects with `connect_failed` or `connect_timeout`.
   * The signal ends the attempts when whoever asked is gone.
   */
  dial(target: VettedTarget, signal?: AbortSignal): Promise<Socket>;
  /**
   * The origin pool of one client (DESIGN decision 5): never one socket for two clients. Every connection that it opens
   * resolves and vets anew. `secure` chooses TLS; `servername` is set from the authority for names, unset for IP literals.
   * Dispatch in the same turn: an idle pool may be dropped in the next one.
   */
  pool(authority: Authority, secure: boolean, client: string): Dispatcher;
  /** Addresses of our own listeners, refused as targets. Called once each listener is up. */
  ownListener(host: string, port: number): void;
  /** Ends every origin connection at once. */
  close(): Promise<void>;
}
