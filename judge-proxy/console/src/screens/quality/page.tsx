import { SegmentedControl, Select, SimpleGrid, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Quality } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { counted, formatCount } from '../../shared/format.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { Card } from './card.tsx';
import { ConfusionMatrix } from './confusion-matrix.tsx';
import { Figure } from './figure.tsx';
import { JudgeVersions } from './judge-versions.tsx';
import { blindMeaning, kappaMeaning, pabakMeaning, precisionMeaning, recallMeaning } from './meaning.ts';
import { OverTime } from './over-time.tsx';
import { ReviewerPairs } from './reviewer-pairs.tsx';
import { PERIODS } from './route.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NAMES = { '7': '7 days', '30': '30 days', '90': '90 days', '365': 'a year' } as const;

/** How far judge and people agree, and how far that can be relied on. */
export default function QualityPage() {
  const search = useSearch({ from: '/signed-in/quality' });
  const navigate = useNavigate({ from: '/quality' });
  const days = search.days ?? '30';
  const period = useMemo(() => periodOf(Number(days), Date.now()), [days]);
  const quality = useAnswer('quality', { query: { ...period, judge: search.judge } }, { keepPrevious: true });
  return (
    <>
      <PageHeader title="Quality" about="Judge and people, by the labels of people.">
        <JudgeSelect
          value={search.judge ?? null}
          onChange={(judge) => void navigate({ search: { ...search, judge }, replace: true })}
        />
        <SegmentedControl
          aria-label="Period"
          data={PERIODS.map((value) => ({ value, label: NAMES[value] }))}
          value={days}
          onChange={(value) => void navigate({ search: { ...search, days: value as typeof days }, replace: true })}
        />
      </PageHeader>
      <WhenRead of={quality} lines={12}>
        {(answer) => <Figures quality={answer} />}
      </WhenRead>
    </>
  );
}

function Figures({ quality }: { quality: Quality }) {
  const labels = quality.confusion.reduce((sum, { count }) => sum + count, 0) + quality.unsure + quality.invalid;
  if (labels === 0)
    return (
      <EmptyState title="Nobody has labelled anything in this period">
        Labels come from the review queue. Begin with the control sample: what the judge misses can be seen there alone.
      </EmptyState>
    );
  return (
    <>
      <SimpleGrid cols={{ base: 2, xl: 4 }} spacing="md" mb="md">
        <Figure name="Precision" rate={quality.precision} meaning={precisionMeaning(quality.precision)} />
        <Figure name="Recall, control sample" rate={quality.recall} meaning={recallMeaning(quality.recall)} />
        <Figure
          name="Judge and people, κ"
          agreement={quality.judge_people}
          meaning={kappaMeaning(quality.judge_people, 'Judge and people')}
          beside={pabakMeaning(quality.judge_people)}
        />
        <Figure
          name="People among themselves, κ"
          agreement={quality.people}
          meaning={kappaMeaning(quality.people, 'Two people')}
          beside={pabakMeaning(quality.people)}
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" mb="md">
        <Card title="Confusion matrix" about="Judge against people. Large: weighted by how each exchange was drawn.">
          <ConfusionMatrix confusion={quality.confusion} />
          <Text size="xs" c="dimmed" mt="sm">
            Not in it: {counted(quality.unsure, 'label')} “unsure” and {formatCount(quality.invalid)} “invalid”.{' '}
            {blindMeaning(quality.blind_share)}
          </Text>
        </Card>
        <Card title="Over time" about="By week. Weeks with fewer than ten cases are left out of a line.">
          <OverTime overTime={quality.over_time} />
        </Card>
      </SimpleGrid>
      <Card title="By version of the judge" about="A judge is another one when its rubric, rules or model change.">
        <JudgeVersions versions={quality.by_judge} />
      </Card>
      {quality.reviewers.length > 0 && (
        <Card title="Pairs of reviewers" about="On exchanges that both labelled.">
          <ReviewerPairs pairs={quality.reviewers} />
        </Card>
      )}
    </>
  );
}

function JudgeSelect({ value, onChange }: { value: string | null; onChange: (judge: string | undefined) => void }) {
  const judges = useAnswer('list_judges', {}, { enabled: useMay('judges:read') });
  return (
    <Select
      aria-label="Judge"
      placeholder="All judges"
      clearable
      w={170}
      data={(judges.data ?? []).map(({ name }) => name)}
      value={value}
      onChange={(name) => onChange(name ?? undefined)}
    />
  );
}

/** Whole hours, so that the same question is asked again and its answer is in the cache. */
function periodOf(days: number, now: number): { since: string; until: string } {
  const until = Math.ceil(now / HOUR_MS) * HOUR_MS;
  return { since: new Date(until - days * DAY_MS).toISOString(), until: new Date(until).toISOString() };
}
