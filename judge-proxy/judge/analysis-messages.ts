/** What the main thread and the analysis thread say to each other. Several captures and results go in one message. */

import type { Capture } from '../exchange/capture.ts';
import type { Analysis } from './input.ts';
import type { RuleName } from './rules/rule.ts';

/** `workerData` of the thread. */
export interface ThreadSettings {
  /** Rules by name of judge. */
  readonly judges: Readonly<Record<string, readonly RuleName[]>>;
  readonly decodedCopy: number;
  readonly decodeMs: number;
  readonly ruleMs: number;
  readonly hmacKey: Uint8Array;
}

export interface Task {
  readonly id: number;
  readonly judge: string | null;
  readonly capture: Capture;
}

export interface Result {
  readonly id: number;
  readonly analysis: Analysis;
}

/** `null` from the thread: it is ready. */
export type FromThread = readonly Result[] | null;

/** The analysis of a capture that could not be analysed: it says so, and keeps no content. */
export function failedAnalysis(): Analysis {
  return {
    api: 'unknown',
    streamed: false,
    model_requested: null,
    model_returned: null,
    tokens_in: null,
    tokens_out: null,
    tokens_cached: null,
    coverage: { level: 'none', reasons: ['analysis_failed'] },
    llm_error: null,
    content: null,
    summary: null,
    analysis_ms: 0,
  };
}
