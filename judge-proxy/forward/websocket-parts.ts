/** What a WebSocket is made of, beyond its two connections. */

import type { FailurePolicy } from '../policy/failure-policy.ts';
import type { ExchangeParts } from './exchange-parts.ts';
import type { ExchangeSummary } from './exchange-record.ts';
import type { ForwardTarget } from './forwarder.ts';
import type { OriginHead } from './headers.ts';

export interface WebSocketParts {
  readonly exchange: ExchangeParts;
  readonly target: ForwardTarget;
  readonly originHead: OriginHead;
  /** What happens to traffic of the route that cannot be judged. */
  readonly failurePolicy: FailurePolicy;
  /** An id for each response. */
  readonly requestId: () => string;
  readonly concluded: (summary: ExchangeSummary) => void;
}
