import { Table } from '@mantine/core';
import type { Quality } from '../../../../contract/responses.ts';
import { FEWEST, percent } from './meaning.ts';

export function ReviewerPairs({ pairs }: { pairs: Quality['reviewers'] }) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Reviewers</Table.Th>
          <Table.Th ta="right">Exchanges</Table.Th>
          <Table.Th ta="right">Same answer</Table.Th>
          <Table.Th ta="right">κ</Table.Th>
          <Table.Th ta="right">PABAK</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pairs.map(({ a, b, agreement: { pairs: count, agreement, kappa, pabak } }) => {
          const few = count < FEWEST;
          return (
            <Table.Tr key={`${a} ${b}`}>
              <Table.Td>
                {a} and {b}
              </Table.Td>
              <Table.Td ta="right">{count}</Table.Td>
              <Table.Td ta="right">{few || agreement === null ? 'too few' : percent(agreement)}</Table.Td>
              <Table.Td ta="right">{few || kappa === null ? '—' : kappa.toFixed(2)}</Table.Td>
              <Table.Td ta="right">{few || pabak === null ? '—' : pabak.toFixed(2)}</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
