import { Text } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview } from '../../../../ledger/read-model/rows.ts';
import { COVERAGE_REASONS } from '../../../../ledger/records.ts';
import { counted, formatCount, formatShare } from '../../shared/format.ts';
import type { Tone } from '../../shared/tag.tsx';
import { REASONS } from '../../shared/words.ts';
import { Bars, type ListSearch } from './bars.tsx';
import { Card } from './card.tsx';
import type { LinkedPeriod } from './linked-period.ts';
import classes from './overview.module.css';

interface Level {
  readonly key: string;
  readonly label: string;
  readonly count: number;
  readonly tone: Tone;
  /** null where no filter shows just these. */
  readonly search: ListSearch | null;
}

/** What was not judged, and why: as prominent as what was found. */
export function CoverageCard({ overview, period }: { overview: Overview; period: LinkedPeriod }) {
  const { by_coverage, by_reason, exchanges, open } = overview;
  const levels: readonly Level[] = [
    { key: 'full', label: 'In full', count: by_coverage.full, tone: 'low', search: { ...period, coverage: 'full' } },
    {
      key: 'partial',
      label: 'In part',
      count: by_coverage.partial,
      tone: 'medium',
      search: { ...period, coverage: 'partial' },
    },
    {
      key: 'none',
      label: 'Not at all',
      count: by_coverage.none,
      tone: 'void',
      search: { ...period, coverage: 'none' },
    },
    { key: 'open', label: 'Still open', count: open, tone: 'quiet', search: null },
  ];
  const reasons = COVERAGE_REASONS.flatMap((reason) => {
    const count = by_reason[reason] ?? 0;
    return count === 0
      ? []
      : [{ key: reason, ...REASONS[reason], count, tone: 'void' as const, search: { ...period, reason } }];
  }).sort((a, b) => b.count - a.count);
  return (
    <Card title="Coverage" about="How much of the traffic a judge read">
      <div className={classes.levels} aria-hidden>
        {levels.map(({ key, count, tone }) => (
          <span key={key} data-tone={tone} style={{ flexGrow: count, display: count === 0 ? 'none' : undefined }} />
        ))}
      </div>
      <ul className={classes.legend} aria-label="Coverage">
        {levels.map(({ key, label, count, tone, search }) => (
          <li key={key}>
            <LegendRow search={search}>
              <span className={classes.swatch} data-tone={tone} aria-hidden />
              <span>{label}</span>
              <strong>{formatCount(count)}</strong>
              <span className={classes.barShare}>{exchanges === 0 ? '' : formatShare(count / exchanges)}</span>
            </LegendRow>
          </li>
        ))}
      </ul>
      <Text size="xs" fw={650} mt="sm" mb={4}>
        Why not in full
      </Text>
      {reasons.length === 0 ? (
        <Text size="sm" c="dimmed">
          Every finished exchange of this period was judged in full.
        </Text>
      ) : (
        <Bars rows={reasons.slice(0, 8)} of={exchanges} label="Why not in full" />
      )}
      <div className={classes.unseen}>
        <IconEyeOff size={15} aria-hidden />
        <span>
          Beside these: <Link to="/connections">{counted(overview.tunnels, 'tunnel')}</Link> relayed unread,{' '}
          <Link to="/connections">{counted(overview.refusals, 'connection')}</Link> refused.
        </span>
      </div>
    </Card>
  );
}

function LegendRow({ search, children }: { search: ListSearch | null; children: ReactNode }) {
  if (search === null) return <span className={classes.legendRow}>{children}</span>;
  return (
    <Link to="/exchanges" search={search} className={classes.legendRow}>
      {children}
    </Link>
  );
}
