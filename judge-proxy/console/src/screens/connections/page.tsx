import { Paper, Table, Text } from '@mantine/core';
import { IconBan, IconCheck, IconPlugConnected, IconPlugX, IconX } from '@tabler/icons-react';
import type { ConnectionRecord } from '../../../../ledger/records.ts';
import { ClientName } from '../../shared/client-name.tsx';
import { EmptyState } from '../../shared/empty-state.tsx';
import { ErrorState } from '../../shared/error-state.tsx';
import { formatBytes } from '../../shared/format.ts';
import { More } from '../../shared/more.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { usePages } from '../../shared/pages.ts';
import { Tag } from '../../shared/tag.tsx';
import { Duration, Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';

export default function ConnectionsPage() {
  const { items, query } = usePages('list_connections', { query: { limit: 100 } });
  return (
    <>
      <PageHeader
        title="Connections"
        about="Tunnels that were relayed unread and connections that were refused. No judge saw any of them."
      />
      {query.error !== null && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isSuccess && items.length === 0 && (
        <EmptyState title="No connections yet" icon={IconPlugConnected}>
          Hosts that the policy tunnels or denies show up here.
        </EmptyState>
      )}
      {items.length > 0 && (
        <Paper>
          <Table.ScrollContainer minWidth={820}>
            <Table highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Time</Table.Th>
                  <Table.Th>What</Table.Th>
                  <Table.Th>Client</Table.Th>
                  <Table.Th>Host</Table.Th>
                  <Table.Th>Route</Table.Th>
                  <Table.Th ta="right">Up</Table.Th>
                  <Table.Th ta="right">Down</Table.Th>
                  <Table.Th ta="right">Time open</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((connection) => (
                  <Row key={connection.connection_id} connection={connection} />
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

function Row({ connection }: { connection: ConnectionRecord }) {
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        <Time ts={connection.ts} />
      </Table.Td>
      <Table.Td>
        <What connection={connection} />
      </Table.Td>
      <Table.Td>
        <ClientName client={connection.client} />
      </Table.Td>
      <Table.Td>
        <TrafficText text={`${connection.host}:${connection.port}`} mono />
      </Table.Td>
      <Table.Td>
        <Text size="sm">{connection.route ?? '—'}</Text>
      </Table.Td>
      <Table.Td ta="right">{formatBytes(connection.bytes_up)}</Table.Td>
      <Table.Td ta="right">{formatBytes(connection.bytes_down)}</Table.Td>
      <Table.Td ta="right">
        <Duration ms={connection.duration_ms} />
      </Table.Td>
    </Table.Tr>
  );
}

function What({ connection: { action, error_code, reason } }: { connection: ConnectionRecord }) {
  const why = [error_code, reason].filter((word) => word !== null).join(': ');
  if (action === 'deny') return <Tag tone="critical" icon={IconBan} label="Denied" hint={why || 'By the policy.'} />;
  if (error_code !== null) return <Tag tone="medium" icon={IconPlugX} label={error_code} hint={why} />;
  if (action === 'tunnel') {
    return <Tag tone="void" icon={IconX} label="Tunnel, unread" hint="Relayed as it was: nobody read it." />;
  }
  return <Tag tone="quiet" icon={IconCheck} label="Terminated" hint="Its exchanges are in the list of exchanges." />;
}
