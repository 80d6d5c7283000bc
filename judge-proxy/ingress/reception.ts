/** What tunnels and requests have in common at the door: a visit is opened, decided, and refused in one way. */

import type { Config } from '../config/schema.ts';
import { ProxyError, type Refusal, refusal } from '../errors.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { Interceptor } from '../intercept/interceptor.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RouteTable } from '../policy/routes.ts';
import type { Clock } from '../telemetry/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { decide } from './decide.ts';
import type { Peer } from './identity.ts';
import { type DoorMetrics, Recorder, type Visit } from './records.ts';
import type { RequestHead } from './target.ts';

export interface DoorOptions {
  readonly config: Pick<Config, 'listen' | 'limits'>;
  readonly routes: RouteTable;
  readonly upstream: Upstream;
  readonly interceptor: Interceptor;
  readonly forwarder: Forwarder;
  readonly ledger: Pick<Ledger, 'connection'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Our name in Via, the same that the forwarder writes. */
  readonly pseudonym: string;
  readonly metrics?: DoorMetrics;
}

export class Reception {
  readonly options: DoorOptions;
  readonly recorder: Recorder;
  /** Set once: from then on everything new is refused. */
  draining = false;

  constructor(options: DoorOptions) {
    this.options = options;
    this.recorder = new Recorder(options);
  }

  /** Opens the visit of one request and decides it. */
  visit(peer: Peer, head: RequestHead): Visit {
    const { routes, pseudonym, newId, clock } = this.options;
    return {
      // Ours, whatever the client calls its request: two clients may choose the same id, or one that breaks a log line.
      requestId: newId(),
      connectionId: newId(),
      startedMs: clock.monotonic(),
      decision: decide(peer, head, { routes, pseudonym, draining: this.draining }),
    };
  }

  /** Records a refusal and gives the answer to send. */
  refuse(visit: Visit, error: unknown): Refusal {
    const failure = error instanceof ProxyError ? error : new ProxyError('internal', { cause: error });
    this.recorder.refused(visit, failure);
    return refusal(failure, { requestId: visit.requestId, route: visit.decision.route?.name });
  }

  /** The same for what was no request at all. */
  refuseUnread(error: ProxyError): Refusal {
    const requestId = this.options.newId();
    this.recorder.unread(requestId, error);
    return refusal(error, { requestId });
  }
}
