/** The seam between the CONNECT door and TLS termination. */

import type { Duplex } from 'node:stream';
import type { RouteConfig } from '../config/schema.ts';
import type { Authority } from '../policy/types.ts';

/** What the door decided about one tunnel. */
export interface TunnelContext {
  readonly connectionId: string;
  readonly requestId: string;
  readonly authority: Authority;
  readonly route: RouteConfig;
  readonly client: string;
}

export interface Interceptor {
  /** Makes sure that a leaf certificate for the authority exists, before the 200 is sent. */
  prepare(authority: Authority): Promise<void>;
  /**
   * Takes over a CONNECT stream after the 200: a raw socket (HTTP/1.1 hop) or an HTTP/2 stream. Owns it until it is
   * closed; `onClose` is called once, with the reason that the log shows.
   */
  accept(stream: Duplex, context: TunnelContext, onClose: (reason: string) => void): void;
  /** Open terminated tunnels. */
  readonly active: number;
  close(): Promise<void>;
}
