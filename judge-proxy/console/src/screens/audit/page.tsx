import { Button, Code, Group, Select, Table } from '@mantine/core';
import { IconChevronDown, IconChevronRight, IconHistory } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import type { AuditRow } from '../../../../ledger/read-model/rows.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { More } from '../../shared/more.tsx';
import { PageHeader } from '../../shared/page-header.tsx';
import { usePages } from '../../shared/pages.ts';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { DateField, TextField } from '../exports/fields.tsx';
import { DiffView } from '../policies/diff-view.tsx';
import { type AuditEntry, entryOf } from './entry.ts';

const PAGE = 50;
const KINDS = [
  { value: 'act', label: 'Acts' },
  { value: 'label', label: 'Labels' },
  { value: 'erasure', label: 'Erasures' },
  { value: 'export_gap', label: 'Gaps of sinks' },
];
/** Beginnings of actions, as the filter takes them. */
const ACTIONS = ['session.', 'user.', 'token.', 'policy.', 'replay.', 'export.', 'sealed.', 'sink.', 'erasure.'];

/** Who changed what, newest first. */
export default function AuditPage() {
  const search = useSearch({ from: '/signed-in/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const { items, query } = usePages('audit', { query: { ...search, limit: PAGE } });
  const go = (changed: Partial<typeof search>) => void navigate({ search: { ...search, ...changed }, replace: true });
  return (
    <>
      <PageHeader
        title="Audit"
        about="Every change, by whom, with what was before and after. Records stay in the chain."
      />
      <Group gap="xs" mb="md" align="flex-end">
        <TextField width={130} label="Who" value={search.actor} onChange={(actor) => go({ actor })} />
        <Select
          label="Did"
          clearable
          searchable
          w={130}
          data={ACTIONS}
          value={search.action ?? null}
          onChange={(action) => go({ action: action ?? undefined })}
        />
        <TextField width={130} label="To what" value={search.object} onChange={(object) => go({ object })} />
        <Select
          label="Kind"
          clearable
          w={130}
          data={KINDS}
          value={search.kind ?? null}
          onChange={(kind) => go({ kind: (kind ?? undefined) as AuditRow['kind'] | undefined })}
        />
        <DateField width={176} label="From" value={search.since} onChange={(since) => go({ since })} />
        <DateField width={176} label="Until" value={search.until} onChange={(until) => go({ until })} />
        <Button variant="subtle" color="gray" onClick={() => void navigate({ search: {}, replace: true })}>
          Clear
        </Button>
      </Group>
      <WhenRead of={query}>
        {() =>
          items.length === 0 ? (
            <EmptyState title="No record fits" icon={IconHistory}>
              Nothing was changed that these filters let through.
            </EmptyState>
          ) : (
            <>
              <Entries entries={items.map(entryOf)} />
              <More query={query} shown={items.length} />
            </>
          )
        }
      </WhenRead>
    </>
  );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={40} aria-label="Details" />
            <Table.Th w={180}>When</Table.Th>
            <Table.Th w={180}>Who</Table.Th>
            <Table.Th w={180}>Did</Table.Th>
            <Table.Th>To what</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {entries.map((entry) => {
            const isOpen = open === entry.id;
            return (
              <Fragment key={entry.id}>
                <Table.Tr>
                  <Table.Td>
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      color="gray"
                      aria-expanded={isOpen}
                      aria-label={`Details of ${entry.did} ${entry.object}`}
                      onClick={() => setOpen(isOpen ? null : entry.id)}
                    >
                      {isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
                    </Button>
                  </Table.Td>
                  <Table.Td>
                    <Time ts={entry.ts} />
                  </Table.Td>
                  <Table.Td>
                    <TrafficText text={entry.who} oneLine />
                  </Table.Td>
                  <Table.Td>
                    <Code>{entry.did}</Code>
                  </Table.Td>
                  <Table.Td maw={420}>
                    <TrafficText text={entry.object} oneLine />
                  </Table.Td>
                </Table.Tr>
                {isOpen && (
                  <Table.Tr>
                    <Table.Td colSpan={5}>
                      <DiffView
                        before={entry.before ?? ''}
                        after={entry.after ?? ''}
                        beforeName="Before"
                        afterName="after"
                      />
                    </Table.Td>
                  </Table.Tr>
                )}
              </Fragment>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
