import { SimpleGrid } from '@mantine/core';
import { useAnswer } from '../../api/hooks.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { JudgeCard } from './judge-card.tsx';
import { ShadowPanel } from './shadow-panel.tsx';

const REFRESH_MS = 10_000;

/** Judges: what each asks, with which models, how they are, and what they cost. */
export default function PoliciesPage() {
  const judges = useAnswer('list_judges', {}, { refetchInterval: REFRESH_MS });
  const policies = useAnswer('list_policies', {});
  return (
    <>
      <PageHeader
        title="Policies"
        about="A judge is a rubric, rules and a model. The rubric is its policy, in versions."
      />
      <WhenRead of={judges}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="No judges">Name one under `judges` in the configuration.</EmptyState>
          ) : (
            <>
              <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" mb="md">
                {rows.map((judge) => (
                  <JudgeCard
                    key={judge.name}
                    judge={judge}
                    versions={(policies.data ?? []).filter((policy) => policy.judge === judge.name)}
                  />
                ))}
              </SimpleGrid>
              <ShadowPanel />
            </>
          )
        }
      </WhenRead>
    </>
  );
}
