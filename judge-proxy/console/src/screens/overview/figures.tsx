import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '../../../../ledger/read-model/rows.ts';
import { formatCount, formatShare, formatShort, formatUsd } from '../../shared/format.ts';
import type { LinkedPeriod } from './linked-period.ts';
import classes from './overview.module.css';

/** The five numbers that are asked for first, each the way to what it counts. */
export function Figures({ overview, period }: { overview: Overview; period: LinkedPeriod }) {
  const { exchanges, by_label, by_action, by_coverage, unjudged } = overview;
  const stopped = by_action.blocked + by_action.cut;
  const notInFull = by_coverage.partial + by_coverage.none;
  return (
    <div className={classes.figures}>
      <Figure label="Exchanges" value={formatCount(exchanges)} search={period}>
        {overview.open > 0
          ? `${formatCount(overview.open)} open now`
          : `${formatShort(overview.tokens_in + overview.tokens_out)} tokens`}
      </Figure>
      <Figure
        label="Violations"
        value={formatCount(by_label.violation)}
        tone="high"
        search={{ ...period, label: 'violation' }}
      >
        {share(by_label.violation, overview.judged)} of {formatCount(overview.judged)} judged
      </Figure>
      <Figure label="Stopped" value={formatCount(stopped)} tone="critical" search={{ ...period, action: 'blocked' }}>
        {formatCount(by_action.cut)} cut midway, {formatCount(by_action.would_block)} would be
      </Figure>
      <Figure
        label="Not judged in full"
        value={formatCount(notInFull)}
        tone="void"
        search={{ ...period, coverage: 'none' }}
      >
        {share(notInFull, exchanges)} of all; {formatCount(unjudged)} without any verdict
      </Figure>
      <Figure label="Cost" value={formatUsd(overview.traffic_usd + overview.judging_usd)} search={period}>
        {formatUsd(overview.judging_usd)} of it for judging
      </Figure>
    </div>
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly tone?: 'high' | 'critical' | 'void';
  readonly search: LinkProps<'a'>['search'];
  readonly children: ReactNode;
}

function Figure({ label, value, tone, search, children }: FigureProps) {
  const isNone = value === '0';
  return (
    <Link to="/exchanges" search={search as never} className={classes.figure} data-tone={isNone ? undefined : tone}>
      <span className={classes.figureLabel}>{label}</span>
      <span className={classes.figureValue}>{value}</span>
      <span className={classes.figureNote}>{children}</span>
    </Link>
  );
}

const share = (part: number, whole: number) => (whole === 0 ? '—' : formatShare(part / whole));
