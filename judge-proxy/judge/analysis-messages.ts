/** What the main thread and the analysis thread say to each other. Several captures and results go in one message. */

import type { Capture } from '../exchange/capture.ts';
import type { DetectorConfig } from './detectors.ts';
import type { Analysis, WindowReading, WindowTask } from './input.ts';
import type { RuleName } from './rules/rule.ts';

/** `workerData` of the thread. */
export interface ThreadSettings {
  /** Rules by name of judge. */
  readonly judges: Readonly<Record<string, readonly RuleName[]>>;
  readonly decodedCopy: number;
  readonly decodeMs: number;
  readonly ruleMs: number;
  readonly hmacKey: Uint8Array;
  readonly detectors: DetectorConfig;
  /** Public keys of age. */
  readonly recipients: readonly string[];
}

export interface CaptureTask {
  readonly kind: 'capture';
  readonly judge: string | null;
  readonly capture: Capture;
}

/** What the thread is to read, and what it says of it. */
export type Work = CaptureTask | ({ readonly kind: 'window' } & WindowTask);
export type Task = Work & { readonly id: number };

/** `reading` null: it could not be read. */
export type Result = { readonly id: number } & (
  | { readonly kind: 'capture'; readonly analysis: Analysis }
  | { readonly kind: 'window'; readonly reading: WindowReading | null }
);

/** `null` from the thread: it is ready. */
export type FromThread = readonly Result[] | null;

/** What becomes of work that could not be done. */
export function failedResult({ kind, id }: Pick<Task, 'kind' | 'id'>): Result {
  switch (kind) {
    case 'capture':
      return { id, kind, analysis: failedAnalysis() };
    case 'window':
      return { id, kind, reading: null };
    default:
      return kind satisfies never;
  }
}

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
