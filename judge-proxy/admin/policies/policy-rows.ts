/** Versions of policies as the API shows them: those of the ledger, and the configuration's file as version 0. */

import type { PolicySummary, PolicyVersion } from '../../contract/responses.ts';
import type { Policies } from '../../judge/published.ts';
import type { LedgerReader } from '../../ledger/ledger.ts';
import type { PolicyRow } from '../../ledger/tables/policies.ts';

/** Of all judges: more than people write. Older ones are still read by number. */
const MOST_LISTED = 1_000;

export interface PolicyReading {
  readonly ledger: Pick<LedgerReader, 'rows'>;
  readonly policies: Policies;
  /** When the files were read, RFC 3339. */
  readonly loadedAt: string;
}

/** Newest first, the files last. */
export async function policySummaries(reading: PolicyReading): Promise<readonly PolicySummary[]> {
  const rows = await reading.ledger.rows<PolicySummary>('policySummaries', MOST_LISTED);
  const files = reading.policies.names.flatMap((name) => fileVersion(reading, name) ?? []);
  return [...rows, ...files.map(({ yaml: _, ...summary }) => summary)];
}

/** @returns null when there is none */
export async function policyVersion(
  reading: PolicyReading,
  judge: string,
  version: number,
): Promise<PolicyVersion | null> {
  if (version === 0) return fileVersion(reading, judge);
  const [row] = await reading.ledger.rows<PolicyRow>('policy', judge, version);
  return row ?? null;
}

function fileVersion({ policies, loadedAt }: PolicyReading, judge: string): PolicyVersion | null {
  const file = policies.file(judge);
  if (file === null) return null;
  return {
    ...{ judge, version: 0, state: 'file', revision: 0, yaml: file.yaml, rubric_hash: file.rubric.hash },
    ...{ author: 'configuration', created_at: loadedAt, updated_at: loadedAt },
    ...{ published_at: null, published_by: null, note: null },
  };
}
