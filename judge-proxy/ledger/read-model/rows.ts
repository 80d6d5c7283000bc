/**
 * What the console asks of the ledger, and what it gets: lists, sums and queues over a million exchanges. The answers come
 * from tables of their own (read-model.ts), made from the records; whatever is there is in the ledger, too.
 */

import type { ActRecord, ErasureRecord, ExportGapRecord, HumanLabel, LabelRecord, QueueName } from '../acts.ts';
import type {
  Coverage,
  CoverageLevel,
  CoverageReason,
  DecidedBy,
  ExchangeOutcome,
  JudgeState,
  Mode,
  OverallLabel,
  RecordingLevel,
  Severity,
  VerdictAction,
} from '../records.ts';

/** One page of rows, newest first. `next`: cursor of the page after it, null on the last one. Opaque to whoever asks. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface ExchangeFilter {
  /** Words that must all occur in what was kept of the exchange; "quoted" for a phrase. */
  readonly q?: string;
  readonly client?: string;
  readonly route?: string;
  readonly host?: string;
  readonly api?: string;
  readonly model?: string;
  readonly mode?: Mode;
  readonly label?: OverallLabel;
  readonly min_severity?: Severity;
  readonly action?: VerdictAction;
  readonly state?: JudgeState;
  readonly decided_by?: DecidedBy;
  readonly coverage?: CoverageLevel;
  readonly reason?: CoverageReason;
  readonly judge?: string;
  readonly judge_hash?: string;
  readonly outcome?: ExchangeOutcome;
  /** With a verdict, or without one. */
  readonly judged?: boolean;
  /** By anybody. */
  readonly human_label?: HumanLabel | 'none' | 'any';
  /** RFC 3339; opened at this time or later, and before that one. */
  readonly since?: string;
  readonly until?: string;
}

export interface PageRequest {
  readonly cursor?: string;
  /** 1 to 200. */
  readonly limit: number;
}

/** One exchange as lists show it. Free text is redacted as the ledger's. */
export interface ExchangeRow {
  readonly exchange_id: string;
  readonly opened_seq: number;
  readonly completed_seq: number | null;
  readonly ts: string;
  readonly client: string;
  readonly route: string;
  readonly host: string;
  readonly api: string | null;
  readonly method: string;
  readonly path: string;
  readonly mode: Mode;
  readonly recording: RecordingLevel;
  /** null while it is open. */
  readonly outcome: ExchangeOutcome | null;
  readonly status: number | null;
  readonly streamed: boolean | null;
  readonly model: string | null;
  readonly duration_ms: number | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly cost_usd: number | null;
  /** Of the verdict when there is one, else of the completed record; null while it is open. */
  readonly coverage: Coverage | null;
  /** null without a verdict. */
  readonly verdict: {
    readonly verdict_id: string;
    readonly seq: number;
    readonly judge: string | null;
    readonly judge_hash: string | null;
    readonly label: OverallLabel;
    readonly severity: Severity;
    readonly score: number | null;
    readonly action: VerdictAction;
    readonly state: JudgeState;
    readonly decided_by: DecidedBy;
    readonly judge_cost_usd: number | null;
  } | null;
  /** The start of the latest user message, at most 200 characters; null without one, and when it was erased. */
  readonly preview: string | null;
  /** Labels that stand, by reviewers. */
  readonly labels: number;
  /** Tier that was erased, null when nothing was. */
  readonly erased: ErasureRecord['tier'] | null;
}

/** Where a search found its words: text around them, with each hit's offsets (UTF-16 code units) in that text. */
export interface Snippet {
  readonly text: string;
  readonly hits: readonly (readonly [start: number, end: number])[];
}
export interface FoundExchange extends ExchangeRow {
  /** null when nothing was searched for. */
  readonly snippet: Snippet | null;
}

export interface Period {
  readonly since: string;
  readonly until: string;
  readonly route?: string;
  readonly client?: string;
}

export interface Overview {
  readonly exchanges: number;
  readonly open: number;
  /** With a verdict. */
  readonly judged: number;
  /** Complete and without one: no judge on the route, or still waiting. */
  readonly unjudged: number;
  readonly tunnels: number;
  readonly refusals: number;
  readonly by_label: Readonly<Record<OverallLabel, number>>;
  readonly by_severity: Readonly<Record<Severity, number>>;
  readonly by_action: Readonly<Record<VerdictAction, number>>;
  readonly by_state: Partial<Readonly<Record<JudgeState, number>>>;
  readonly by_coverage: Readonly<Record<CoverageLevel, number>>;
  /** An exchange may have several reasons. */
  readonly by_reason: Partial<Readonly<Record<CoverageReason, number>>>;
  readonly traffic_usd: number;
  readonly judging_usd: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  /** Equal steps of time over the period, oldest first: at most 200. */
  readonly series: readonly OverviewPoint[];
}

export interface OverviewPoint {
  /** RFC 3339, start of the step. */
  readonly ts: string;
  readonly exchanges: number;
  readonly violations: number;
  readonly undetermined: number;
  readonly stopped: number;
  readonly not_judged: number;
  readonly judging_usd: number;
}

export interface ClientRow {
  readonly client: string;
  readonly exchanges: number;
  readonly violations: number;
  readonly undetermined: number;
  readonly stopped: number;
  readonly not_judged_in_full: number;
  readonly tunnels: number;
  readonly refusals: number;
  readonly tokens_in: number;
  readonly tokens_out: number;
  readonly traffic_usd: number;
  readonly judging_usd: number;
  readonly first_ts: string;
  readonly last_ts: string;
}

/** A label as reviewers read it. */
export interface LabelRow extends LabelRecord {
  readonly seq: number;
  /** null without one, and when it was erased. */
  readonly note: string | null;
  /** No later one of the same reviewer replaces or withdraws it. */
  readonly stands: boolean;
}

export interface QueueRequest extends PageRequest {
  readonly queue: QueueName;
  /** What this user labelled is left out. */
  readonly reviewer: string;
  /** Items with so many standing labels of others are left out; 1 unless several opinions are wanted. */
  readonly opinions: number;
  /** Of all exchanges, those drawn; 0 to 1. For `control`. */
  readonly control_rate: number;
}

/** An exchange that waits for a person, and why. */
export interface QueueItem {
  readonly exchange: ExchangeRow;
  readonly why: 'stopped' | 'severe' | 'people_differ' | 'judge_differs' | 'shadow_differs' | 'judge_failed' | 'drawn';
  /** Probability with which it was drawn, null for other queues. */
  readonly sampling_probability: number | null;
}

export interface QueueCount {
  readonly queue: QueueName;
  /** Not counted further than 10,000. */
  readonly waiting: number;
}

/** One standing label with what it is compared to: what quality is computed from. */
export interface LabelledVerdict {
  readonly exchange_id: string;
  readonly ts: string;
  readonly reviewer: string;
  readonly human: HumanLabel;
  readonly queue: QueueName | null;
  readonly blind: boolean;
  readonly sampling_probability: number | null;
  readonly judge: string | null;
  readonly judge_hash: string | null;
  readonly label: OverallLabel | null;
  readonly severity: Severity | null;
}

export interface ShadowRow {
  readonly exchange_id: string;
  readonly ts: string;
  readonly judge: string;
  readonly shadow: string;
  readonly shadow_hash: string;
  readonly label: OverallLabel;
  readonly shadow_label: OverallLabel;
  readonly severity: Severity;
  readonly shadow_severity: Severity;
  readonly shadow_state: JudgeState;
}

/** How often judge and shadow judge said what; pairs by label. */
export interface ShadowAgreement {
  readonly judge: string;
  readonly shadow: string;
  readonly shadow_hash: string;
  readonly pairs: readonly {
    readonly label: OverallLabel;
    readonly shadow_label: OverallLabel;
    readonly count: number;
  }[];
  readonly shadow_failed: number;
}

export type AuditRow =
  | ({ readonly kind: 'act'; readonly seq: number } & ActRecord)
  | ({ readonly kind: 'erasure'; readonly seq: number } & ErasureRecord)
  | ({ readonly kind: 'export_gap'; readonly seq: number } & ExportGapRecord)
  | ({ readonly kind: 'label'; readonly seq: number } & LabelRecord);

export interface AuditFilter {
  readonly actor?: string;
  /** Beginning of an action: `policy.` or `token.revoke`. */
  readonly action?: string;
  readonly object?: string;
  readonly kind?: AuditRow['kind'];
  readonly since?: string;
  readonly until?: string;
}

/** Whether the index can be written, and how far it is. */
export interface IndexHealth {
  readonly ok: boolean;
  /** Word of LEDGER_CAUSES, null when all is well. */
  readonly cause: string | null;
  readonly position: number;
  /** Records of the ledger that cannot be found yet. */
  readonly behind: number;
}

export interface ReadModel {
  exchanges(filter: ExchangeFilter, page: PageRequest): Promise<Page<FoundExchange>>;
  /** Rows by id, in the order of the ids; unknown ids are left out. At most 200. */
  rows(exchangeIds: readonly string[]): Promise<readonly ExchangeRow[]>;
  overview(period: Period): Promise<Overview>;
  clients(period: Period, page: PageRequest): Promise<Page<ClientRow>>;
  queue(request: QueueRequest): Promise<Page<QueueItem>>;
  queueCounts(request: Pick<QueueRequest, 'reviewer' | 'opinions' | 'control_rate'>): Promise<readonly QueueCount[]>;
  /** Exchanges whose latest user message and verdict are alike: same client or route, same violated criteria or rules. */
  similar(exchangeId: string, limit: number): Promise<readonly ExchangeRow[]>;
  /** Oldest first. */
  labels(exchangeId: string): Promise<readonly LabelRow[]>;
  shadows(exchangeId: string): Promise<readonly ShadowRow[]>;
  shadowAgreement(period: Pick<Period, 'since' | 'until'>): Promise<readonly ShadowAgreement[]>;
  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRow>>;
  /** Resolves when everything up to this position can be found. */
  caughtUp(seq: number): Promise<void>;
  /** Position up to which everything can be found. */
  readonly position: number;
  /** Called with the rows that are new or have changed, in order, at most 200 at one time. Returns the unsubscribe function. */
  onChange(listener: (rows: readonly ExchangeRow[]) => void): () => void;
  health(): IndexHealth;
  close(): Promise<void>;
}
