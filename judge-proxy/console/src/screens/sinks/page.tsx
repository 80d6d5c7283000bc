import { Button, Code, Paper, SimpleGrid, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconPlayerStop, IconRotate, IconSend } from '@tabler/icons-react';
import type { SinkRow } from '../../../../contract/responses.ts';
import { useAct, useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { EmptyState } from '../../shared/empty-state.tsx';
import { formatCount } from '../../shared/format.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { Tag } from '../../shared/tag.tsx';
import { Time } from '../../shared/time.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import classes from './sinks.module.css';

const REFRESH_MS = 5_000;

/** Where records go, what waits, and what never arrived. */
export default function SinksPage() {
  const sinks = useAnswer('list_sinks', {}, { refetchInterval: REFRESH_MS });
  return (
    <>
      <PageHeader
        title="Sinks"
        about="Each record is delivered at least once. A sink that is down delays nothing else; past its bound the gap is counted."
      />
      <WhenRead of={sinks}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="No sinks" icon={IconSend}>
              Name them under `sinks` in the configuration: a SIEM, a webhook, a chat channel.
            </EmptyState>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
              {rows.map((sink) => (
                <Sink key={sink.name} sink={sink} />
              ))}
            </SimpleGrid>
          )
        }
      </WhenRead>
    </>
  );
}

const STATES = {
  ok: { tone: 'quiet', icon: IconCircleCheck, label: 'Delivering', hint: 'The last delivery arrived.' },
  retrying: { tone: 'medium', icon: IconRotate, label: 'Retrying', hint: 'The last delivery failed; it is repeated.' },
  stopped: { tone: 'critical', icon: IconPlayerStop, label: 'Stopped', hint: 'It does not deliver.' },
} as const;

function Sink({ sink }: { sink: SinkRow }) {
  const mayTest = useMay('sinks:write');
  const test = useAct('test_sink', { changes: ['list_sinks'], quiet: true });
  return (
    <Paper p="md" component="article" aria-label={`Sink ${sink.name}`}>
      <div className={classes.head}>
        <Text fw={650}>{sink.name}</Text>
        <Text size="xs" c="dimmed">
          {sink.type}
        </Text>
        <Tag {...STATES[sink.state]} />
      </div>
      <Code className={classes.target}>{sink.target}</Code>
      <dl className={classes.numbers}>
        <Figure name="Waiting" value={formatCount(sink.waiting)} />
        <Figure name="Delivered" value={formatCount(sink.delivered)} />
        <Figure name="Failed attempts" value={formatCount(sink.failed)} />
        <Figure name="Never delivered" value={formatCount(sink.gaps)} bad={sink.gaps > 0} />
      </dl>
      {sink.gaps > 0 && (
        <Text size="xs" mb="xs" className={classes.bad}>
          <IconAlertTriangle size={13} aria-hidden /> More waited than may, or the sink refused it. The gaps stand in
          the audit; an export fills them.
        </Text>
      )}
      <div className={classes.foot}>
        <Text size="xs" c="dimmed" component="div">
          {sink.last_delivered_at === null ? (
            'Nothing was delivered yet'
          ) : (
            <>
              Last delivered <Time ts={sink.last_delivered_at} />
            </>
          )}
          {' · '}read to record {formatCount(sink.position)}
          {sink.last_error !== null && (
            <>
              {' · '}last error <Code fz="xs">{sink.last_error}</Code>
            </>
          )}
        </Text>
        {mayTest && (
          <Button
            size="xs"
            variant="default"
            loading={test.isPending}
            aria-label={`Test ${sink.name}`}
            onClick={() => test.mutate({ params: { name: sink.name } })}
          >
            Send a test event
          </Button>
        )}
      </div>
      {/* Beside the sink, and for as long as the page is open: a notice that goes away may go unread. */}
      <div role="status" className={classes.outcome}>
        {test.isSuccess && (
          <Text size="xs" mt="xs">
            <IconCircleCheck size={13} aria-hidden />
            The test event was sent.
          </Text>
        )}
        {test.error !== null && (
          <Text size="xs" mt="xs" className={classes.bad}>
            <IconAlertTriangle size={13} aria-hidden />
            {test.error.message}
          </Text>
        )}
      </div>
    </Paper>
  );
}

function Figure({ name, value, bad = false }: { name: string; value: string; bad?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={bad ? classes.bad : undefined}>{value}</dd>
    </div>
  );
}
