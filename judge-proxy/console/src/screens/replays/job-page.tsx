import { Alert, Button, Code, Progress, Text } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { ReplayJob } from '../../../../contract/responses.ts';
import { useAct, useAnswer } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { counted, formatCount, formatUsd } from '../../shared/format.ts';
import { PageHeader } from '../../shared/page-header.tsx';
import { Time } from '../../shared/time.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { ChangedExchanges } from './changed-exchanges.tsx';
import { GoOnDialog } from './go-on-dialog.tsx';
import {
  boundInWords,
  boundIsSpent,
  boundOf,
  canResume,
  isUnderWay,
  JOB_STATES,
  policyOf,
  progressOf,
  spentInWords,
} from './job-words.ts';

const REFRESH_MS = 1_500;

/** One replay: how far it is, what it cost, and what would be otherwise. */
export default function ReplayPage() {
  const { id } = useParams({ from: '/signed-in/replays/$id' });
  const [underWay, setUnderWay] = useState(true);
  const job = useAnswer('read_replay', { params: { id } }, underWay ? { refetchInterval: REFRESH_MS } : {});
  if (job.data !== undefined && isUnderWay(job.data) !== underWay) setUnderWay(isUnderWay(job.data));
  return (
    <WhenRead of={job} lines={10}>
      {(found) => <Job job={found} />}
    </WhenRead>
  );
}

function Job({ job }: { job: ReplayJob }) {
  const mayChange = useMay('replays:write');
  const [asked, setAsked] = useState(false);
  const [higher, setHigher] = useState(false);
  const params = { id: job.job_id };
  const cancel = useAct('cancel_replay', {
    changes: ['read_replay', 'list_replays'],
    onDone: () => setAsked(false),
  });
  const resume = useAct('resume_replay', { changes: ['read_replay', 'list_replays'] });
  return (
    <>
      <PageHeader
        title={`Replay of ${job.judge}`}
        about={
          <>
            With {policyOf(job)}, begun <Time ts={job.created_at} /> by {job.created_by}
          </>
        }
      >
        {mayChange && isUnderWay(job) && (
          <Button variant="default" onClick={() => setAsked(true)}>
            Cancel the replay
          </Button>
        )}
        {mayChange && canResume(job) && (
          <Button
            loading={resume.isPending}
            onClick={() => (boundIsSpent(job) ? setHigher(true) : resume.mutate({ params }))}
          >
            Go on
          </Button>
        )}
      </PageHeader>
      {boundIsSpent(job) && (
        <Alert color="yellow" variant="light" mb="md">
          <Text size="sm" fw={650}>
            Its bound is spent
          </Text>
          It was to spend {boundInWords(boundOf(job))} at most, and ended there. What was judged is kept; it goes on
          with a higher bound.
        </Alert>
      )}
      {job.error !== null && !boundIsSpent(job) && (
        <Alert color="red" mb="md" title="It stopped">
          <Code>{job.error}</Code>
        </Alert>
      )}
      <Text size="sm" role="status">
        {JOB_STATES[job.state]}: {formatCount(job.done)} of {counted(job.total, 'exchange')}, {spentInWords(job)} spent
        in {counted(job.spent.calls, 'call')}
        {job.estimate.usd !== null &&
          ` (estimated ${formatUsd(job.estimate.usd.least)} to ${formatUsd(job.estimate.usd.most)})`}
        {`, ${boundInWords(boundOf(job))} at most`}
      </Text>
      <Progress
        value={progressOf(job)}
        animated={job.state === 'running'}
        mt={6}
        aria-label={`${progressOf(job)} % done`}
      />
      <ChangedExchanges job={job} />
      <ConfirmDialog
        opened={asked}
        title="Cancel replay"
        object={`Replay of ${job.judge}`}
        verb="Cancel it"
        busy={cancel.isPending}
        onClose={() => setAsked(false)}
        onConfirm={() => cancel.mutate({ params })}
      >
        What was judged is kept, and it can go on later.
      </ConfirmDialog>
      {higher && <GoOnDialog job={job} onClose={() => setHigher(false)} />}
    </>
  );
}
