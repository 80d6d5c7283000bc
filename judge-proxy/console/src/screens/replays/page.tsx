import { Button, Collapse, Progress, Select, Table, Text } from '@mantine/core';
import { IconPlus, IconRotateClockwise2 } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReplayJob } from '../../../../contract/responses.ts';
import { useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { formatCount, formatUsd } from '../../shared/format.ts';
import { More } from '../../shared/more.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { usePages } from '../../shared/pages.ts';
import { Time } from '../../shared/time.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { JOB_STATES, policyOf, progressOf } from './job-words.ts';
import { ReplayForm } from './replay-form.tsx';

const PAGE = 25;

/** Replays: recorded exchanges judged again, newest first. */
export default function ReplaysPage() {
  const mayStart = useMay('replays:write');
  const [making, setMaking] = useState(false);
  const { items, query } = usePages('list_replays', { query: { limit: PAGE } });
  return (
    <>
      <PageHeader title="Replays" about="Recorded exchanges judged again, from exactly what was judged then.">
        {mayStart && (
          <Button leftSection={<IconPlus size={16} />} aria-expanded={making} onClick={() => setMaking(!making)}>
            New replay
          </Button>
        )}
      </PageHeader>
      <Collapse expanded={making}>{making && <NewReplay />}</Collapse>
      <WhenRead of={query}>
        {() =>
          items.length === 0 ? (
            <EmptyState title="No replays" icon={IconRotateClockwise2}>
              Open a policy, change its draft and replay it: you see what would newly block or pass before it is
              published.
            </EmptyState>
          ) : (
            <>
              <Jobs jobs={items} />
              <More query={query} shown={items.length} />
            </>
          )
        }
      </WhenRead>
    </>
  );
}

function NewReplay() {
  const policies = useAnswer('list_policies', {});
  const [chosen, setChosen] = useState<string | null>(null);
  const options = (policies.data ?? []).map(({ judge, version, state }) => {
    const name = version === 0 ? 'the file' : `version ${version}`;
    return { value: `${judge} ${version}`, label: `${judge}: ${name}${state === 'draft' ? ' (draft)' : ''}` };
  });
  const value = chosen ?? options[0]?.value ?? null;
  const [judge, version] = value?.split(' ') ?? [];
  return (
    <div>
      <Select
        label="Judge and policy"
        mb="md"
        w={320}
        data={options}
        value={value}
        allowDeselect={false}
        onChange={setChosen}
      />
      {judge !== undefined && <ReplayForm key={value} judge={judge} policy={{ version: Number(version) }} />}
    </div>
  );
}

function Jobs({ jobs }: { jobs: readonly ReplayJob[] }) {
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table highlightOnHover mt="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Begun</Table.Th>
            <Table.Th>Judge</Table.Th>
            <Table.Th>By</Table.Th>
            <Table.Th w={220}>State</Table.Th>
            <Table.Th ta="right">Newly block</Table.Th>
            <Table.Th ta="right">Newly pass</Table.Th>
            <Table.Th ta="right">Spent</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {jobs.map((job) => (
            <Table.Tr key={job.job_id}>
              <Table.Td>
                <Link to="/replays/$id" params={{ id: job.job_id }}>
                  <Time ts={job.created_at} />
                </Link>
              </Table.Td>
              <Table.Td>
                {job.judge}
                <Text size="xs" c="dimmed">
                  {policyOf(job)}
                </Text>
              </Table.Td>
              <Table.Td>{job.created_by}</Table.Td>
              <Table.Td>
                <Text size="xs">
                  {JOB_STATES[job.state]}, {formatCount(job.done)} of {formatCount(job.total)}
                </Text>
                <Progress value={progressOf(job)} size="sm" aria-label={`${progressOf(job)} % done`} />
              </Table.Td>
              <Table.Td ta="right">{formatCount(job.changes.newly_blocks ?? 0)}</Table.Td>
              <Table.Td ta="right">{formatCount(job.changes.newly_passes ?? 0)}</Table.Td>
              <Table.Td ta="right">{formatUsd(job.spent.usd)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
