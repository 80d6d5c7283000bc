import { Code, Table, Text } from '@mantine/core';
import type { PolicyVersion } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { DiffView } from './diff-view.tsx';
import { Hint } from './hint.tsx';

interface Props {
  readonly inForce: PolicyVersion;
  readonly draft: PolicyVersion | null;
  readonly text: string;
  readonly dirty: boolean;
}

const CHANGES = { added: 'Added', removed: 'Removed', changed: 'Changed' } as const;

/** The text of the page against what is in force: by criterion, then line by line. */
export function DiffPanel({ inForce, draft, text, dirty }: Props) {
  const { judge, version } = inForce;
  const diff = useAnswer(
    'diff_policies',
    { params: { judge }, query: { from: version, to: draft?.version ?? version } },
    { enabled: draft !== null && !dirty },
  );
  const criteria = dirty ? [] : (diff.data?.criteria ?? []);
  return (
    <>
      {dirty && <Hint>Save the draft to see the difference by criterion.</Hint>}
      {criteria.length > 0 && (
        <Table mb="md" fz="sm" aria-label="Difference by criterion">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={260}>Criterion</Table.Th>
              <Table.Th w={120}>Change</Table.Th>
              <Table.Th>What</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {criteria.map(({ id, change, fields }) => (
              <Table.Tr key={id}>
                <Table.Td>
                  <Code>{id}</Code>
                </Table.Td>
                <Table.Td>{CHANGES[change]}</Table.Td>
                <Table.Td>
                  {fields.length === 0 ? (
                    <Text span size="sm" c="dimmed">
                      the whole criterion
                    </Text>
                  ) : (
                    fields.join(', ')
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <DiffView
        before={inForce.yaml}
        after={text}
        beforeName={version === 0 ? 'In force (file)' : `In force (version ${version})`}
        afterName="this page"
      />
    </>
  );
}
