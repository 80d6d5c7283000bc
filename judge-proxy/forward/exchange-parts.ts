/** What one exchange is made of, and whom it tells. */

import type { Limits } from '../config/schema.ts';
import type { Recorder } from '../enforcement/recorder.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ExchangeSummary } from './exchange-record.ts';
import type { ClientRequest, ClientResponse, ForwardTarget } from './forwarder.ts';
import type { BodyFraming } from './framing.ts';
import type { OriginHead } from './headers.ts';

export interface ExchangeParts {
  readonly upstream: Pick<Upstream, 'pool'>;
  readonly recorder: Recorder;
  readonly limits: Limits;
  readonly clock: Clock;
  /** For copies. */
  readonly budget: CopyBudget;
  /** For what is held back until its verdict; `limits.held` bytes. */
  readonly held: CopyBudget;
  /** Names in lower case of headers whose values are secrets; those of credentials unless given. */
  readonly secretHeaders?: ReadonlySet<string>;
}

/** A request that may be sent: its framing is sound, its headers are ready for the origin. */
export interface SoundRequest {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly target: ForwardTarget;
  readonly framing: BodyFraming;
  readonly head: OriginHead;
}

export interface ExchangeEvents {
  /** The outcome is known. */
  concluded(summary: ExchangeSummary): void;
  /** The response is closed and the record written: nothing of it is left. */
  over(): void;
}
