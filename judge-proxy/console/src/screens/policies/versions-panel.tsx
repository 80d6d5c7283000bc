import { Button, Code, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { PolicySummary, PolicyVersion } from '../../../../contract/responses.ts';
import { useAct, useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { DiffView } from './diff-view.tsx';
import { RollBackDialog } from './publish-dialog.tsx';

interface Props {
  readonly judge: string;
  readonly inForce: PolicyVersion;
  readonly versions: readonly PolicySummary[];
}

const STATES = { draft: 'Draft', published: 'In force', retired: 'Retired', file: 'File' } as const;

export function VersionsPanel({ judge, inForce, versions }: Props) {
  const mayWrite = useMay('policies:write');
  const [compared, setCompared] = useState<number | null>(null);
  const [back, setBack] = useState<number | null>(null);
  const [discarding, setDiscarding] = useState(false);
  const discard = useAct('discard_draft', {
    changes: ['list_policies'],
    onDone: () => setDiscarding(false),
  });
  return (
    <>
      <Table highlightOnHover fz="sm" mb="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={90}>Version</Table.Th>
            <Table.Th w={110}>State</Table.Th>
            <Table.Th>By</Table.Th>
            <Table.Th>When</Table.Th>
            <Table.Th>Why</Table.Th>
            <Table.Th>Hash</Table.Th>
            <Table.Th aria-label="What can be done" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.map((policy) => {
            const isInForce = policy.version === inForce.version;
            const name = policy.version === 0 ? 'the file' : `version ${policy.version}`;
            return (
              <Table.Tr key={policy.version}>
                <Table.Td>{policy.version}</Table.Td>
                <Table.Td fw={isInForce ? 650 : 400}>{isInForce ? 'In force' : STATES[policy.state]}</Table.Td>
                <Table.Td>{policy.published_by ?? policy.author}</Table.Td>
                <Table.Td>
                  <Time ts={policy.published_at ?? policy.updated_at} />
                </Table.Td>
                <Table.Td maw={260}>{policy.note !== null && <TrafficText text={policy.note} oneLine />}</Table.Td>
                <Table.Td>{policy.rubric_hash !== null && <Code>{policy.rubric_hash.slice(0, 8)}</Code>}</Table.Td>
                <Table.Td>
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    {!isInForce && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Compare ${name} with what is in force`}
                        onClick={() => setCompared(policy.version === compared ? null : policy.version)}
                      >
                        Compare
                      </Button>
                    )}
                    {mayWrite && !isInForce && policy.state !== 'draft' && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Roll back to ${name}`}
                        onClick={() => setBack(policy.version)}
                      >
                        Roll back
                      </Button>
                    )}
                    {mayWrite && policy.state === 'draft' && (
                      <Button size="compact-xs" variant="default" onClick={() => setDiscarding(true)}>
                        Discard
                      </Button>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {compared !== null && <Compared judge={judge} version={compared} inForce={inForce} />}
      {back !== null && (
        <RollBackDialog judge={judge} version={back} inForce={inForce.version} onClose={() => setBack(null)} />
      )}
      <ConfirmDialog
        opened={discarding}
        title="Discard draft"
        object={`Draft of ${judge}`}
        verb="Discard"
        busy={discard.isPending}
        onClose={() => setDiscarding(false)}
        onConfirm={() => discard.mutate({ params: { judge } })}
      >
        Its text is gone for everybody. What is in force stays.
      </ConfirmDialog>
    </>
  );
}

function Compared({ judge, version, inForce }: { judge: string; version: number; inForce: PolicyVersion }) {
  const other = useAnswer('read_policy', { params: { judge, version } });
  return (
    <WhenRead of={other}>
      {(text) => (
        <>
          <Text size="sm" mb={4} fw={600}>
            {version === 0 ? 'The file' : `Version ${version}`} and what is in force
          </Text>
          <DiffView
            before={text.yaml}
            after={inForce.yaml}
            beforeName={version === 0 ? 'File' : `Version ${version}`}
            afterName="in force"
          />
        </>
      )}
    </WhenRead>
  );
}
