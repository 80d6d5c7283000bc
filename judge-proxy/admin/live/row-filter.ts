/** Whether a list with this filter would hold a row. The same question as the read model's, asked of one row. Pure. */

import type { z } from 'zod';
import type { liveQuery } from '../../contract/requests.ts';
import type { ExchangeRow } from '../../ledger/read-model/rows.ts';
import type { Severity } from '../../ledger/records.ts';
import { SEVERITY_RANK } from '../../ledger/thread-protocol.ts';

export type LiveFilter = z.output<typeof liveQuery>;

/** Every field has its test, or this does not compile. A field of the verdict fits no row without one. */
const TESTS: {
  readonly [Field in keyof Required<LiveFilter>]: (row: ExchangeRow, wanted: NonNullable<LiveFilter[Field]>) => boolean;
} = {
  client: ({ client }, wanted) => client === wanted,
  route: ({ route }, wanted) => route === wanted,
  host: ({ host }, wanted) => host === wanted,
  api: ({ api }, wanted) => api === wanted,
  model: ({ model }, wanted) => model === wanted,
  mode: ({ mode }, wanted) => mode === wanted,
  outcome: ({ outcome }, wanted) => outcome === wanted,
  coverage: ({ coverage }, wanted) => coverage?.level === wanted,
  reason: ({ coverage }, wanted) => coverage?.reasons.includes(wanted) === true,
  judged: ({ verdict }, wanted) => (verdict !== null) === wanted,
  human_label: ({ labels }, wanted) => labels > 0 === (wanted === 'any'),
  label: ({ verdict }, wanted) => verdict?.label === wanted,
  min_severity: ({ verdict }, wanted) => verdict !== null && rank(verdict.severity) >= rank(wanted),
  action: ({ verdict }, wanted) => verdict?.action === wanted,
  state: ({ verdict }, wanted) => verdict?.state === wanted,
  decided_by: ({ verdict }, wanted) => verdict?.decided_by === wanted,
  judge: ({ verdict }, wanted) => verdict?.judge === wanted,
  judge_hash: ({ verdict }, wanted) => verdict?.judge_hash === wanted,
};

export function matches(row: ExchangeRow, filter: LiveFilter): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (wanted === undefined) return true;
    const test = TESTS[field as keyof LiveFilter] as (row: ExchangeRow, wanted: unknown) => boolean;
    return test(row, wanted);
  });
}

function rank(severity: Severity): number {
  return SEVERITY_RANK[severity];
}
