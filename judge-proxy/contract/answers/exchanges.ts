/** Answers about exchanges: lists, one of them, sums. */

import { z } from 'zod';
import type {
  ClientRow,
  ExchangeRow,
  FoundExchange,
  LabelRow,
  Overview,
  OverviewPoint,
  Page,
  ShadowAgreement,
  ShadowRow,
} from '../../ledger/read-model/rows.ts';
import type { ConnectionRecord, ExchangeCompleted, ExchangeOpened, Verdict } from '../../ledger/records.ts';
import { exactly, list, pageOf } from './exact.ts';
import { exchangeRow, rowSchema } from './exchange-row.ts';
import * as record from './ledger-records.ts';
import { labelRow } from './review.ts';
import * as word from './words.ts';

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
  /** null while it is open, and in blind mode. */
  readonly completed: ExchangeCompleted | null;
  /** Oldest first; one on the request alone comes before that of the pair. In blind mode empty. */
  readonly verdicts: readonly Verdict[];
  /** In blind mode empty. */
  readonly shadows: readonly ShadowRow[];
  /** In blind mode only one's own. */
  readonly labels: readonly LabelRow[];
  readonly conversation: Conversation | null;
  /**
   * Whether there is a conversation, and why not. `altered`: what the ledger holds is not what its record names, or is
   * gone without an erasure. `unreadable`: it is what the record names, and no document that this version reads.
   */
  readonly content: 'kept' | 'open' | 'none' | 'metadata_only' | 'erased' | 'altered' | 'unreadable';
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
  /** Everything that the judge, its shadow or other people said is left out, and everything that follows from it. */
  readonly blind: boolean;
}

export const exchangeRows = list(exchangeRow);

const snippet = z.strictObject({ text: z.string(), hits: list(z.tuple([word.count, word.count]).readonly()) });
export const foundExchanges = exactly<Page<FoundExchange>>()(pageOf(rowSchema.extend({ snippet: snippet.nullable() })));

const conversation = z.strictObject({
  parts: list(
    z.strictObject({
      side: z.enum(['request', 'response']),
      place: z.string(),
      role: z.string(),
      kind: z.string(),
      name: z.string().exactOptional(),
      text: z.string(),
      of_exchange: z.string().exactOptional(),
    }),
  ),
  decoded: list(z.strictObject({ place: z.string(), coding: z.string(), text: z.string() })),
  finish: list(z.string()),
  unknown_items: word.count,
});

const shadowRow = exactly<ShadowRow>()(
  z.strictObject({
    exchange_id: z.string(),
    ts: word.time,
    judge: z.string(),
    shadow: z.string(),
    shadow_hash: word.sha256,
    label: word.label,
    shadow_label: word.label,
    severity: word.severity,
    shadow_severity: word.severity,
    shadow_state: word.judgeState,
  }),
);

export const exchangeDetail = exactly<ExchangeDetail>()(
  z.strictObject({
    row: exchangeRow,
    opened: record.opened,
    completed: record.completed.nullable(),
    verdicts: list(record.verdict),
    shadows: list(shadowRow),
    labels: list(labelRow),
    conversation: conversation.nullable(),
    content: z.enum(['kept', 'open', 'none', 'metadata_only', 'erased', 'altered', 'unreadable']),
    sealed: z.strictObject({ sha256: word.sha256, bytes: word.count }).nullable(),
    job: z.strictObject({ attempt: word.count, not_before: word.time }).nullable(),
    chain: z.strictObject({
      ledger_id: z.string(),
      records: list(z.strictObject({ kind: z.string(), seq: word.count, hash: word.sha256, prev_hash: word.sha256 })),
      head_seq: word.count,
      checkpoint_size: word.count.nullable(),
    }),
    blind: z.boolean(),
  }),
);

export const verdicts = exactly<Page<Verdict>>()(pageOf(record.verdict));
export const connections = exactly<Page<ConnectionRecord & { readonly seq: number }>>()(pageOf(record.connection));

const point = exactly<OverviewPoint>()(
  z.strictObject({
    ts: word.time,
    exchanges: word.count,
    violations: word.count,
    undetermined: word.count,
    stopped: word.count,
    not_judged: word.count,
    judging_usd: z.number(),
  }),
);

export const overview = exactly<Overview>()(
  z.strictObject({
    exchanges: word.count,
    open: word.count,
    judged: word.count,
    unjudged: word.count,
    tunnels: word.count,
    refusals: word.count,
    by_label: z.record(word.label, word.count),
    by_severity: z.record(word.severity, word.count),
    by_action: z.record(word.action, word.count),
    by_state: z.partialRecord(word.judgeState, word.count),
    by_coverage: z.record(word.coverageLevel, word.count),
    by_reason: z.partialRecord(word.coverageReason, word.count),
    traffic_usd: z.number(),
    judging_usd: z.number(),
    tokens_in: word.count,
    tokens_out: word.count,
    series: list(point),
  }),
);

export const clients = exactly<Page<ClientRow>>()(
  pageOf(
    z.strictObject({
      client: z.string(),
      exchanges: word.count,
      violations: word.count,
      undetermined: word.count,
      stopped: word.count,
      not_judged_in_full: word.count,
      tunnels: word.count,
      refusals: word.count,
      tokens_in: word.count,
      tokens_out: word.count,
      traffic_usd: z.number(),
      judging_usd: z.number(),
      first_ts: word.time,
      last_ts: word.time,
    }),
  ),
);

export const shadowAgreement = exactly<readonly ShadowAgreement[]>()(
  list(
    z.strictObject({
      judge: z.string(),
      shadow: z.string(),
      shadow_hash: word.sha256,
      pairs: list(z.strictObject({ label: word.label, shadow_label: word.label, count: word.count })),
      shadow_failed: word.count,
    }),
  ),
);
