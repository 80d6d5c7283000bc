/** Which gate an answer gets: a stream of a known API goes window by window, everything else is held. */

import type { Api } from '../apis/api.ts';
import type { RouteConfig } from '../config/schema.ts';
import { isReadableCoding } from '../exchange/stream-decoder.ts';
import type { CopyBudget } from '../exchange/tap.ts';
import type { Part } from '../exchange/transcript.ts';
import type { InlineJudge, Matter } from '../judge/inline-judge.ts';
import type { WindowReading } from '../judge/input.ts';
import type { EnforcedGate, Overflow } from './enforced-gate.ts';
import type { Outlet, ResponseHead } from './gate.ts';
import { HoldGate } from './hold.ts';
import { WindowGate } from './window-gate.ts';

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
  readonly keepsEvents: boolean;
  /** The request, judged by rules and redacted. Called at most once. */
  readRequest(): Promise<Matter>;
  /** @param events JSON of the events since the last one */
  readWindow(parts: readonly Part[], events: readonly string[]): Promise<WindowReading | null>;
}

export function openGate(parts: GateParts): EnforcedGate {
  const { head, route, api, judge } = parts;
  const streamed = head.status < 400 && isEventStream(head.contentType) && isReadableCoding(head.contentEncoding);
  const shared: Shared = { ...parts, overflow: judge.onFailure === 'block' ? 'stop' : 'pass' };
  if (route.mode === 'window' && streamed && api !== null) return windowGate(shared, api);
  return holdGate(shared, streamed);
}

interface Shared extends GateParts {
  readonly overflow: Overflow;
}

function windowGate({ head, route, ...parts }: Shared, api: Api): EnforcedGate {
  return new WindowGate({
    ...parts,
    settings: route.window,
    reader: api.streamReader(),
    contentEncoding: head.contentEncoding,
    keepAliveMs: route.keep_alive ?? null,
  });
}

function holdGate({ head, route, api, ...parts }: Shared, streamed: boolean): EnforcedGate {
  const { keep_alive: keepAliveMs } = route;
  if (!streamed || keepAliveMs === undefined) return new HoldGate(parts);
  const { contentEncoding } = head;
  return new HoldGate({ ...parts, stream: { keepAliveMs, contentEncoding, reader: api?.streamReader() ?? null } });
}

function isEventStream(contentType: string | null): boolean {
  return /^\s*text\/event-stream\s*(?:;|$)/i.test(contentType ?? '');
}
