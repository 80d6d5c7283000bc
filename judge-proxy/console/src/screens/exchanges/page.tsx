import { Paper } from '@mantine/core';
import { IconArrowsExchange, IconFilterOff } from '@tabler/icons-react';
import { useMemo } from 'react';
import { EmptyState } from '../../shared/empty-state.tsx';
import { ErrorState } from '../../shared/error-state.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { usePages } from '../../shared/pages.ts';
import { FilterBar } from './filter-bar.tsx';
import { canFollow, type ListFilter } from './filters.ts';
import { LiveBar } from './live-bar.tsx';
import { mergeRows } from './merge-rows.ts';
import { exchangesRoute } from './route.ts';
import { RowsTable } from './rows-table.tsx';
import { useLiveTail } from './use-live-tail.ts';

export default function ExchangesPage() {
  const search = exchangesRoute.useSearch();
  // A list for each filter: what was followed and scrolled in one has no place in another.
  return <Exchanges key={JSON.stringify(search)} filter={search} />;
}

function Exchanges({ filter }: { filter: ListFilter }) {
  const navigate = exchangesRoute.useNavigate();
  const { items, query } = usePages('list_exchanges', { query: { ...filter, limit: 100 } });
  const live = useLiveTail(filter, canFollow(filter) && query.isSuccess);
  const rows = useMemo(() => mergeRows(live.shown, items, live.changed), [live.shown, live.changed, items]);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      <PageHeader title="Exchanges" about="Requests and their responses, newest first">
        <LiveBar live={live} canFollow={canFollow(filter)} />
      </PageHeader>
      <FilterBar filter={filter} onChange={(next) => void navigate({ search: next })} />
      {query.error !== null && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && (
        <Paper>
          {isFiltered ? (
            <EmptyState title="No exchange fits these filters" icon={IconFilterOff}>
              Take a filter away, or choose other words.
            </EmptyState>
          ) : (
            <EmptyState title="No exchanges yet" icon={IconArrowsExchange}>
              Point a program at the proxy with HTTPS_PROXY; what it says to a language model shows up here.
            </EmptyState>
          )}
        </Paper>
      )}
      {(rows.length > 0 || query.isPending) && (
        <RowsTable
          rows={rows}
          isLoading={query.isPending || query.isFetchingNextPage}
          onEnd={() => {
            if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
          }}
          isAll={!query.hasNextPage}
          onHover={live.hold}
        />
      )}
    </>
  );
}
