import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReplayChange, ReplayJob } from '../../../../contract/responses.ts';
import { formatCount } from '../../shared/format.ts';
import { More } from '../../shared/more.tsx';
import { usePages } from '../../shared/pages.ts';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { ChangeBadge } from '../policies/change-badge.tsx';
import { CHANGE_NAMES, CHANGES_IN_WORDS, type ChangeName } from '../policies/change-words.ts';
import classes from './replays.module.css';

const PAGE = 50;

/** How many by change, and the exchanges themselves, gravest first. */
export function ChangedExchanges({ job }: { job: ReplayJob }) {
  const [change, setChange] = useState<ChangeName | null>(null);
  const given = { params: { id: job.job_id }, query: { change: change ?? undefined, limit: PAGE } };
  // Another count is another list: while the job runs it is read anew with each step.
  const { items, query } = usePages('replay_changes', given, job.done > 0);
  const [seen, setSeen] = useState(job.done);
  if (seen !== job.done && !query.isFetching) {
    setSeen(job.done);
    void query.refetch();
  }
  return (
    <section aria-label="What would change">
      <div className={classes.changes}>
        {CHANGE_NAMES.map((name) => (
          <button
            type="button"
            key={name}
            className={classes.change}
            aria-pressed={change === name}
            title={CHANGES_IN_WORDS[name].hint}
            onClick={() => setChange(change === name ? null : name)}
          >
            <span className={classes.changeCount}>{formatCount(job.changes[name] ?? 0)}</span>
            <ChangeBadge change={name} />
          </button>
        ))}
      </div>
      {job.done > 0 && (
        <WhenRead of={query}>
          {() =>
            items.length === 0 ? (
              <Text size="sm" c="dimmed">
                {change === null ? 'Nothing would be otherwise.' : 'None.'}
              </Text>
            ) : (
              <>
                <Rows changes={items} />
                <More query={query} shown={items.length} />
              </>
            )
          }
        </WhenRead>
      )}
    </section>
  );
}

function Rows({ changes }: { changes: readonly ReplayChange[] }) {
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table highlightOnHover fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Change</Table.Th>
            <Table.Th>Exchange</Table.Th>
            <Table.Th>Client</Table.Th>
            <Table.Th>Route</Table.Th>
            <Table.Th>Then</Table.Th>
            <Table.Th>Now</Table.Th>
            <Table.Th>Criteria</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map((row) => (
            <Table.Tr key={row.exchange_id}>
              <Table.Td>
                <ChangeBadge change={row.change} />
              </Table.Td>
              <Table.Td>
                <Link to="/exchanges/$id" params={{ id: row.exchange_id }}>
                  <Time ts={row.ts} />
                </Link>
              </Table.Td>
              <Table.Td maw={160}>
                <TrafficText text={row.client} oneLine />
              </Table.Td>
              <Table.Td>{row.route}</Table.Td>
              <Table.Td>{said(row.before)}</Table.Td>
              <Table.Td>{said(row.after)}</Table.Td>
              <Table.Td maw={260}>
                <TrafficText text={row.why ?? row.criteria.join(', ')} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function said(verdict: ReplayChange['before']): string {
  if (verdict === null) return '—';
  const { label, severity, action, state } = verdict;
  if (label === 'undetermined') return `undetermined (${state.replaceAll('_', ' ')})`;
  const grave = severity === 'none' ? '' : `, ${severity}`;
  return `${label}${grave}, ${action.replaceAll('_', ' ')}`;
}
