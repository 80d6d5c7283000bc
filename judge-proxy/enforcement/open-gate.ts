/** Which gate an answer gets: a stream of a known API goes window by window, everything else is held. */

import type { Api } from '../apis/api.ts';
import type { RouteConfig } from '../config/schema.ts';
import { isReadableCoding } from '../exchange/stream-decoder.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { Part } from '../exchange/transcript.ts';
import type { InlineJudge, Matter } from '../judge/inline-judge.ts';
import type { WindowReading } from '../judge/input.ts';
import type { EnforcedGate } from './enforced-gate.ts';
import type { Outlet, ResponseHead } from './gate.ts';
import { HoldGate } from './hold.ts';

export interface GateParts {
  readonly head: ResponseHead;
  readonly outlet: Outlet;
  readonly route: RouteConfig;
  readonly judge: InlineJudge;
  /** null for one that is not known. */
  readonly api: Api | null;
  /** Shared by all gates. */
  readonly budget: CopyBudget;
  /** Most bytes held of this answer. */
  readonly most: number;
  /** The request, judged by rules and redacted. Called at most once. */
  readRequest(): Promise<Matter>;
  readWindow(parts: readonly Part[]): Promise<WindowReading | null>;
}

export function openGate(parts: GateParts): EnforcedGate {
  const { head, route, api, outlet, budget, most, judge } = parts;
  const streamed = head.status < 400 && isEventStream(head.contentType) && isReadableCoding(head.contentEncoding);
  return new HoldGate({
    ...{ outlet, budget, most },
    overflow: judge.onFailure === 'block' ? 'stop' : 'pass',
    ...(!streamed || route.keep_alive === undefined
      ? {}
      : {
          stream: {
            keepAliveMs: route.keep_alive,
            contentEncoding: head.contentEncoding,
            reader: api?.streamReader() ?? null,
          },
        }),
  });
}

function isEventStream(contentType: string | null): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType ?? '');
}
