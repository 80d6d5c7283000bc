/** How far judge and people agree. What the figures mean and how they are computed: docs/review.md. */

import { z } from 'zod';
import { exactly, list } from './exact.ts';
import * as word from './words.ts';

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
  /** Judge (row) against people (column): exchanges, and what the control sample says of how many they stand for. */
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
  /** From labels alone that were given without seeing what the judge said. */
  readonly judge_people_blind: Agreement;
  /** Mean of `reviewers`, each pair alike. */
  readonly people: Agreement;
  readonly reviewers: readonly { readonly a: string; readonly b: string; readonly agreement: Agreement }[];
  readonly blind_share: number | null;
  /** Labels that stand, without those below. */
  readonly labels: number;
  readonly unsure: number;
  readonly invalid: number;
  /** Exchanges on which people are of two minds, as many for the one as for the other: left out. */
  readonly ties: number;
  /** Exchanges that people labelled and no judge: left out. */
  readonly without_verdict: number;
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

const rate = z.strictObject({
  value: word.share.nullable(),
  low: word.share.nullable(),
  high: word.share.nullable(),
  of: word.count,
});
const kappa = z.number().min(-1).max(1).nullable();
const agreement = z.strictObject({
  kappa,
  pabak: kappa,
  agreement: word.share.nullable(),
  pairs: word.count,
});

export const quality = exactly<Quality>()(
  z.strictObject({
    confusion: list(
      z.strictObject({
        judge: word.label,
        human: z.enum(['violation', 'clean']),
        count: word.count,
        weighted: z.number().min(0),
      }),
    ),
    precision: rate,
    recall: rate,
    judge_people: agreement,
    judge_people_blind: agreement,
    people: agreement,
    reviewers: list(z.strictObject({ a: z.string(), b: z.string(), agreement })),
    blind_share: word.share.nullable(),
    labels: word.count,
    unsure: word.count,
    invalid: word.count,
    ties: word.count,
    without_verdict: word.count,
    over_time: list(z.strictObject({ ts: word.time, precision: rate, recall: rate, kappa })),
    by_judge: list(
      z.strictObject({
        judge: z.string(),
        judge_hash: word.sha256,
        first_ts: word.time,
        labels: word.count,
        precision: rate,
        recall: rate,
        agreement,
      }),
    ),
  }),
);
