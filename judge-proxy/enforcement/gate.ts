/**
 * The seam between forwarding and a response that may not go out as it comes (modes `window` and `hold`). Forwarding
 * owns both connections; a gate decides when bytes go out, and whether they do. In `observe` there is no gate, and
 * nothing of this runs.
 *
 * Order of calls: `RecordedExchange.gate` once, with the origin's head → `push` for each chunk → at the end, whatever
 * ends it, `RecordedExchange.finish`, which says how the client's answer ends. `Outlet.stop` asks forwarding to end the
 * exchange now: it aborts the origin and calls `finish` with outcome `blocked`.
 */

import type { WholeAnswer } from '../apis/block.ts';
import type { SecretHeader } from '../exchange/known-secret.ts';

/** The origin's head. */
export interface ResponseHead {
  readonly status: number;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** Values that are secret wherever they occur. Not kept. */
  readonly secretHeaders?: readonly SecretHeader[];
}

/** What a gate may do with the client's side. */
export interface Outlet {
  /**
   * Sends bytes. The head goes out before the first of them: as the origin sent it when the gate's `body` is
   * `as_sent`, without Content-Length and Content-Encoding when it is `decoded`.
   * @returns false when the client is slower: forwarding pauses the origin; what is released meanwhile is queued
   */
  release(bytes: Uint8Array): boolean;
  /** The gate, which had asked for a pause by `push`, can take more. */
  resume(): void;
  /** The verdict is to stop: end the exchange now. */
  stop(): void;
}

export interface Gate {
  readonly body: 'as_sent' | 'decoded';
  /** A chunk of the origin's body. @returns false to have the origin paused until `Outlet.resume` */
  push(chunk: Buffer): boolean;
  /** The client takes bytes again, after `Outlet.release` returned false. */
  drained?(): void;
  /**
   * The client is gone: timers and judge calls end. Also called while `finish` is under way, which then leaves the
   * judgement to the queue. Idempotent, and harmless after the end.
   */
  close(): void;
}

/** How the client's answer ends. */
export type Ending =
  /** `rest` is what the gate still held; the end follows. Without a gate it is empty. */
  | { readonly kind: 'deliver'; readonly rest: readonly Uint8Array[] }
  /** `whole` while no head has gone out, else `tail` and the end; without a tail the connection is cut. */
  | { readonly kind: 'block'; readonly whole: WholeAnswer; readonly tail: Uint8Array | null };
