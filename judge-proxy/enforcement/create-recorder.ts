/** The recorder of the program: the mode of its route decides how an exchange meets the judge. */

import { type EnforcedParts, type EnforceOptions, enforce } from './enforce.ts';
import { recordUnjudged } from './exchange-records.ts';
import { type ObserveOptions, observe } from './observe.ts';
import type { ExchangeStart, Recorder } from './recorder.ts';

export interface RecorderOptions extends ObserveOptions {
  /** Without it every route is observed. */
  readonly enforce?: EnforceOptions;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const enforced: EnforcedParts | null =
    options.enforce === undefined ? null : { ...options, enforce: options.enforce };
  return {
    begin: (start) => (enforced !== null && waitsForJudge(start) ? enforce(enforced, start) : observe(options, start)),
    unjudged: (what) => recordUnjudged(options, what),
  };
}

/** Without a judge there is nothing to wait for: the exchange is recorded only. */
function waitsForJudge({ route }: ExchangeStart): boolean {
  return route.judge !== undefined && (route.mode !== 'observe' || route.hold_request);
}
