/** At start, before anything is judged: what was published is put in force, or the start fails and says why. */

import { loadPublished, type Policies, textHash } from './judge/published.ts';
import type { Ledger } from './ledger/ledger.ts';
import { newId, systemClock, timestamp } from './telemetry/clock.ts';
import type { Log } from './telemetry/log.ts';

/** @throws {ConfigError} for a version that cannot be put in force */
export async function loadPolicies(
  ledger: Pick<Ledger, 'rows' | 'append'>,
  policies: Policies,
  log: Log,
): Promise<void> {
  for (const { row, outcome } of await loadPublished(ledger, policies)) {
    const { judge, version } = row;
    const fields = { judge, version: String(version) };
    switch (outcome) {
      case 'in_force':
        log.write('info', 'policy_in_force', fields);
        break;
      case 'no_judge':
        log.write('warn', 'policy_unused', { ...fields, reason: 'no_judge' });
        break;
      case 'file':
        await takeBack(ledger, policies, judge, version);
        log.write('warn', 'policy_taken_back', { ...fields, reason: 'judges.*.policy' });
        break;
      default:
        outcome satisfies never;
    }
  }
}

/** Judges with a published version in force. */
export function publishedNow(policies: Policies): { readonly judge: string; readonly version: number }[] {
  return policies.names.flatMap((judge) => {
    const version = policies.inForce(judge)?.version ?? 0;
    return version === 0 ? [] : [{ judge, version }];
  });
}

/** The configuration wants its file: the ledger says so from here on, and who reads the chain sees when it changed. */
async function takeBack(
  ledger: Pick<Ledger, 'append'>,
  policies: Policies,
  judge: string,
  version: number,
): Promise<void> {
  const file = policies.file(judge);
  const after = { version: 0, text_sha256: file === null ? null : textHash(file.yaml) };
  const record = {
    ...{ act_id: newId(), ts: timestamp(systemClock), actor: { kind: 'system', name: 'start' } as const },
    ...{ action: 'policy.rollback' as const, object: judge, before: { version }, after },
  };
  await ledger.append([{ kind: 'act', record }], [['retirePolicy', judge, version]]);
}
