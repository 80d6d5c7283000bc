/** Answers about the work of reviewers: labels, queues, agreement. */

import { z } from 'zod';
import { QUEUES } from '../../ledger/acts.ts';
import type { LabelRow, Page, QueueCount, QueueItem } from '../../ledger/read-model/rows.ts';
import { exactly, list, pageOf } from './exact.ts';
import { exchangeRow } from './exchange-row.ts';
import { labelFields } from './ledger-records.ts';
import * as word from './words.ts';

export const labelRow = exactly<LabelRow>()(
  z.strictObject({ ...labelFields, seq: word.count, note: z.string().nullable(), stands: z.boolean() }),
);
export const labelRows = list(labelRow);

export const queueItems = exactly<Page<QueueItem>>()(
  pageOf(
    z.strictObject({
      exchange: exchangeRow,
      why: z.enum(['stopped', 'severe', 'people_differ', 'judge_differs', 'shadow_differs', 'judge_failed', 'drawn']),
      sampling_probability: word.share.nullable(),
    }),
  ),
);
export const queueCounts = exactly<readonly QueueCount[]>()(
  list(z.strictObject({ queue: z.enum(QUEUES), waiting: word.count })),
);
