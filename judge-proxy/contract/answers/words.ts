/** Words and forms that several answers share: the closed lists of the ledger. */

import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../errors.ts';
import {
  COVERAGE_REASONS,
  JUDGE_STATES,
  MODES,
  OUTPUT_MODES,
  type OverallLabel,
  RECORDING_LEVELS,
  type Severity,
} from '../../ledger/records.ts';
import { list } from './exact.ts';

export const time = z.iso.datetime();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** How many, or where: from 0. */
export const count = z.int().min(0);
/** A share or a probability. */
export const share = z.number().min(0).max(1);

export const errorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);
export const mode = z.enum(MODES);
export const recordingLevel = z.enum(RECORDING_LEVELS);
export const outputMode = z.enum(OUTPUT_MODES);
export const judgeState = z.enum(JUDGE_STATES);
export const coverageReason = z.enum(COVERAGE_REASONS);
export const coverageLevel = z.enum(['full', 'partial', 'none']);
export const severity = z.enum(['none', 'low', 'medium', 'high', 'critical'] satisfies Severity[]);
export const label = z.enum(['clean', 'violation', 'undetermined'] satisfies OverallLabel[]);
export const decidedBy = z.enum(['rule', 'model', 'fallback', 'human']);
export const action = z.enum(['allowed', 'would_block', 'blocked', 'cut']);
export const outcome = z.enum(['complete', 'client_aborted', 'origin_failed', 'interrupted', 'blocked']);
export const coverage = z.strictObject({ level: coverageLevel, reasons: list(coverageReason) });
export const tokens = z.strictObject({ in: count, out: count });
