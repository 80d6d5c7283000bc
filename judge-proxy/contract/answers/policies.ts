/** Answers about rubrics, the judges that ask by them, and their versions. */

import { z } from 'zod';
import type { Verdict } from '../../ledger/records.ts';
import { exactly, list } from './exact.ts';
import { unrecordedVerdict, verdict } from './ledger-records.ts';
import * as word from './words.ts';

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

const summary = z.strictObject({
  judge: z.string(),
  version: word.count,
  state: z.enum(['draft', 'published', 'retired', 'file']),
  revision: word.count,
  rubric_hash: word.sha256.nullable(),
  author: z.string(),
  created_at: word.time,
  updated_at: word.time,
  published_at: word.time.nullable(),
  published_by: z.string().nullable(),
  note: z.string().nullable(),
});
export const policyVersion = exactly<PolicyVersion>()(summary.extend({ yaml: z.string() }));
export const policySummaries = exactly<readonly PolicySummary[]>()(list(summary));

const finding = z.strictObject({
  line: word.count,
  column: word.count,
  path: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
});
export const policyCheck = exactly<PolicyCheck>()(
  z.strictObject({ ok: z.boolean(), rubric_hash: word.sha256.nullable(), findings: list(finding) }),
);

export const policyDiff = exactly<PolicyDiff>()(
  z.strictObject({
    from: word.count,
    to: word.count,
    unified: z.string(),
    criteria: list(
      z.strictObject({ id: z.string(), change: z.enum(['added', 'removed', 'changed']), fields: list(z.string()) }),
    ),
  }),
);

export const policyTry = exactly<PolicyTry>()(
  z.strictObject({
    before: verdict.nullable(),
    after: unrecordedVerdict,
    change: z.string(),
    usd: z.number().nullable(),
  }),
);

/** Any JSON Schema: it is written by zod, and read by the editor. */
export const jsonSchema = exactly<Readonly<Record<string, unknown>>>()(z.record(z.string(), z.unknown()));

const model = z.strictObject({ name: z.string(), breaker: z.enum(['closed', 'half_open', 'open']) });

export const judgeRows = exactly<readonly JudgeRow[]>()(
  list(
    z.strictObject({
      name: z.string(),
      hash: word.sha256,
      rubric_hash: word.sha256,
      rubric_name: z.string(),
      policy_version: word.count,
      rules: list(z.string()),
      model: model.nullable(),
      small_model: model.nullable(),
      routes: list(
        z.strictObject({
          name: z.string(),
          mode: z.string(),
          on_judge_failure: z.string(),
          sampling: word.share,
        }),
      ),
      spent: z.strictObject({
        day_usd: z.number(),
        month_usd: z.number(),
        day_tokens: word.count,
        month_tokens: word.count,
      }),
      budget: z.unknown(),
      shadow: z.strictObject({ judge: z.string(), sampling: word.share }).nullable(),
    }),
  ),
);
