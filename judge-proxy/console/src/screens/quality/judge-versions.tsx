import { Code, Table, Text } from '@mantine/core';
import type { Quality, Rate } from '../../../../contract/responses.ts';
import { formatCount } from '../../shared/format.ts';
import { Time } from '../../shared/time.tsx';
import { FEWEST, percent } from './meaning.ts';

export function JudgeVersions({ versions }: { versions: Quality['by_judge'] }) {
  return (
    <Table.ScrollContainer minWidth={700}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Judge</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th>First label on</Table.Th>
            <Table.Th ta="right">Labels</Table.Th>
            <Table.Th ta="right">Precision</Table.Th>
            <Table.Th ta="right">Recall</Table.Th>
            <Table.Th ta="right">κ</Table.Th>
            <Table.Th ta="right">PABAK</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.map((version) => (
            <Table.Tr key={`${version.judge} ${version.judge_hash}`}>
              <Table.Td>{version.judge}</Table.Td>
              <Table.Td>
                <Code title={version.judge_hash}>{version.judge_hash.slice(0, 8)}</Code>
              </Table.Td>
              <Table.Td>
                <Time ts={version.first_ts} />
              </Table.Td>
              <Table.Td ta="right">{formatCount(version.labels)}</Table.Td>
              <Table.Td ta="right">
                <RateCell rate={version.precision} />
              </Table.Td>
              <Table.Td ta="right">
                <RateCell rate={version.recall} />
              </Table.Td>
              <Table.Td ta="right">{number(version.agreement.kappa, version.agreement.pairs)}</Table.Td>
              <Table.Td ta="right">{number(version.agreement.pabak, version.agreement.pairs)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function RateCell({ rate: { value, low, high, of } }: { rate: Rate }) {
  if (of < FEWEST || value === null || low === null || high === null)
    return (
      <Text span size="xs" c="dimmed">
        too few ({of})
      </Text>
    );
  return (
    <>
      {percent(value)}{' '}
      <Text span size="xs" c="dimmed">
        {percent(low)}–{percent(high)}
      </Text>
    </>
  );
}

const number = (value: number | null, pairs: number): string =>
  value === null || pairs < FEWEST ? '—' : value.toFixed(2);
