/**
 * Records that people make, and those that the program makes about itself. They stand in the chain beside exchanges and
 * verdicts. Names are those of the contract: API, export and row carry the same keys. Times are RFC 3339 UTC.
 */

import type { NewVerdict, Verdict } from './records.ts';

/** A person's answer on an exchange. `unsure`: looked at and not decidable. `invalid`: cannot be judged at all. */
export const HUMAN_LABELS = ['clean', 'violation', 'unsure', 'invalid'] as const;
export type HumanLabel = (typeof HUMAN_LABELS)[number];

/** Where a reviewer meets work. */
export const QUEUES = [
  'severe', // stopped or grave first
  'disagreements', // people and judge, two people, or judge and shadow judge differ
  'failed', // the judge gave no usable verdict
  'control', // drawn at random from everything, whatever the verdict: what recall is estimated from
] as const;
export type QueueName = (typeof QUEUES)[number];

/** One reviewer, one exchange, one answer. Never edited: a change of mind is a record that names the one it replaces. */
export interface LabelRecord {
  readonly label_id: string;
  readonly ts: string;
  readonly exchange_id: string;
  /** The verdict that stood when it was given; null for an exchange without one. */
  readonly verdict_id: string | null;
  /** Name of the user. */
  readonly reviewer: string;
  /** null withdraws `replaces` and puts nothing in its place. */
  readonly label: HumanLabel | null;
  /** label_id of the same reviewer on the same exchange. */
  readonly replaces: string | null;
  /** Queue that it was given from; null from the page of the exchange. */
  readonly queue: QueueName | null;
  /** The reviewer could not see what judge and others said. */
  readonly blind: boolean;
  /** Probability with which the exchange came into the control sample, null when it did not. Weights are its inverse. */
  readonly sampling_probability: number | null;
  /** The same for all labels of one bulk act, null for a single one. */
  readonly bulk_id: string | null;
  /** SHA-256 (hex) of the note, which is kept apart and can be erased; null without one. */
  readonly note_sha256: string | null;
}

/** Who did something. `system` is the program itself (first start, retention); `cli` a command on this machine. */
export interface Actor {
  readonly kind: 'user' | 'token' | 'cli' | 'system';
  /** Name of the user, or id of the token. */
  readonly name: string;
}

/** Everything that is audited, as `object.verb`. */
export const ACTIONS = [
  'session.start',
  'session.end',
  'user.create',
  'user.update',
  'user.password',
  'token.create',
  'token.rotate',
  'token.revoke',
  'policy.draft',
  'policy.discard',
  'policy.publish',
  'policy.rollback',
  'replay.start',
  'replay.cancel',
  'replay.resume',
  'export.download',
  'sealed.download',
  'sink.test',
  'erasure.order',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface ActRecord {
  readonly act_id: string;
  readonly ts: string;
  readonly actor: Actor;
  readonly action: Action;
  /** Id of what was changed, by its kind the first word of the action. Never a secret. */
  readonly object: string;
  /** State before and after, without secrets; null where there is none. */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** What is erased. `sealed`: the sealed original. `text`: that and all words. `metadata`: that and the records themselves. */
export const ERASURE_TIERS = ['sealed', 'text', 'metadata'] as const;
export type ErasureTier = (typeof ERASURE_TIERS)[number];

export interface ErasureRecord {
  readonly erasure_id: string;
  readonly ts: string;
  readonly actor: Actor;
  readonly reason: 'retention' | 'request';
  readonly tier: ErasureTier;
  /** Age in milliseconds, id of the exchange, or SHA-256 (hex) of the client's name: a name must not outlive its erasure. */
  readonly scope: { readonly kind: 'age' | 'exchange' | 'client'; readonly of: string };
  /** Positions of the records whose parts are gone, at most 1,000; an erasure of more is several records with one id. */
  readonly seqs: readonly number[];
}

/** A verdict that decides nothing, on a recorded exchange. */
export interface ShadowVerdictRecord extends NewVerdict {
  /** The verdict beside which it stands. */
  readonly shadow_of: string;
}
export type ShadowVerdict = ShadowVerdictRecord & Pick<Verdict, 'seq' | 'prev_hash' | 'hash' | 'text_erased'>;

/** Records that a sink never got. */
export interface ExportGapRecord {
  readonly gap_id: string;
  readonly ts: string;
  readonly sink: string;
  readonly from_seq: number;
  readonly to_seq: number;
  /** How many of them were meant for the sink. */
  readonly records: number;
  /** `bound`: more waited than may. `refused`: the sink refused them for good. */
  readonly reason: 'bound' | 'refused';
}

/** A record to be appended, with what is kept beside it and can be erased. */
export type NewRecord =
  | { readonly kind: 'label'; readonly record: LabelRecord; readonly note: string | null }
  | { readonly kind: 'act'; readonly record: ActRecord }
  | { readonly kind: 'shadow_verdict'; readonly record: ShadowVerdictRecord }
  | { readonly kind: 'export_gap'; readonly record: ExportGapRecord };
