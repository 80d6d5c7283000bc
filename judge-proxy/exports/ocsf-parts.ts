/**
 * Parts that OCSF events share. Version 1.8.0 of the schema (schema.ocsf.io), with the profiles `security_control` (what
 * was done about it) and `ai_operation` (the model and its tokens).
 */

import type { Severity, VerdictAction } from '../ledger/records.ts';
import { PRODUCER, present, providerOf, whole } from './producer.ts';

export const OCSF_VERSION = '1.8.0';
export const PROFILES = ['security_control', 'ai_operation'];

interface Place {
  readonly uid: string;
  readonly exchangeId: string;
  readonly seq: number;
  readonly ts: string;
  readonly log: string;
  readonly profiles: readonly string[];
}

export function metadata({ uid, exchangeId, seq, ts, log, profiles }: Place): object {
  return {
    version: OCSF_VERSION,
    product: { name: PRODUCER.name, vendor_name: PRODUCER.vendor },
    profiles,
    ...{ uid, correlation_uid: exchangeId, sequence: seq, original_time: ts, log_name: log },
  };
}

const SEVERITIES: Readonly<Record<Severity, readonly [id: number, caption: string]>> = {
  none: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

export function severity(of: Severity): object {
  const [severity_id, caption] = SEVERITIES[of];
  return { severity_id, severity: caption };
}

/** action_id and disposition_id with their captions. A cut answer was denied in the middle: its rest was dropped. */
const CONTROLS: Readonly<Record<VerdictAction, readonly [number, string, number, string]>> = {
  allowed: [1, 'Allowed', 1, 'Allowed'],
  would_block: [3, 'Observed', 15, 'Detected'],
  blocked: [2, 'Denied', 2, 'Blocked'],
  cut: [2, 'Denied', 6, 'Dropped'],
};

export function control(of: VerdictAction): object {
  const [action_id, action, disposition_id, disposition] = CONTROLS[of];
  return { action_id, action, disposition_id, disposition };
}

interface OfModel {
  readonly api: string;
  readonly host: string;
  readonly model_requested: string | null;
  readonly model_returned: string | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
}

/** Attributes of the profile `ai_operation`; no model where none was named. */
export function aiOperation(record: OfModel, responseId: string | undefined): object {
  const name = record.model_returned ?? record.model_requested;
  const [prompt_tokens, completion_tokens] = [whole(record.tokens_in), whole(record.tokens_out)];
  const total =
    prompt_tokens === undefined || completion_tokens === undefined ? null : prompt_tokens + completion_tokens;
  return {
    ...(name === null ? {} : { ai_model: { name, ai_provider: providerOf(record.api, record.host) } }),
    message_context: {
      service: { name: record.host },
      ...present({ uid: responseId, prompt_tokens, completion_tokens, total_tokens: total }),
    },
  };
}
