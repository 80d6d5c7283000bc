import { Loader } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { FoundExchange } from '../../../../ledger/read-model/rows.ts';
import { useKeys } from '../../shared/keys.tsx';
import { COLUMNS, ExchangeLine } from './exchange-line.tsx';
import classes from './exchanges.module.css';

const ROW_PX = 46;

interface Props {
  readonly rows: readonly FoundExchange[];
  readonly isLoading: boolean;
  /** There is nothing behind the last row. */
  readonly isAll: boolean;
  /** The reader nears the end. */
  readonly onEnd: () => void;
  readonly onHover: (holds: boolean) => void;
}

/** Only the rows in sight are drawn: the list may have many thousands. */
export function RowsTable({ rows, isLoading, isAll, onEnd, onHover }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => rows[index]?.exchange_id ?? index,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);

  const move = (by: number) => {
    const at = rows.findIndex(({ exchange_id }) => exchange_id === chosen);
    const next = Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by));
    setChosen(rows[next]?.exchange_id ?? null);
    virtual.scrollToIndex(next, { align: 'auto' });
  };
  useKeys('List', [
    { key: 'j', what: 'Next exchange', run: () => move(1) },
    { key: 'k', what: 'Previous exchange', run: () => move(-1) },
    {
      key: 'o',
      what: 'Open the exchange',
      run: () => {
        if (chosen !== null) void navigate({ to: '/exchanges/$id', params: { id: chosen } });
      },
    },
  ]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed by their offset, which a table element does not allow
    <div
      role="table"
      aria-label="Exchanges"
      aria-rowcount={isAll ? rows.length + 1 : -1}
      className={classes.table}
      onPointerEnter={() => onHover(true)}
      onPointerLeave={() => onHover(false)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: a row of headings takes no focus */}
      <div role="row" className={classes.headRow}>
        {COLUMNS.map(({ id, label, right }) => (
          // biome-ignore lint/a11y/useSemanticElements: as above
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div key={id} role="columnheader" data-column={id} data-right={right || undefined}>
            {label}
          </div>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" ref={body} className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start, key }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <ExchangeLine
              key={key}
              row={row}
              index={index}
              top={start - virtual.options.scrollMargin}
              isChosen={row.exchange_id === chosen}
            />
          );
        })}
      </div>
      {isLoading && (
        <div className={classes.loading}>
          <Loader size="sm" aria-label="Loading" />
        </div>
      )}
    </div>
  );
}
