import { useParams } from '@tanstack/react-router';
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
  return (
    <WhenRead of={force} lines={12}>
      {(text) => {
        if (draft === undefined) return <PolicyDesk judge={judge} inForce={text} draft={null} versions={versions} />;
        return (
          <WhenRead of={drafted} lines={12}>
            {(own) => <PolicyDesk judge={judge} inForce={text} draft={own} versions={versions} />}
          </WhenRead>
        );
      }}
    </WhenRead>
  );
}

/** The published one, or the file's while there is none. */
function versionInForce(versions: readonly PolicySummary[]): PolicySummary | undefined {
  return versions.find(({ state }) => state === 'published') ?? versions.find(({ state }) => state === 'file');
}
