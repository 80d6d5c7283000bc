import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '../../../../ledger/read-model/rows.ts';
import { formatCount, formatShare, formatShort, formatUsd } from '../../shared/format.ts';
import type { ListSearch } from './bars.tsx';
import type { LinkedPeriod } from './linked-period.ts';
import classes from './overview.module.css';

/** The five numbers that are asked for first. A number that a filter can show is the way to its list. */
export function Figures({ overview, period }: { overview: Overview; period: LinkedPeriod }) {
  const { exchanges, by_label, by_action, by_coverage, unjudged } = overview;
  const notInFull = by_coverage.partial + by_coverage.none;
  const to = (search: ListSearch) => ({ ...period, ...search });
  return (
    <div className={classes.figures}>
      <Figure label="Exchanges" value={<Count of={exchanges} search={to({})} />}>
        {overview.open > 0
          ? `${formatCount(overview.open)} open now`
          : `${formatShort(overview.tokens_in + overview.tokens_out)} tokens`}
      </Figure>
      <Figure
        label="Violations"
        value={<Count of={by_label.violation} search={to({ label: 'violation' })} />}
        tone={by_label.violation > 0 ? 'high' : undefined}
      >
        {share(by_label.violation, overview.judged)} of {formatCount(overview.judged)} judged
      </Figure>
      <Figure
        label="Stopped"
        value={formatCount(by_action.blocked + by_action.cut)}
        tone={by_action.blocked + by_action.cut > 0 ? 'critical' : undefined}
      >
        <Count of={by_action.blocked} search={to({ action: 'blocked' })} /> blocked,{' '}
        <Count of={by_action.cut} search={to({ action: 'cut' })} /> cut,{' '}
        <Count of={by_action.would_block} search={to({ action: 'would_block' })} /> would be
      </Figure>
      <Figure label="Not judged in full" value={formatCount(notInFull)} tone={notInFull > 0 ? 'void' : undefined}>
        <Count of={by_coverage.none} search={to({ coverage: 'none' })} /> not at all,{' '}
        <Count of={by_coverage.partial} search={to({ coverage: 'partial' })} /> in part,{' '}
        <Count of={unjudged} search={to({ judged: 'false' })} /> no verdict
      </Figure>
      <Figure label="Cost" value={formatUsd(overview.traffic_usd + overview.judging_usd)}>
        {formatUsd(overview.judging_usd)} of it for judging
      </Figure>
    </div>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: ReactNode;
  readonly tone?: 'high' | 'critical' | 'void' | undefined;
  readonly children: ReactNode;
}

function Figure({ label, value, tone, children }: FigureProps) {
  return (
    <section className={classes.figure} data-tone={tone} aria-label={label}>
      <span className={classes.figureLabel}>{label}</span>
      <span className={classes.figureValue}>{value}</span>
      <span className={classes.figureNote}>{children}</span>
    </section>
  );
}

function Count({ of, search }: { of: number; search: ListSearch }) {
  return (
    <Link to="/exchanges" search={search} className={classes.count}>
      {formatCount(of)}
    </Link>
  );
}

const share = (part: number, whole: number) => (whole === 0 ? '—' : formatShare(part / whole));
