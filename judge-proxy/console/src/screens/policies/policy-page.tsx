import { useParams } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { PolicySummary } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { PolicyDesk } from './policy-desk.tsx';

/** One judge's policy: what is in force, the draft, and what became of earlier versions. */
export default function PolicyPage() {
  const { judge } = useParams({ from: '/signed-in/policies/$judge' });
  const policies = useAnswer('list_policies', {});
  return (
    <WhenRead of={policies} lines={12}>
      {(all) => {
        const versions = all.filter((policy) => policy.judge === judge);
        const inForce = versionInForce(versions);
        if (inForce === undefined)
          return (
            <>
              <PageHeader title="Policy" />
              <EmptyState title="There is no such judge">The configuration names none of this name.</EmptyState>
            </>
          );
        return <PolicyOf judge={judge} versions={versions} inForce={inForce} key={judge} />;
      }}
    </WhenRead>
  );
}

interface Props {
  readonly judge: string;
  readonly versions: readonly PolicySummary[];
  readonly inForce: PolicySummary;
}

function PolicyOf({ judge, versions, inForce }: Props) {
  const draft = versions.find(({ state }) => state === 'draft');
  const force = useAnswer('read_policy', { params: { judge, version: inForce.version } }, { keepPrevious: true });
  const drafted = useAnswer(
    'read_policy',
    { params: { judge, version: draft?.version ?? 0 } },
    { enabled: draft !== undefined },
  );
  // The desk holds what is being written: once it is open it stays, whatever is read anew.
  const opened = useRef(false);
  const { refetch } = drafted;
  const isOld = draft !== undefined && drafted.data !== undefined && drafted.data.revision < draft.revision;
  useEffect(() => {
    if (isOld) void refetch();
  }, [isOld, refetch]);
  const ready = draft === undefined || drafted.data !== undefined;
  if (force.data === undefined || !(ready || opened.current))
    return (
      <WhenRead of={force.data === undefined ? force : drafted} lines={12}>
        {() => null}
      </WhenRead>
    );
  opened.current = true;
  const own = draft === undefined ? null : (drafted.data ?? null);
  return <PolicyDesk judge={judge} inForce={force.data} draft={own} versions={versions} />;
}

/** The published one, or the file's while there is none. */
function versionInForce(versions: readonly PolicySummary[]): PolicySummary | undefined {
  return versions.find(({ state }) => state === 'published') ?? versions.find(({ state }) => state === 'file');
}
