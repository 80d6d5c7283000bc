import { IconPencilCheck, IconTrash } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { FoundExchange, Snippet } from '../../../../ledger/read-model/rows.ts';
import { ActionBadge, CoverageBadge, VerdictBadge } from '../../shared/badges.tsx';
import { ClientName } from '../../shared/client-name.tsx';
import { counted, formatDay, formatDuration, formatTime, formatUsd } from '../../shared/format.ts';
import { TrafficText } from '../../shared/traffic-text.tsx';
import classes from './exchanges.module.css';

export const COLUMNS = [
  { id: 'time', label: 'Time' },
  { id: 'verdict', label: 'Verdict' },
  { id: 'action', label: 'Action' },
  { id: 'coverage', label: 'Judged' },
  { id: 'client', label: 'Client' },
  { id: 'model', label: 'Model' },
  { id: 'preview', label: 'Latest message' },
  { id: 'duration', label: 'Took', right: true },
  { id: 'cost', label: 'Cost', right: true },
] as const satisfies readonly { id: string; label: string; right?: boolean }[] as readonly {
  readonly id: string;
  readonly label: string;
  readonly right?: boolean;
}[];

interface Props {
  readonly row: FoundExchange;
  readonly index: number;
  /** Offset in the list, in pixels. */
  readonly top: number;
  readonly isChosen: boolean;
}

/** One exchange in the list. The whole line is the way to it. */
export function ExchangeLine({ row, index, top, isChosen }: Props) {
  const { verdict } = row;
  const severity = verdict?.severity ?? 'none';
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed by their offset, which a table element does not allow
    // biome-ignore lint/a11y/useFocusableInteractive: its link takes the focus
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes.row}
      data-severity={severity}
      data-chosen={isChosen || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      <Cell id="time">
        <Link
          to="/exchanges/$id"
          params={{ id: row.exchange_id }}
          className={classes.rowLink}
          title={formatTime(row.ts)}
        >
          {clock(row.ts)}
        </Link>
      </Cell>
      <Cell id="verdict">
        <VerdictBadge verdict={verdict} pending={row.outcome === null} />
      </Cell>
      <Cell id="action">{verdict === null ? <Dash /> : <ActionBadge action={verdict.action} />}</Cell>
      <Cell id="coverage">
        <CoverageBadge coverage={row.coverage} judged={verdict !== null} />
      </Cell>
      <Cell id="client">
        <ClientName client={row.client} oneLine />
        <span className={classes.under}>{row.route}</span>
      </Cell>
      <Cell id="model">
        <TrafficText text={row.model ?? row.api ?? `${row.method} ${row.path}`} oneLine />
        <span className={classes.under}>
          <TrafficText text={row.host} oneLine />
        </span>
      </Cell>
      <Cell id="preview">
        <Said row={row} />
      </Cell>
      <Cell id="duration" right>
        {row.duration_ms === null ? '…' : formatDuration(row.duration_ms)}
      </Cell>
      <Cell id="cost" right>
        {row.cost_usd === null ? '—' : formatUsd(row.cost_usd)}
      </Cell>
    </div>
  );
}

function Cell({ id, right = false, children }: { id: string; right?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the row
    <div role="cell" data-column={id} data-right={right || undefined} className={classes.cell}>
      {children}
    </div>
  );
}

function Said({ row }: { row: FoundExchange }) {
  const signs = (
    <>
      {row.labels > 0 && (
        <span className={classes.sign} title={`${counted(row.labels, 'label')} by people`}>
          <IconPencilCheck size={13} aria-hidden /> {row.labels}
        </span>
      )}
      {row.erased !== null && (
        <span className={classes.sign} title="Erased">
          <IconTrash size={13} aria-hidden /> erased
        </span>
      )}
    </>
  );
  return (
    <div className={classes.said}>
      {row.snippet !== null ? (
        <span className={classes.snippet}>
          <TrafficText text={row.snippet.text.replaceAll(/\s/g, ' ')} marks={marksOf(row.snippet)} />
        </span>
      ) : (
        <span className={classes.preview} data-none={row.preview === null || undefined}>
          <TrafficText text={(row.preview ?? nothingSaid(row)).replaceAll(/\s+/g, ' ')} />
        </span>
      )}
      {signs}
    </div>
  );
}

function nothingSaid(row: FoundExchange): string {
  if (row.erased === 'text' || row.erased === 'metadata') return 'erased';
  if (row.recording === 'metadata') return 'metadata only';
  return `${row.method} ${row.path}`;
}

const marksOf = ({ hits }: Snippet) =>
  hits.map(([start, end], index) => ({ start, end, id: String(index), kind: 'search' as const }));

/** `14:03:07` of today, `11-21 14:03` of other days. */
function clock(ts: string): string {
  const whole = formatTime(ts);
  return whole.startsWith(formatDay(new Date())) ? whole.slice(11) : whole.slice(5, 16);
}

function Dash() {
  return <span className={classes.dash}>—</span>;
}
