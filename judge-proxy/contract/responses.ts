/** What the admin API answers, with the types of the ledger's own rows: a schema that drifts from them does not compile. */

import { z } from 'zod';
import type {
  AuditRow,
  ClientRow,
  ExchangeRow,
  FoundExchange,
  LabelRow,
  Overview,
  Page,
  QueueCount,
  QueueItem,
  ShadowAgreement,
  ShadowRow,
} from '../ledger/read-model/rows.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, Verdict } from '../ledger/records.ts';
import type { Permission, Role } from './roles.ts';

const typed = <T>() => z.custom<T>(() => true);

/** RFC 9457, `application/problem+json`: every answer of status 400 and above. */
export interface Problem {
  /** `about:blank`, or a URI of docs/admin-api.md that explains it. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** One of the closed list of problem codes (problems.ts), for programs. */
  readonly code: string;
  readonly detail?: string;
  readonly request_id: string;
  /** Of a request that does not fit its schema. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

export interface Me {
  readonly name: string;
  readonly role: Role;
  readonly permissions: readonly Permission[];
  /** To be sent as `x-csrf-token` with everything that changes something. */
  readonly csrf_token: string;
  /** Nothing else works until the password was changed. */
  readonly must_change_password: boolean;
  readonly expires_at: string;
}

/** One part of what was said, as `exchange/transcript.ts` has it. */
export interface ConversationPart {
  readonly side: 'request' | 'response';
  readonly place: string;
  readonly role: string;
  readonly kind: string;
  readonly name?: string;
  readonly text: string;
  /** It is not of this exchange, but of an earlier one that it continues. */
  readonly of_exchange?: string;
}

/** What the judge saw, as it is kept. */
export interface Conversation {
  readonly parts: readonly ConversationPart[];
  readonly decoded: readonly { readonly place: string; readonly coding: string; readonly text: string }[];
  readonly finish: readonly string[];
  readonly unknown_items: number;
}

export interface ExchangeDetail {
  readonly row: ExchangeRow;
  readonly opened: ExchangeOpened;
  readonly completed: ExchangeCompleted | null;
  /** Oldest first; one on the request alone comes before that of the pair. In blind mode empty. */
  readonly verdicts: readonly Verdict[];
  readonly shadows: readonly ShadowRow[];
  /** In blind mode only one's own. */
  readonly labels: readonly LabelRow[];
  readonly conversation: Conversation | null;
  /** Why there is no conversation. */
  readonly content: 'kept' | 'open' | 'none' | 'metadata_only' | 'erased' | 'altered';
  readonly sealed: { readonly sha256: string; readonly bytes: number } | null;
  readonly job: { readonly attempt: number; readonly not_before: string } | null;
  readonly chain: {
    readonly ledger_id: string;
    readonly records: readonly {
      readonly kind: string;
      readonly seq: number;
      readonly hash: string;
      readonly prev_hash: string;
    }[];
    readonly head_seq: number;
    /** Size of the last signed checkpoint, null without one. */
    readonly checkpoint_size: number | null;
  };
  readonly blind: boolean;
}

export interface Rate {
  readonly value: number | null;
  /** Wilson interval, 95 %. */
  readonly low: number | null;
  readonly high: number | null;
  /** Of how many, without weights. */
  readonly of: number;
}

export interface Agreement {
  /** Cohen's kappa, null where it is not defined. */
  readonly kappa: number | null;
  /** Prevalence-adjusted, bias-adjusted kappa: 2 × agreement − 1. */
  readonly pabak: number | null;
  readonly agreement: number | null;
  readonly pairs: number;
}

export interface Quality {
  /** Judge (row) against people (column), weighted counts beside plain ones. */
  readonly confusion: readonly {
    readonly judge: 'violation' | 'clean' | 'undetermined';
    readonly human: 'violation' | 'clean';
    readonly count: number;
    readonly weighted: number;
  }[];
  readonly precision: Rate;
  /** From the control sample alone, weighted by the inverse of the probability of being drawn. */
  readonly recall: Rate;
  readonly judge_people: Agreement;
  readonly people: Agreement;
  readonly reviewers: readonly { readonly a: string; readonly b: string; readonly agreement: Agreement }[];
  readonly blind_share: number | null;
  readonly unsure: number;
  readonly invalid: number;
  /** By week and by judge version; oldest first. */
  readonly over_time: readonly {
    readonly ts: string;
    readonly precision: Rate;
    readonly recall: Rate;
    readonly kappa: number | null;
  }[];
  readonly by_judge: readonly {
    readonly judge: string;
    readonly judge_hash: string;
    readonly first_ts: string;
    readonly labels: number;
    readonly precision: Rate;
    readonly recall: Rate;
    readonly agreement: Agreement;
  }[];
}

export interface PolicyVersion {
  readonly judge: string;
  /** 0 is the rubric of the configuration's file, which is in force until a version is published. */
  readonly version: number;
  readonly state: 'draft' | 'published' | 'retired' | 'file';
  readonly revision: number;
  readonly yaml: string;
  readonly rubric_hash: string | null;
  readonly author: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly published_at: string | null;
  readonly published_by: string | null;
  readonly note: string | null;
}
export type PolicySummary = Omit<PolicyVersion, 'yaml'>;

export interface Finding {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly fix: string | null;
}

export interface PolicyCheck {
  readonly ok: boolean;
  readonly rubric_hash: string | null;
  readonly findings: readonly Finding[];
}

/** Two rubrics compared: lines of a unified diff, and what it means by criterion. */
export interface PolicyDiff {
  readonly from: number;
  readonly to: number;
  readonly unified: string;
  readonly criteria: readonly {
    readonly id: string;
    readonly change: 'added' | 'removed' | 'changed';
    /** Names of the fields that changed. */
    readonly fields: readonly string[];
  }[];
}

export interface PolicyTry {
  readonly before: Verdict | null;
  /** As it would have been; it is not recorded. */
  readonly after: Omit<Verdict, 'seq' | 'prev_hash' | 'hash'>;
  /** How it differs: `newly_blocks`, `newly_passes`, `changed`, `unchanged`, `failed` … */
  readonly change: string;
  readonly usd: number | null;
}

export interface JudgeRow {
  readonly name: string;
  readonly hash: string;
  readonly rubric_hash: string;
  readonly rubric_name: string;
  readonly policy_version: number;
  readonly rules: readonly string[];
  readonly model: { readonly name: string; readonly breaker: 'closed' | 'half_open' | 'open' } | null;
  readonly small_model: { readonly name: string; readonly breaker: 'closed' | 'half_open' | 'open' } | null;
  readonly routes: readonly {
    readonly name: string;
    readonly mode: string;
    readonly on_judge_failure: string;
    readonly sampling: number;
  }[];
  readonly spent: {
    readonly day_usd: number;
    readonly month_usd: number;
    readonly day_tokens: number;
    readonly month_tokens: number;
  };
  readonly budget: unknown;
  readonly shadow: { readonly judge: string; readonly sampling: number } | null;
}

export interface ReplayEstimate {
  readonly exchanges: number;
  readonly to_ask: number;
  readonly no_model: number;
  readonly unusable: number;
  readonly models: readonly {
    readonly name: string;
    readonly tokens: { readonly in: number; readonly out: number };
    readonly usd: number | null;
  }[];
  readonly usd: { readonly least: number; readonly most: number } | null;
  /** To be given back when it is started: what is started is what was estimated. */
  readonly selection_hash: string;
}

export interface ReplayJob {
  readonly job_id: string;
  readonly state: 'queued' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly judge: string;
  /** Version of the policy that it asks with; null for a text of its own. */
  readonly policy_version: number | null;
  readonly created_by: string;
  readonly created_at: string;
  readonly ended_at: string | null;
  readonly total: number;
  readonly done: number;
  readonly spent: {
    readonly calls: number;
    readonly usd: number;
    readonly tokens: { readonly in: number; readonly out: number };
  };
  readonly estimate: ReplayEstimate;
  /** Counts by change. */
  readonly changes: Readonly<Record<string, number>>;
  readonly error: string | null;
}

export interface ReplayChange {
  readonly exchange_id: string;
  readonly change: string;
  readonly ts: string;
  readonly client: string;
  readonly route: string;
  readonly before: {
    readonly label: string;
    readonly severity: string;
    readonly action: string;
    readonly state: string;
  } | null;
  readonly after: {
    readonly label: string;
    readonly severity: string;
    readonly action: string;
    readonly state: string;
  } | null;
  readonly criteria: readonly string[];
  readonly why: string | null;
}

export interface UserRow {
  readonly name: string;
  readonly role: Role;
  readonly created_at: string;
  readonly disabled_at: string | null;
  readonly must_change_password: boolean;
}

export interface TokenRow {
  readonly token_id: string;
  readonly name: string;
  readonly scopes: readonly Permission[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly revoked_at: string | null;
  readonly used_at: string | null;
}

export interface SinkRow {
  readonly name: string;
  readonly type: string;
  /** Where it goes, without credentials. */
  readonly target: string;
  readonly waiting: number;
  readonly position: number;
  readonly delivered: number;
  readonly failed: number;
  readonly gaps: number;
  readonly last_delivered_at: string | null;
  /** A code of ours, never text of the peer. */
  readonly last_error: string | null;
  readonly state: 'ok' | 'retrying' | 'stopped';
}

export interface Health {
  readonly status: 'ready' | 'not_ready';
  readonly parts: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
  readonly ledger: {
    readonly ledger_id: string;
    readonly head_seq: number;
    readonly readable_seq: number;
    readonly checkpoint_size: number | null;
  };
  readonly judge_queue: number;
  readonly version: string;
}

export interface ErasureDone {
  readonly erasure_id: string;
  readonly exchanges: number;
  readonly records: number;
  readonly left: number;
}

const page = <T>() => typed<Page<T>>();

export const me = typed<Me>();
export const foundExchanges = page<FoundExchange>();
export const exchangeRows = typed<readonly ExchangeRow[]>();
export const exchangeDetail = typed<ExchangeDetail>();
export const overview = typed<Overview>();
export const clients = page<ClientRow>();
export const verdicts = page<Verdict>();
export const connections = page<ConnectionRecord & { readonly seq: number }>();
export const labelRows = typed<readonly LabelRow[]>();
export const queueItems = page<QueueItem>();
export const queueCounts = typed<readonly QueueCount[]>();
export const quality = typed<Quality>();
export const shadowAgreement = typed<readonly ShadowAgreement[]>();
export const policySummaries = typed<readonly PolicySummary[]>();
export const policyVersion = typed<PolicyVersion>();
export const policyCheck = typed<PolicyCheck>();
export const policyDiff = typed<PolicyDiff>();
export const policyTry = typed<PolicyTry>();
export const jsonSchema = typed<Readonly<Record<string, unknown>>>();
export const judgeRows = typed<readonly JudgeRow[]>();
export const replayEstimate = typed<ReplayEstimate>();
export const replayJob = typed<ReplayJob>();
export const replayJobs = page<ReplayJob>();
export const replayChanges = page<ReplayChange>();
export const userRows = typed<readonly UserRow[]>();
export const userRow = typed<UserRow>();
/** Shown once. */
export const newPassword = typed<{ readonly user: UserRow; readonly password: string }>();
export const tokenRows = typed<readonly TokenRow[]>();
/** Shown once. */
export const newToken = typed<{ readonly row: TokenRow; readonly token: string }>();
export const auditRows = page<AuditRow>();
export const sinkRows = typed<readonly SinkRow[]>();
export const health = typed<Health>();
export const erasureDone = typed<ErasureDone>();
export const none = z.null();
export const file = typed<Uint8Array>();
