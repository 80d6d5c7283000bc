import { Paper, Table } from '@mantine/core';
import { IconWorld } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { ClientName } from '../../shared/client-name.tsx';
import { EmptyState } from '../../shared/empty-state.tsx';
import { ErrorState } from '../../shared/error-state.tsx';
import { formatCount, formatShort } from '../../shared/format.ts';
import { Money } from '../../shared/money.tsx';
import { More } from '../../shared/more.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { usePages } from '../../shared/pages.ts';
import { usePeriod } from '../../shared/period.ts';
import { PeriodSwitch } from '../../shared/period-switch.tsx';
import { Time } from '../../shared/time.tsx';
import { clientsRoute } from './route.ts';

export default function ClientsPage() {
  const search = clientsRoute.useSearch();
  const navigate = clientsRoute.useNavigate();
  const period = usePeriod(search);
  const { items, query } = usePages('list_clients', { query: { ...period, limit: 100 } });
  return (
    <>
      <PageHeader title="Clients" about="Who sent what in this period, and what of it was not judged in full.">
        <PeriodSwitch search={search} onChange={(last) => void navigate({ search: { last } })} />
      </PageHeader>
      {query.error !== null && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && items.length === 0 && (
        <EmptyState title="No client in this period" icon={IconWorld}>
          Choose a longer period, or point a program at the proxy.
        </EmptyState>
      )}
      {items.length > 0 && (
        <Paper>
          <Table.ScrollContainer minWidth={900}>
            <Table highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Client</Table.Th>
                  <Table.Th ta="right">Exchanges</Table.Th>
                  <Table.Th ta="right">Violations</Table.Th>
                  <Table.Th ta="right">Stopped</Table.Th>
                  <Table.Th ta="right">Undetermined</Table.Th>
                  <Table.Th ta="right">Not judged in full</Table.Th>
                  <Table.Th ta="right">Tunnels</Table.Th>
                  <Table.Th ta="right">Refusals</Table.Th>
                  <Table.Th ta="right">Tokens</Table.Th>
                  <Table.Th ta="right">Traffic</Table.Th>
                  <Table.Th ta="right">Judging</Table.Th>
                  <Table.Th>Last seen</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((row) => (
                  <Table.Tr key={row.client}>
                    <Table.Td>
                      <Link to="/exchanges" search={{ client: row.client, ...period }}>
                        <ClientName client={row.client} />
                      </Link>
                    </Table.Td>
                    <Table.Td ta="right">{formatCount(row.exchanges)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.violations)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.stopped)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.undetermined)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.not_judged_in_full)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.tunnels)}</Table.Td>
                    <Table.Td ta="right">{formatCount(row.refusals)}</Table.Td>
                    <Table.Td ta="right">{formatShort(row.tokens_in + row.tokens_out)}</Table.Td>
                    <Table.Td ta="right">
                      <Money usd={row.traffic_usd} />
                    </Table.Td>
                    <Table.Td ta="right">
                      <Money usd={row.judging_usd} />
                    </Table.Td>
                    <Table.Td style={{ whiteSpace: 'nowrap' }}>
                      <Time ts={row.last_ts} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <More query={query} shown={items.length} />
        </Paper>
      )}
    </>
  );
}
