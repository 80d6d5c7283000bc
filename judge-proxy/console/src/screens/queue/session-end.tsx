import { Button, Group, Loader, Table, Text } from '@mantine/core';
import { IconEye, IconRefresh } from '@tabler/icons-react';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOptions, useApi } from '../../api/hooks.ts';
import { HumanBadge, VerdictBadge } from '../../shared/badges.tsx';
import { EmptyState } from '../../shared/empty-state.tsx';
import { counted } from '../../shared/format.ts';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { done, type GivenLabel, type TriageState } from './triage.ts';

/** So many are compared at the end: each is a question to the server. */
const MOST_COMPARED = 100;

interface Props {
  readonly state: TriageState;
  readonly onRestart: () => void;
}

/** After the last item: what was done, and in blind mode how it compares, when the reviewer asks. */
export function SessionEnd({ state, onRestart }: Props) {
  const [compare, setCompare] = useState(false);
  if (state.loading) return <Loader size="sm" aria-label="Loading" />;
  const skipped = state.items.length - done(state);
  const kept = [...state.given].filter(([, { phase }]) => phase === 'kept').slice(0, MOST_COMPARED);
  return (
    <>
      <EmptyState title="That was the last item">
        {done(state)} labelled, {skipped} left without a label. Press k to go back: nothing is lost.
        <Group justify="center" mt="sm" gap="xs">
          <Button variant="default" leftSection={<IconRefresh size={15} />} onClick={onRestart}>
            Look for more
          </Button>
          {state.blind && kept.length > 0 && !compare && (
            <Button leftSection={<IconEye size={15} />} onClick={() => setCompare(true)}>
              Compare with the judge
            </Button>
          )}
        </Group>
      </EmptyState>
      {compare && <Comparison kept={kept} />}
    </>
  );
}

function Comparison({ kept }: { kept: readonly (readonly [string, GivenLabel])[] }) {
  const api = useApi();
  const details = useQueries({
    queries: kept.map(([id]) => answerOptions(api, 'read_exchange', { params: { id }, query: { blind: 'false' } })),
  });
  const rows = kept.map(([id, { label }], index) => {
    const detail = details[index]?.data;
    return { id, label, verdict: detail?.row.verdict ?? null, preview: detail?.row.preview ?? '', read: !!detail };
  });
  const decided = rows.filter(({ verdict }) => verdict !== null && verdict.label !== 'undetermined');
  const same = decided.filter(({ label, verdict }) => verdict?.label === label).length;
  return (
    <section aria-label="Comparison with the judge">
      <Text size="sm" mb="xs">
        You and the judge gave the same answer on {same} of {counted(decided.length, 'exchange')} that the judge
        decided.
      </Text>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Exchange</Table.Th>
            <Table.Th w={120}>You</Table.Th>
            <Table.Th w={160}>Judge</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ id, label, verdict, preview, read }) => (
            <Table.Tr key={id}>
              <Table.Td maw={420}>
                <TrafficText text={preview === '' ? id : preview} oneLine />
              </Table.Td>
              <Table.Td>
                <HumanBadge label={label} />
              </Table.Td>
              <Table.Td>
                {read ? <VerdictBadge verdict={verdict} /> : <Loader size="xs" aria-label="Loading" />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
