import { Badge, Group, SimpleGrid } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Overview } from '../../../../ledger/read-model/rows.ts';
import { useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { type PeriodTimes, usePeriod } from '../../shared/period.ts';
import { PeriodSwitch } from '../../shared/period-switch.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { CoverageCard } from './coverage-card.tsx';
import { Figures } from './figures.tsx';
import { JudgesCard } from './judges-card.tsx';
import classes from './overview.module.css';
import { overviewRoute } from './route.ts';
import { TimeChart } from './time-chart.tsx';
import { VerdictCards } from './verdict-cards.tsx';

export default function OverviewPage() {
  const search = overviewRoute.useSearch();
  const navigate = overviewRoute.useNavigate();
  const period = usePeriod(search);
  const only = {
    ...(search.route !== undefined && { route: search.route }),
    ...(search.client !== undefined && { client: search.client }),
  };
  const overview = useAnswer('overview', { query: { ...period, ...only } }, { keepPrevious: true });
  const seesJudges = useMay('judges:read');
  return (
    <>
      <PageHeader title="Overview" about="What your programs said to language models, and what the judge made of it.">
        {Object.entries(only).map(([key, value]) => (
          <Badge key={key} variant="light" tt="none">
            {key}: {value}
          </Badge>
        ))}
        <PeriodSwitch search={search} onChange={(last) => void navigate({ search: { last, ...only } })} />
      </PageHeader>
      <WhenRead of={overview} lines={12}>
        {(answer) =>
          isEmpty(answer) ? (
            <EmptyState title="No traffic in this period" icon={IconArrowsExchange}>
              Choose a longer period, or point a program at the proxy with HTTPS_PROXY.
            </EmptyState>
          ) : (
            <Found overview={answer} period={{ ...period, ...only }} seesJudges={seesJudges} />
          )
        }
      </WhenRead>
    </>
  );
}

interface FoundProps {
  readonly overview: Overview;
  readonly period: PeriodTimes & { readonly route?: string; readonly client?: string };
  readonly seesJudges: boolean;
}

function Found({ overview, period, seesJudges }: FoundProps) {
  return (
    <div className={classes.page}>
      <Figures overview={overview} period={period} />
      <div className={classes.columns}>
        <TimeChart points={overview.series} />
        <CoverageCard overview={overview} period={period} />
      </div>
      <VerdictCards overview={overview} period={period} />
      {seesJudges && (
        <SimpleGrid cols={1}>
          <JudgesCard />
        </SimpleGrid>
      )}
      <Group justify="flex-end">
        <Link to="/exchanges" search={period}>
          All exchanges of this period
        </Link>
      </Group>
    </div>
  );
}

const isEmpty = ({ exchanges, tunnels, refusals }: Overview) => exchanges + tunnels + refusals === 0;
