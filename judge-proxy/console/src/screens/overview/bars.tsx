import { Tooltip } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { exchangeFilter } from '../../../../contract/requests.ts';
import type { SearchOf } from '../../app/search.ts';
import { formatCount, formatShare } from '../../shared/format.ts';
import type { Tone } from '../../shared/tag.tsx';
import classes from './overview.module.css';

export type ListSearch = SearchOf<typeof exchangeFilter>;

export interface BarRow {
  readonly key: string;
  readonly label: string;
  readonly hint?: string;
  readonly count: number;
  readonly tone: Tone;
  readonly search: ListSearch;
}

/** Counts as bars, each the way to the exchanges that it counts. A list: it reads without the bars as well. */
export function Bars({ rows, of, label }: { rows: readonly BarRow[]; of: number; label: string }) {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return (
    <ul className={classes.bars} aria-label={label}>
      {rows.map((row) => (
        <li key={row.key}>
          <Tooltip label={row.hint} disabled={row.hint === undefined} position="left">
            <Link
              to="/exchanges"
              search={row.search}
              className={classes.barRow}
              data-none={row.count === 0 || undefined}
            >
              <span className={classes.barLabel}>{row.label}</span>
              <span className={classes.barTrack} aria-hidden>
                <span className={classes.bar} data-tone={row.tone} style={{ width: `${(row.count / most) * 100}%` }} />
              </span>
              <span className={classes.barCount}>{formatCount(row.count)}</span>
              <span className={classes.barShare}>{of === 0 ? '' : formatShare(row.count / of)}</span>
            </Link>
          </Tooltip>
        </li>
      ))}
    </ul>
  );
}
