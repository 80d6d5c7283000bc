import { SegmentedControl } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { ApiError } from '../../api/problem.ts';
import { ActionBadge, CoverageBadge, SeverityBadge, VerdictBadge } from '../../shared/badges.tsx';
import { ClientName } from '../../shared/client-name.tsx';
import { locate } from '../../shared/conversation/locate.ts';
import { useKeys } from '../../shared/keys.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { Content } from './content.tsx';
import { CoverageWords } from './coverage-words.tsx';
import classes from './exchange.module.css';
import { FactsCards } from './facts-cards.tsx';
import { Gone, isGone } from './gone.tsx';
import { LabelsCard } from './labels-card.tsx';
import { MoreActs } from './more-acts.tsx';
import { Raw } from './raw.tsx';
import { exchangeRoute } from './route.ts';
import { VerdictCard } from './verdict-card.tsx';

/** An exchange that goes on is asked about again and again. */
const REFRESH_MS = 3_000;

export default function ExchangePage() {
  const { id } = exchangeRoute.useParams();
  const detail = useAnswer('read_exchange', { params: { id } }, { refetchInterval: REFRESH_MS, refetchWhile: goesOn });
  return (
    <>
      <Link to="/exchanges" className={classes.back}>
        <IconArrowLeft size={14} aria-hidden /> Exchanges
      </Link>
      {detail.error instanceof ApiError && isGone(detail.error) ? (
        <Gone id={id} problem={detail.error} />
      ) : (
        <WhenRead of={detail} lines={14}>
          {(answer) => <Shown key={id} detail={answer} />}
        </WhenRead>
      )}
    </>
  );
}

const goesOn = ({ row, job, verdicts }: ExchangeDetail) =>
  row.outcome === null || (job !== null && verdicts.length === 0);

function Shown({ detail }: { detail: ExchangeDetail }) {
  const { view = 'conversation' } = exchangeRoute.useSearch();
  const navigate = exchangeRoute.useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const verdict = detail.verdicts.at(-1) ?? null;
  const parts = detail.conversation?.parts;
  const located = useMemo(
    () => locate(parts ?? [], { criteria: verdict?.criteria ?? [], rule_hits: verdict?.rule_hits ?? [] }),
    [parts, verdict],
  );
  const choose = (finding: string) => {
    setChosen(finding);
    if (view !== 'conversation') void navigate({ search: {}, replace: true });
  };
  useFindingKeys(
    [...located.findings.values()].filter(({ part }) => part !== null).map(({ id }) => id),
    chosen,
    choose,
  );
  return (
    <>
      <Head detail={detail} />
      <div className={classes.columns}>
        <section aria-label="What was said" className={classes.said}>
          <SegmentedControl
            aria-label="View"
            size="xs"
            mb="sm"
            value={view}
            onChange={(next) => void navigate({ search: next === 'raw' ? { view: 'raw' } : {}, replace: true })}
            data={[
              { value: 'conversation', label: 'Conversation' },
              { value: 'raw', label: 'Raw' },
            ]}
          />
          {view === 'raw' ? (
            <Raw detail={detail} />
          ) : (
            <Content detail={detail} located={located} chosen={chosen} onChoose={setChosen} />
          )}
        </section>
        <aside aria-label="What was found" className={classes.found}>
          <VerdictCard detail={detail} located={located} chosen={chosen} onChoose={choose} />
          <CoverageWords coverage={detail.row.coverage} judged={detail.row.verdict !== null || detail.blind} />
          <LabelsCard detail={detail} />
          <FactsCards detail={detail} />
        </aside>
      </div>
    </>
  );
}

function Head({ detail }: { detail: ExchangeDetail }) {
  const { row } = detail;
  const { verdict } = row;
  return (
    <PageHeader
      title={`Exchange ${row.exchange_id.slice(0, 8)}`}
      about={
        <>
          <span className={classes.badges}>
            <VerdictBadge verdict={verdict} pending={row.outcome === null || detail.job !== null} />
            {verdict !== null && verdict.label !== 'violation' && verdict.severity !== 'none' && (
              <SeverityBadge severity={verdict.severity} />
            )}
            {verdict !== null && <ActionBadge action={verdict.action} />}
            <CoverageBadge coverage={row.coverage} judged={verdict !== null} />
          </span>
          <span className={classes.under}>
            <Time ts={row.ts} />
            <span aria-hidden> · </span>
            <ClientName client={row.client} />
            <span aria-hidden> → </span>
            <TrafficText text={row.host} />
            {row.model !== null && (
              <>
                <span aria-hidden> · </span>
                <TrafficText text={row.model} />
              </>
            )}
          </span>
        </>
      }
    >
      <MoreActs detail={detail} />
    </PageHeader>
  );
}

/** `[` and `]` go from finding to finding. */
function useFindingKeys(ids: readonly string[], chosen: string | null, choose: (id: string) => void) {
  const step = (by: number) => {
    const at = chosen === null ? -1 : ids.indexOf(chosen);
    const next = ids[(at + by + ids.length) % ids.length] ?? ids[0];
    if (next !== undefined) choose(next);
  };
  useKeys('Exchange', [
    { key: ']', what: 'Next finding in the conversation', run: () => step(1) },
    { key: '[', what: 'Previous finding', run: () => step(chosen === null ? 0 : -1) },
  ]);
}
